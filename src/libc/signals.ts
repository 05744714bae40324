// Signals: their numbers, what this process does on them, and sending them. Names and numbers are node:os's, which
// are the platform's own.
import { constants } from "node:os";
import { checkDescriptor, checkInteger } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";
import { zeroed } from "./memory.ts";

type Disposition = "ignore" | "default";

/** @throws {RangeError} if this platform has no signal of that name */
export function signalNumber(name: string): number {
  const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (number === undefined) throw new RangeError(`there is no signal named ${JSON.stringify(name)}`);
  return number;
}

/** The signal's name, or for one that has none (a real-time signal) "SIG" and its number. */
export function signalName(number: number): string {
  const found = Object.entries(numbers).find(([, other]) => other === number);
  return found === undefined ? `SIG${number}` : found[0];
}

/**
 * sigaction(2) for this process. It replaces a listener that `process.on` installed, and children inherit "ignore".
 * @returns puts back what was there
 */
export function setDisposition(name: string, disposition: Disposition): () => void {
  const number = changeableSignalNumber(name);
  if (disposition !== "ignore" && disposition !== "default") {
    throw new TypeError(`disposition must be "ignore" or "default", not ${JSON.stringify(disposition)}`);
  }
  const { symbols, table, errno: readErrno } = libc();
  const { SIG_IGN, SIG_DFL } = table.constants;
  const action = zeroed(table.sizes["struct sigaction"]);
  const handler = BigInt(disposition === "ignore" ? SIG_IGN : SIG_DFL);
  action.setBigUint64(table.offsets["struct sigaction"].sa_handler, handler, true);
  const before = new Uint8Array(zeroed(table.sizes["struct sigaction"]).buffer);
  const result = symbols.sigaction(number, new Uint8Array(action.buffer), before);
  const errno = readErrno();
  if (result === 0) return () => void symbols.sigaction(number, before, null);
  throw new SystemError({ syscall: "sigaction", errno, action: `set ${name} to ${disposition}` });
}

/** Empties the calling thread's signal mask, which an execve keeps. */
export function unblockAllSignals(): void {
  const { symbols, table, errno: readErrno } = libc();
  const set = signalSet([]);
  const result = symbols.sigprocmask(table.constants.SIG_SETMASK, set, null);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "sigprocmask", errno, action: "unblock all signals" });
}

/**
 * Blocks these signals in the calling thread, and no others. What comes meanwhile waits, also over an execve, unless
 * another thread takes it.
 */
export function blockSignals(names: readonly string[]): void {
  const { symbols, table, errno: readErrno } = libc();
  const set = signalSet(names);
  const result = symbols.sigprocmask(table.constants.SIG_SETMASK, set, null);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "sigprocmask", errno, action: "block signals" });
}

/** kill(2) of one process. @throws {RangeError} for 0, 1 and negative numbers, which mean init or whole groups */
export function sendSignal(pid: number, name: string): void {
  checkInteger("pid", pid, 2);
  callKill(pid, name, `process ${pid}`);
}

/** kill(2) of every process of a group. @throws {RangeError} for a group id below 2 */
export function sendSignalToGroup(groupId: number, name: string): void {
  checkInteger("groupId", groupId, 2);
  callKill(-groupId, name, `process group ${groupId}`);
}

/**
 * pidfd_open(2): a close-on-exec descriptor that means this very process, even after its pid has been given to
 * another. The caller closes it.
 * @returns null where the kernel has none (before Linux 5.3, macOS) or a sandbox forbids it
 */
export function openPidfd(pid: number): number | null {
  checkInteger("pid", pid, 1);
  const { table, errno: readErrno } = libc();
  const syscall = table.linux === null ? null : optionalSymbol("syscall");
  if (table.linux === null || syscall === null) return null;
  const result = syscall(table.linux.SYS_pidfd_open, pid, 0, 0, 0);
  const errno = readErrno();
  if (result !== -1) return result;
  // EPERM is what old seccomp profiles answer to a call they don't know; pidfd_open itself never gives it.
  if (errno === errnoNumbers.ENOSYS || errno === errnoNumbers.EPERM) return null;
  throw new SystemError({ syscall: "pidfd_open", errno, action: `open process ${pid}` });
}

/** pidfd_send_signal(2). @throws {SystemError} with code ESRCH if the process has been reaped */
export function sendSignalThroughPidfd(pidfd: number, name: string): void {
  checkDescriptor("pidfd", pidfd);
  const number = signalNumber(name);
  const { table, errno: readErrno } = libc();
  const syscall = table.linux === null ? null : optionalSymbol("syscall");
  if (table.linux === null || syscall === null) throw new TypeError("a pidfd exists on Linux only");
  const result = syscall(table.linux.SYS_pidfd_send_signal, pidfd, number, 0, 0);
  const errno = readErrno();
  if (result === 0) return;
  const action = `send ${name} through pidfd ${pidfd}`;
  throw new SystemError({ syscall: "pidfd_send_signal", errno, action });
}

/** Some signals by name, all of them, or all but some. */
export type SignalChoice = readonly string[] | "all" | { readonly allBut: readonly string[] };

/**
 * A `sigset_t` for libc. "all" leaves out what can't be changed, SIGKILL and SIGSTOP, and has what sigfillset(3) leaves
 * out: the libc's own real-time signals, which posix_spawn otherwise leaves ignored in the child.
 */
export function signalSet(choice: SignalChoice): Uint8Array {
  const { symbols, table } = libc();
  const set = new Uint8Array(zeroed(table.sizes.sigset_t).buffer);
  if (choice !== "all" && !("allBut" in choice)) {
    symbols.sigemptyset(set);
    for (const name of choice) symbols.sigaddset(set, changeableSignalNumber(name));
    return set;
  }
  set.fill(0xff);
  const left = choice === "all" ? [] : choice.allBut;
  for (const name of [...unchangeable, ...left]) symbols.sigdelset(set, signalNumber(name));
  return set;
}

const numbers: Readonly<Record<string, number>> = constants.signals;
const unchangeable: readonly string[] = ["SIGKILL", "SIGSTOP"];

function changeableSignalNumber(name: string): number {
  if (unchangeable.includes(name)) throw new RangeError(`${name} can be neither ignored nor handled`);
  return signalNumber(name);
}

function callKill(target: number, name: string, described: string): void {
  const number = signalNumber(name);
  const { symbols, errno: readErrno } = libc();
  const result = symbols.kill(target, number);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "kill", errno, action: `send ${name} to ${described}` });
}
