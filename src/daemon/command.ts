// Any program as a daemon: what the spec holds of it, and how its file is found.
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { exitCode } from "../exit-code.ts";
import type { Environment } from "./environment.ts";
import { DjobError } from "./error.ts";

export interface CommandSpec {
  /** Absolute; inside the chroot, where there is one. */
  readonly program: string;
  /** With argv[0] as it was typed. */
  readonly argv: readonly string[];
  readonly ready: ReadyRule;
  /** The soft limit of open files that it gets: each Bun raises its own. null: not known. */
  readonly openFiles: number | null;
}

/** When a program is ready, from the moment at which the kernel runs it. */
export type ReadyRule =
  | { readonly type: "alive"; readonly forMs: number }
  /** READY=1 on the NOTIFY_SOCKET that it is given (sd_notify(3)). */
  | { readonly type: "notify" }
  /** A line of its log that the regular expression matches. */
  | { readonly type: "line"; readonly pattern: string }
  | { readonly type: "port"; readonly host: string; readonly port: number };

/** Where programs are looked for without a PATH. */
export const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * execvp(3)'s search, in the environment that the program will have.
 * @param word as typed; one with a slash is absolute already
 * @throws {DjobError} with exit code 9 if there is no such program
 */
export function findProgram(
  name: string,
  word: string,
  environment: Environment,
  chroot: string | null,
): string {
  const candidates = word.includes("/")
    ? [word]
    : (environment["PATH"] ?? usualPath)
        .split(":")
        .filter((directory) => directory.startsWith("/"))
        .map((directory) => join(directory, word));
  const found = candidates.filter((path) => isFile(outside(path, chroot)));
  const executable = found.find((path) => isExecutable(outside(path, chroot)));
  if (executable !== undefined) return executable;
  const [first] = found;
  if (first !== undefined)
    throw refusal(name, `${first} is not executable`, `make it so: chmod +x ${outside(first, chroot)}`);
  const where = word.includes("/") ? `there is no program ${word}` : `there is no program ${word} in PATH`;
  throw refusal(name, where, chroot === null ? null : `the program is looked for inside ${chroot}`);
}

/** The soft limit of open files of this process's parent, as whoever typed the command has it (proc_pid_limits(5)). */
export function openFilesOfParent(): number | null {
  try {
    const text = readFileSync(`/proc/${process.ppid}/limits`, "utf8");
    const soft = Number(/^Max open files +(\d+)/m.exec(text)?.[1] ?? Number.NaN);
    return Number.isSafeInteger(soft) ? soft : null;
  } catch {
    return null;
  }
}

function outside(path: string, chroot: string | null): string {
  return chroot === null ? path : join(chroot, path);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function refusal(name: string, message: string, hint: string | null): DjobError {
  return new DjobError(exitCode.notReady, `cannot start ${name}: ${message}`, hint);
}
