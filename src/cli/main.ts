// The command line: finds the command, refuses what it does not know, and turns what comes of it into an exit code.
import { defineCommand, type ParsedArgs, runCommand } from "citty";
import { DjobError, shownError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { outDescriptor, writeText } from "../logs/sink.ts";
import { commands } from "./commands.ts";
import { commandHabits } from "./habits.ts";
import { commandHelp, overview } from "./help.ts";
import { makeOutput, type Output } from "./output.ts";
import { nameOwnZone } from "./own-zone.ts";
import { checkArguments, nearest, splitTail } from "./strict.ts";

/** @returns the exit code */
export async function main(rawArgs: readonly string[]): Promise<number> {
  nameOwnZone();
  const output = makeOutput(splitTail(rawArgs).head.includes("--json"));
  try {
    return await dispatch(rawArgs, output);
  } catch (error) {
    const shown = shownError(error);
    output.error(shown);
    return shown.code;
  }
}

async function dispatch(rawArgs: readonly string[], output: Output): Promise<number> {
  const [first = "--help", ...rest] = rawArgs;
  const [name, args] = first === "help" && rest.length > 0 ? [rest[0] ?? "", ["--help"]] : [first, rest];
  if (isHelp(name) || name === "help") return print(await overview());
  const known = name === "--version" || name === "-v" ? "version" : name;
  const load = Object.hasOwn(commands, known) ? commands[known] : undefined;
  if (load === undefined) throw unknownCommand(name);
  const command = await load();
  const { head, tail } = splitTail(args);
  if (head.some(isHelp)) return print(commandHelp(command, output.paint));
  if (command.passesOn)
    return await command.run({ args: {} as ParsedArgs, positionals: args, tail: null, repeated: {}, output });
  const { positionals, repeated } = checkArguments(command, head, tail);
  const definition = defineCommand({
    meta: command.meta,
    args: command.args,
    run: ({ args: parsed }) => command.run({ args: parsed, positionals, tail, repeated, output }),
  });
  const { result } = await runCommand(definition, { rawArgs: [...head] });
  return typeof result === "number" ? result : exitCode.done;
}

function isHelp(argument: string): boolean {
  return argument === "--help" || argument === "-h";
}

function print(text: string): number {
  writeText(outDescriptor, `${text}\n`);
  return exitCode.done;
}

function unknownCommand(name: string): DjobError {
  return new DjobError(exitCode.usage, `there is no command ${JSON.stringify(name)}`, commandHint(name));
}

function commandHint(name: string): string {
  if (/\.[cm]?[jt]sx?$/.test(name)) return `to start it: djob run ${name}`;
  if (name.startsWith("-")) return "the command comes first, and then its flags: djob list --json";
  const habit = Object.hasOwn(commandHabits, name) ? commandHabits[name] : undefined;
  if (habit !== undefined) return habit;
  const suggestion = nearest(name, Object.keys(commands));
  return suggestion === null
    ? `the commands are ${Object.keys(commands).join(", ")}`
    : `did you mean ${suggestion}?`;
}
