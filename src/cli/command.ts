// What a djob command is: citty's definition, with examples for its help and an exit code as its result.
import type { ArgsDef, ParsedArgs } from "citty";
import type { Output } from "./output.ts";

/**
 * A flag that may be given several times (citty keeps the last; all of them come in `repeated`), or whose value is a path
 * that is meant from the current directory.
 */
export type RepeatableArg = ArgsDef[string] & {
  readonly repeatable?: boolean;
  readonly isPath?: boolean;
  /** Values that are no path after all. */
  readonly exceptWords?: RegExp;
};

export interface CommandInput {
  readonly args: ParsedArgs;
  /** What is not a flag, in order. */
  readonly positionals: readonly string[];
  /** What follows "--", for a command that takes it; null: there is no "--". */
  readonly tail: readonly string[] | null;
  /** Every value of each repeatable flag. */
  readonly repeated: Readonly<Record<string, readonly string[]>>;
  readonly output: Output;
}

export interface Command {
  readonly meta: { readonly name: string; readonly description: string };
  readonly args: Readonly<Record<string, RepeatableArg>>;
  /** How many arguments that are no flags it takes. */
  readonly positionals: { readonly minimum: number; readonly maximum: number };
  /** Whether anything may follow "--": then it needs no other argument. */
  readonly takesTail?: boolean;
  /** Its words are another program's: all of them, flags as well, come as `positionals`. */
  readonly passesOn?: boolean;
  readonly examples: ReadonlyArray<readonly [command: string, meaning: string]>;
  /** Told at the end of its help. */
  readonly notes?: string;
  run(input: CommandInput): Promise<number>;
}

/** A flag's text, or null if it was not given. */
export function textOf(args: ParsedArgs, name: string): string | null {
  const value: unknown = args[name];
  return typeof value === "string" ? value : null;
}

export function isSet(args: ParsedArgs, name: string): boolean {
  return args[name] === true;
}
