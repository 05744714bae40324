// What a run of a job does, from its options and its handler. Pure.
import type { JobHandler } from "djob";
import { AccountError, type CommandUser } from "../command/account.ts";
import { RegistrationError } from "../failure.ts";
import type { CommandWork, IsolatedWork, Limits, Work } from "../job.ts";
import { parseSize } from "../size.ts";
import { countOption, describe, durationOption, type Given, isRecord, textOption, wrong } from "./values.ts";

export const workOptions = [
  "isolate",
  "warm",
  "maxMemory",
  "maxCpu",
  "command",
  "sh",
  "env",
  "cwd",
  "stdin",
  "user",
] as const;

/**
 * @param findUser knows this machine's users
 * @param module the path of the module that is being loaded; null: none is
 */
export function workOf(given: Given, handler: unknown, findUser: UserFinder, module: string | null): Work {
  const { job, options } = given;
  const isCommand = options["command"] !== undefined || options["sh"] !== undefined;
  if (!isCommand) {
    for (const option of ["env", "cwd", "stdin", "user"])
      if (options[option] !== undefined) throw meaningless(job, option, "without command or sh");
    return handlerWork(given, handler, module);
  }
  for (const option of ["isolate", "warm"])
    if (options[option] !== undefined)
      throw meaningless(job, option, "with a command, which is a process of its own");
  if (handler !== undefined)
    throw new RegistrationError(
      `cannot declare ${job}: it has both a command and a handler`,
      "leave one of them out",
    );
  return { ...commandOf(given), user: userOf(given, findUser), ...limitsOf(given) };
}

/** Of a job that was given nothing but its schedule and a handler. */
export function inlineWork(name: string, handler: unknown): Work {
  if (typeof handler === "function") return { type: "inline", handler: handler as JobHandler };
  return handlerWork({ job: `the job "${name}"`, options: {} }, handler, null);
}

function handlerWork(given: Given, handler: unknown, module: string | null): Work {
  const { job, options } = given;
  if (typeof handler !== "function") {
    throw new RegistrationError(
      `cannot declare ${job}: its handler is ${describe(handler)}, not a function`,
      'write job("name", "every 10s", async () => { … })',
    );
  }
  const how = isolationOf(given);
  if (how !== null) return isolatedWork(given, how, handler as JobHandler, module);
  if (options["warm"] !== undefined) throw meaningless(job, "warm", "without isolate");
  for (const option of ["maxMemory", "maxCpu"])
    if (options[option] !== undefined)
      throw meaningless(
        job,
        option,
        "without command, sh or isolate",
        `add isolate: ${option === "maxCpu" ? '"process"' : "true"}`,
      );
  return { type: "inline", handler: handler as JobHandler };
}

function isolationOf({ job, options }: Given): IsolatedWork["how"] | null {
  const { isolate } = options;
  if (isolate === undefined || isolate === false) return null;
  if (isolate === true || isolate === "thread") return "thread";
  if (isolate === "process") return isolate;
  throw wrong(job, "isolate", isolate, 'write true (a thread of its own) or "process"');
}

/** How many wait, if nobody says: a thread costs little, a process as much as a small daemon. */
const defaultWarm = { thread: 1, process: 0 } as const;
const maximumWarm = 64;

function isolatedWork(
  given: Given,
  how: IsolatedWork["how"],
  handler: JobHandler,
  module: string | null,
): Work {
  const { job, options } = given;
  if (module === null)
    throw new RegistrationError(
      `cannot declare ${job}: isolate is for jobs that are declared while their module is loaded, and this one came later`,
      "declare it at the module's top level: its thread or process loads the module again and looks for it there",
    );
  if (how === "thread" && options["maxCpu"] !== undefined)
    throw meaningless(
      job,
      "maxCpu",
      "for a thread, whose CPU time can't be limited",
      'write isolate: "process"',
    );
  const warm = countOption(given, "warm", 0) ?? defaultWarm[how];
  if (warm > maximumWarm) throw wrong(job, "warm", warm, `write a whole number from 0 to ${maximumWarm}`);
  return { type: "isolated", how, module, warm, handler, ...limitsOf(given) };
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
  const { command } = options;
  const sh = systemText(given, "sh");
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
  return {
    type: "command",
    argv: argv as string[],
    env: environmentOf(given),
    cwd: systemText(given, "cwd") ?? null,
    stdin: textOption(given, "stdin") ?? null,
  };
}

/** Only the name or value that is wrong is told: the others may be secrets. */
function environmentOf({ job, options: { env = {} } }: Given): Record<string, string> {
  const hint = 'write names and texts: { LANG: "C.UTF-8" }';
  if (!isRecord(env)) throw wrong(job, "env", env, hint);
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name))
      throw new RegistrationError(
        `cannot declare ${job}: ${describe(name)} in its env is no name of a variable`,
        hint,
      );
    if (typeof value !== "string") throw wrong(job, `env.${name}`, value, hint);
    if (value.includes("\0")) throw nulIn(job, `env.${name}`);
  }
  return env as Record<string, string>;
}

/** What the kernel gets, which ends at a NUL byte. */
function systemText(given: Given, option: string): string | undefined {
  const text = textOption(given, option);
  if (text?.includes("\0")) throw nulIn(given.job, option);
  return text;
}

function nulIn(job: string, option: string): RegistrationError {
  return new RegistrationError(`cannot declare ${job}: its ${option} has a NUL byte`, "leave it out");
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

function meaningless(job: string, option: string, where: string, otherwise?: string): RegistrationError {
  return new RegistrationError(
    `cannot declare ${job}: ${option} means nothing ${where}`,
    otherwise === undefined ? `leave ${option} out` : `leave ${option} out, or ${otherwise}`,
  );
}
