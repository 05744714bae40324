// `djob run [flags] -- command args…`: which program, and when it is ready.
import { basename } from "node:path";
import { type CommandSpec, findProgram, openFilesOfParent, type ReadyRule } from "../daemon/command.ts";
import type { Environment } from "../daemon/environment.ts";
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { CommandInput, RepeatableArg } from "./command.ts";
import { textOf } from "./command.ts";
import { absolutePath, durationOf } from "./flags.ts";

export const commandFlags: Readonly<Record<string, RepeatableArg>> = {
  "ready-after": {
    type: "string",
    valueHint: "TIME",
    description: "a command is ready when it has lived for that long (default: 0, as soon as it runs)",
  },
  ready: {
    type: "string",
    valueHint: "notify",
    description: "a command is ready when it says READY=1 on its NOTIFY_SOCKET",
  },
  "ready-line": {
    type: "string",
    valueHint: "REGEX",
    description: "a command is ready when a line of its log matches",
  },
  "ready-port": {
    type: "string",
    valueHint: "[HOST:]PORT",
    description: "a command is ready when it accepts connections there",
  },
};

/** What a command is called that was given no name. @throws {DjobError} if there is no command */
export function nameOfCommand([word = ""]: readonly string[]): string {
  if (word === "") throw misuse("nothing follows --", "write djob run [flags] -- command args…");
  return basename(word);
}

/** @throws {DjobError} with exit code 2 for a bad value, 9 if there is no such program */
export function planCommand(
  { args, tail }: CommandInput,
  { name, environment, chroot }: { name: string; environment: Environment; chroot: string | null },
): CommandSpec | null {
  const given = Object.keys(commandFlags).filter((flag) => textOf(args, flag) !== null);
  if (tail === null) {
    if (given.length > 0)
      throw misuse(`--${given[0]} is for a command`, "write djob run [flags] -- command args…");
    return null;
  }
  if (given.length > 1) throw misuse(`--${given.join(" and --")} exclude each other`, "choose one of them");
  const [word = ""] = tail;
  // With a --name, nothing has asked for its name before.
  nameOfCommand(tail);
  const path = word.includes("/") && chroot === null ? absolutePath(word) : word;
  return {
    program: findProgram(name, path, environment, chroot),
    argv: tail,
    ready: ruleOf(args),
    openFiles: openFilesOfParent(),
  };
}

function ruleOf(args: CommandInput["args"]): ReadyRule {
  const [kind, line, port] = ["ready", "ready-line", "ready-port"].map((flag) => textOf(args, flag));
  if (kind) {
    if (kind === "notify") return { type: "notify" };
    throw misuse(`--ready ${JSON.stringify(kind)} is not known`, "write --ready notify");
  }
  if (line) return { type: "line", pattern: checkPattern(line) };
  if (port) return portOf(port);
  return { type: "alive", forMs: durationOf(args, "ready-after") ?? 0 };
}

function checkPattern(text: string): string {
  try {
    new RegExp(text);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw misuse(
      `--ready-line ${JSON.stringify(text)} is no regular expression: ${why}`,
      "see RegExp in JavaScript",
    );
  }
}

function portOf(text: string): ReadyRule {
  const match = /^(?:\[([^\]]+)\]:|([^:]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? 0);
  if (match === null || port < 1 || port > 65_535)
    throw misuse(`--ready-port ${JSON.stringify(text)} is not [HOST:]PORT`, "write --ready-port 8080");
  return { type: "port", host: match[1] ?? match[2] ?? "localhost", port };
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
