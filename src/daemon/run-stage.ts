// The process of a job's command that is to be another user, or has a limit: it takes its request, is limited, gives up
// root, and becomes the program by execve, which closes what it has of djob's. What can't be done is told before that.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exitCode } from "../exit-code.ts";
import { setLimit } from "../libc/attributes.ts";
import { closeOnExecFrom, setCloseOnExec, writeAll } from "../libc/files.ts";
import { replaceProcess } from "../libc/process.ts";
import { setDisposition, unblockAllSignals } from "../libc/signals.ts";
import { interpreterOf } from "../runtime/command/interpreter.ts";
import {
  reportDescriptor,
  requestDescriptor,
  type StageReport,
  type StageRequest,
} from "../runtime/command/stage.ts";
import { usualPath } from "./command.ts";
import { ignoredByRuntime } from "./command-stage.ts";
import { errorCode } from "./error.ts";
import { dropPrivileges, realSystem } from "./privileges/drop.ts";
import type { Exit } from "./settle.ts";

export function becomeRun(exit: Exit): void {
  setCloseOnExec(requestDescriptor, true);
  setCloseOnExec(reportDescriptor, true);
  let step: StageReport["step"] = "become";
  let word = "";
  try {
    const request: StageRequest = JSON.parse(readFileSync(requestDescriptor, "utf8"));
    word = request.argv[0] ?? "";
    become(request);
    step = "directory";
    process.chdir(request.directory);
    step = "program";
    execute(request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const report: StageReport = { step, code: errorCode(error), message, interpreter: interpreterOf(word) };
    writeAll(reportDescriptor, Buffer.from(JSON.stringify(report)));
  }
  exit(exitCode.failed);
}

/** Root is given up last: a hard limit may be above what the user could set. */
function become({ user, cpuSeconds }: StageRequest): void {
  // The kernel sends SIGXCPU at the soft limit, and SIGKILL at the hard one to who does not listen (setrlimit(2)).
  if (cpuSeconds !== null) limitCpu(cpuSeconds);
  if (user === null) return;
  const { gid, ...account } = user;
  const privileges = { identity: { user: account, gid }, chroot: null };
  // Until the execve no other process of that user may look into this one.
  dropPrivileges(privileges, { ...realSystem, becomeDumpable: () => {} });
}

function limitCpu(seconds: number): void {
  try {
    setLimit("cpu", seconds, seconds + 1);
  } catch (error) {
    // Who is not root can't go above the hard limit that it has: then that one is stricter already.
    if (errorCode(error) !== "EPERM") throw error;
  }
}

/** execvp(3), in the environment that the program gets: what is missing in one directory is looked for in the next. */
function execute({ argv, environment }: StageRequest): void {
  const [word = ""] = argv;
  for (const signal of ignoredByRuntime) setDisposition(signal, "default");
  unblockAllSignals();
  closeOnExecFrom(3);
  let denied: unknown = null;
  let missing: unknown = null;
  for (const path of candidates(word, environment["PATH"] ?? usualPath)) {
    try {
      replaceProcess(path, argv, environment);
    } catch (error) {
      const code = errorCode(error);
      // A directory of root's PATH may be closed to this user, whatever is in it.
      if (code === "EACCES" && (path === word || existsSync(path))) denied ??= error;
      else if (["EACCES", "ENOENT", "ENOTDIR"].includes(code ?? "")) missing ??= error;
      else throw error;
    }
  }
  throw denied ?? noSuchProgram(word, missing);
}

function noSuchProgram(word: string, cause: unknown): Error {
  return Object.assign(new Error(`there is no program ${word}`, { cause }), { code: "ENOENT" });
}

function candidates(word: string, path: string): string[] {
  if (word.includes("/")) return [word];
  return path
    .split(":")
    .filter((directory) => directory.startsWith("/"))
    .map((directory) => join(directory, word));
}
