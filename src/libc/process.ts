// This process and its children: sessions, exit, reaping, and becoming another program. All functions throw
// SystemError when the kernel refuses, and TypeError or RangeError when the argument is a bug of ours.
import {
  checkArguments,
  checkBoolean,
  checkEnvironment,
  checkFilledText,
  checkInteger,
  checkVariableName,
} from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";
import { environmentVector, stringVector } from "./memory.ts";
import { signalName, signalNumber } from "./signals.ts";

/** How a child ended: of `exitCode` and `signal` exactly one is null. */
export interface ChildExit {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** For `waitFor`: whichever child ends first. It takes the exits that Bun.spawn waits for, too. */
export const anyChild = -1;

/** _exit(2): ends the process at once, with no exit listener run and nothing flushed. */
export function exitImmediately(code: number): never {
  checkInteger("code", code, 0, 255);
  libc().symbols._exit(code);
  throw new Error("_exit returned");
}

/** setsid(2): a new session, its id returned. @throws {SystemError} with code EPERM for the leader of a group */
export function createSession(): number {
  const { symbols, errno: readErrno } = libc();
  const result = symbols.setsid();
  const errno = readErrno();
  if (result === -1) throw new SystemError({ syscall: "setsid", errno, action: "create a session" });
  return result;
}

/** getsid(2): the session id of a process. @throws {SystemError} with code ESRCH if there is no such process */
export function sessionOf(pid: number): number {
  checkInteger("pid", pid, 1);
  const { symbols, errno: readErrno } = libc();
  const result = symbols.getsid(pid);
  const errno = readErrno();
  if (result !== -1) return result;
  throw new SystemError({ syscall: "getsid", errno, action: `read the session of process ${pid}` });
}

/** getpgid(2): the process group of a process. @throws {SystemError} with code ESRCH if there is no such process */
export function groupOf(pid: number): number {
  checkInteger("pid", pid, 1);
  const { symbols, errno: readErrno } = libc();
  const result = symbols.getpgid(pid);
  const errno = readErrno();
  if (result !== -1) return result;
  throw new SystemError({ syscall: "getpgid", errno, action: `read the process group of process ${pid}` });
}

/**
 * waitpid(2): reaps a child, or any with `anyChild`. Waiting blocks the whole thread, so no JavaScript signal
 * handler runs meanwhile.
 * @returns null if nothing has ended yet and `wait` is false
 * @throws {SystemError} with code ECHILD if there is no such child to reap
 */
export function waitFor(pid: number, { wait }: { wait: boolean }): ChildExit | null {
  if (pid !== anyChild) checkInteger("pid", pid, 1);
  checkBoolean("wait", wait);
  const { symbols, table, errno: readErrno } = libc();
  const status = new Int32Array(1);
  for (;;) {
    const result = symbols.waitpid(pid, status, wait ? 0 : table.constants.WNOHANG);
    const errno = readErrno();
    if (result === 0) return null;
    if (result > 0) return { pid: result, ...decodeWaitStatus(status[0] ?? 0) };
    if (errno === errnoNumbers.EINTR) continue;
    const action = pid === anyChild ? "wait for a child" : `wait for process ${pid}`;
    throw new SystemError({ syscall: "waitpid", errno, action });
  }
}

/** execve(2): never returns. What it keeps: the pid, signals that are ignored or blocked, descriptors not close-on-exec. */
export function replaceProcess(
  path: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  checkFilledText("path", path);
  checkArguments(argv);
  checkEnvironment(environment);
  const { symbols, errno: readErrno } = libc();
  const argvVector = stringVector(argv);
  const variables = environmentVector(environment);
  symbols.execve(path, argvVector, variables);
  const errno = readErrno();
  throw new SystemError({ syscall: "execve", errno, action: `become the program ${path}`, path });
}

/** Whether orphans among this process's descendants become its children. @returns false where only init can be that */
export function becomeSubreaper(enabled: boolean): boolean {
  checkBoolean("enabled", enabled);
  const { linux } = libc().table;
  if (linux === null) return false;
  return callPrctl(linux.PR_SET_CHILD_SUBREAPER, enabled ? 1 : 0, "become a subreaper");
}

/**
 * The signal that this process gets when its parent's thread ends; an execve keeps it. A parent that ended before
 * the call sends none: compare `process.ppid` afterwards.
 * @returns false where the kernel has no such thing
 */
export function setParentDeathSignal(signal: string | null): boolean {
  const number = signal === null ? 0 : signalNumber(signal);
  const { linux } = libc().table;
  if (linux === null) return false;
  return callPrctl(linux.PR_SET_PDEATHSIG, number, `set the parent-death signal to ${signal ?? "none"}`);
}

/** unsetenv(3): libc's own environment, which `delete process.env[name]` does not reach. */
export function removeFromEnvironment(name: string): void {
  checkVariableName(name);
  const { symbols, errno: readErrno } = libc();
  const result = symbols.unsetenv(name);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "unsetenv", errno, action: `remove ${name} from the environment` });
}

/** The macros of sys/wait.h, the same on Linux and macOS; exported for its test. */
export function decodeWaitStatus(status: number): Pick<ChildExit, "exitCode" | "signal"> {
  const signal = status & 0x7f;
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null };
  return { exitCode: null, signal: signalName(signal) };
}

function callPrctl(option: number, argument: number, action: string): boolean {
  const prctl = optionalSymbol("prctl");
  if (prctl === null) return false;
  const { errno: readErrno } = libc();
  const result = prctl(option, argument, 0, 0, 0);
  const errno = readErrno();
  if (result === -1) throw new SystemError({ syscall: "prctl", errno, action });
  return true;
}
