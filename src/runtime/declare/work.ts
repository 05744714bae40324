// What a run of a job does, from its options and its handler. Pure.
import type { JobHandler } from "djob";
import { AccountError, type CommandUser } from "../command/account.ts";
import { RegistrationError } from "../failure.ts";
import type { CommandWork, Limits, Work } from "../job.ts";
import { parseSize } from "../size.ts";
import { describe, durationOption, type Given, isRecord, textOption, wrong } from "./values.ts";

export const workOptions = ["maxMemory", "maxCpu", "command", "sh", "env", "cwd", "stdin", "user"] as const;

/** @param findUser knows this machine's users */
export function workOf(given: Given, handler: unknown, findUser: UserFinder): Work {
  const { job, options } = given;
  const isCommand = options["command"] !== undefined || options["sh"] !== undefined;
  if (!isCommand) {
    for (const option of ["env", "cwd", "stdin", "user", "maxMemory", "maxCpu"])
      if (options[option] !== undefined) throw meaningless(job, option, "without command or sh");
    return handlerWork(given, handler);
  }
  if (handler !== undefined)
    throw new RegistrationError(
      `cannot declare ${job}: it has both a command and a handler`,
      "leave one of them out",
    );
  return { ...commandOf(given), user: userOf(given, findUser), ...limitsOf(given) };
}

function handlerWork({ job }: Given, handler: unknown): Work {
  if (typeof handler !== "function") {
    throw new RegistrationError(
      `cannot declare ${job}: its handler is ${describe(handler)}, not a function`,
      'write job("name", "every 10s", async () => { … })',
    );
  }
  return { type: "inline", handler: handler as JobHandler };
}

export type UserFinder = (text: string) => CommandUser;

/** @throws {RegistrationError} for one that there is not, or that this daemon may not become */
function userOf(given: Given, findUser: UserFinder): CommandUser | null {
  const text = textOption(given, "user");
  if (text === undefined) return null;
  try {
    return findUser(text);
  } catch (error) {
    if (!(error instanceof AccountError)) throw error;
    throw new RegistrationError(`cannot declare ${given.job}: ${error.message}`, error.hint);
  }
}

function commandOf(given: Given): Omit<CommandWork, "user"> {
  const { job, options } = given;
  const { command, env } = options;
  const sh = textOption(given, "sh");
  if (command !== undefined && sh !== undefined)
    throw new RegistrationError(`cannot declare ${job}: it has both command and sh`, "leave one of them out");
  const argv = sh === undefined ? command : ["/bin/sh", "-c", sh];
  const isArgv =
    Array.isArray(argv) &&
    argv.length > 0 &&
    argv.every((part) => typeof part === "string" && !part.includes("\0"));
  if (!isArgv || argv[0] === "")
    throw wrong(
      job,
      "command",
      command,
      'write the program and its arguments: ["pg_dump", "-f", "/backup/db.sql"]',
    );
  const isEnvironment =
    env === undefined || (isRecord(env) && Object.values(env).every((value) => typeof value === "string"));
  if (!isEnvironment) throw wrong(job, "env", env, 'write names and texts: { LANG: "C.UTF-8" }');
  return {
    type: "command",
    argv: argv as string[],
    env: (env ?? {}) as Record<string, string>,
    cwd: textOption(given, "cwd") ?? null,
    stdin: textOption(given, "stdin") ?? null,
  };
}

function limitsOf(given: Given): Limits {
  return { maxMemoryBytes: sizeOf(given), maxCpuMs: durationOption(given, "maxCpu", 1) ?? null };
}

function sizeOf({ job, options }: Given): number | null {
  const { maxMemory } = options;
  if (maxMemory === undefined) return null;
  if (Number.isSafeInteger(maxMemory) && Number(maxMemory) > 0) return Number(maxMemory);
  const bytes = typeof maxMemory === "string" ? (parseSize(maxMemory) ?? 0) : 0;
  if (bytes > 0) return bytes;
  throw wrong(job, "maxMemory", maxMemory, 'write bytes, or a size such as "256M"');
}

function meaningless(job: string, option: string, where: string): RegistrationError {
  return new RegistrationError(
    `cannot declare ${job}: ${option} means nothing ${where}`,
    `leave ${option} out`,
  );
}
