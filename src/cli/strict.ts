// Command lines are taken word by word: an unknown flag, a value that is missing or too many, a stray argument is an
// error, because a daemon that was started otherwise than its user meant is worse than one that was not.
import { parseArgs } from "node:util";
import { distance } from "fastest-levenshtein";
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { Command } from "./command.ts";
import { flagHabits } from "./habits.ts";

export interface StrictArguments {
  readonly positionals: readonly string[];
  readonly repeated: Readonly<Record<string, readonly string[]>>;
}

/** Pure: what stands before the first "--", and what follows it. */
export function splitTail(rawArgs: readonly string[]): { head: string[]; tail: string[] | null } {
  const at = rawArgs.indexOf("--");
  if (at === -1) return { head: [...rawArgs], tail: null };
  return { head: rawArgs.slice(0, at), tail: rawArgs.slice(at + 1) };
}

/** @throws {DjobError} with exit code 2 */
export function checkArguments(
  command: Command,
  rawArgs: readonly string[],
  tail: readonly string[] | null = null,
): StrictArguments {
  if (tail !== null && command.takesTail !== true) throw misuse(command, 'nothing may follow "--"');
  const flags = flagsOf(command);
  const { tokens } = parseArgs({
    args: [...rawArgs],
    options: Object.fromEntries(
      flags.map(({ name, type, short }) => [name, short ? { type, short } : { type }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      positionals.push(token.value);
      continue;
    }
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw unknownFlag(command, token.rawName);
    const given = values.get(flag.name) ?? [];
    if (given.length > 0 && !flag.repeatable) throw misuse(command, `${token.rawName} is given twice`);
    given.push(flagValue(command, flag, token));
    values.set(flag.name, given);
  }
  if (tail === null) checkCount(command, positionals);
  else if (positionals.length > 0)
    throw misuse(command, `it takes modules or a command, and has both (${positionals.join(" ")})`);
  return { positionals, repeated: Object.fromEntries(values) };
}

interface Flag {
  readonly name: string;
  readonly type: "string" | "boolean";
  readonly short: string | null;
  readonly repeatable: boolean;
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function flagsOf({ args }: Command): Flag[] {
  return Object.entries(args)
    .filter(([, { type }]) => type !== "positional")
    .map(([name, definition]) => ({
      name,
      type: definition.type === "boolean" ? "boolean" : "string",
      short: "alias" in definition && typeof definition.alias === "string" ? definition.alias : null,
      repeatable: definition.repeatable === true,
    }));
}

function flagValue(command: Command, { type }: Flag, { rawName, value, inlineValue }: OptionToken): string {
  if (type === "boolean") {
    if (value === undefined) return "";
    throw misuse(command, `${rawName} takes no value, and has ${JSON.stringify(value)}`);
  }
  const swallowed = inlineValue !== true && value !== undefined && /^--?[A-Za-z]/.test(value);
  if (value === undefined || value === "" || swallowed) throw misuse(command, `${rawName} needs a value`);
  return value;
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const { minimum, maximum } = command.positionals;
  if (positionals.length < minimum) {
    const names = Object.entries(command.args)
      .filter(([, { type }]) => type === "positional")
      .map(([positional]) => positional);
    const missing = names[positionals.length] ?? "argument";
    throw misuse(command, `it needs a ${missing}`);
  }
  if (positionals.length > maximum)
    throw misuse(
      command,
      `stray argument ${JSON.stringify(positionals[maximum])}`,
      "schedule" in command.args ? "put the schedule in quotes: djob next '*/5 * * * *'" : null,
    );
}

function unknownFlag(command: Command, rawName: string): DjobError {
  const known = flagsOf(command).map(({ name }) => `--${name}`);
  const close = nearest(rawName, known);
  const habit = command.takesTail === true ? flagHabits[rawName] : undefined;
  const hint = habit ?? (close === null ? null : `did you mean ${close}?`);
  return misuse(command, `there is no flag ${rawName}`, hint);
}

function misuse({ meta }: Command, why: string, hint: string | null = null): DjobError {
  const help = `see djob ${meta.name} --help`;
  return new DjobError(exitCode.usage, `cannot run djob ${meta.name}: ${why}`, hint ?? help);
}

/** Pure: the known word that differs least, if it does not differ by much. */
export function nearest(word: string, known: readonly string[]): string | null {
  const byDistance = known
    .map((candidate) => ({ candidate, steps: distance(word, candidate) }))
    .sort((a, b) => a.steps - b.steps);
  const [best] = byDistance;
  return best !== undefined && best.steps <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : null;
}
