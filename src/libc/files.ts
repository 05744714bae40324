// File descriptors: locks, pipes, duplicates, and what an execve closes. All of them throw SystemError when the
// kernel refuses, and TypeError or RangeError when the argument is a bug of ours. Importing node:fs costs a process
// 0.7 ms, so nothing here does.
import { checkBoolean, checkDescriptor, checkFilledText } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";

/**
 * flock(2). The lock belongs to the open file description: every duplicate and every child that inherits it holds it.
 * Waiting blocks the whole thread, so no JavaScript signal handler runs meanwhile.
 * @returns false if another holds it and `wait` is false
 */
export function flock(
  descriptor: number,
  { exclusive, wait }: { exclusive: boolean; wait: boolean },
): boolean {
  checkDescriptor("descriptor", descriptor);
  checkBoolean("exclusive", exclusive);
  checkBoolean("wait", wait);
  const { LOCK_EX, LOCK_SH, LOCK_NB } = libc().table.constants;
  const operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
  const errno = callFlock(descriptor, operation);
  if (errno === 0) return true;
  if (errno === errnoNumbers.EWOULDBLOCK && !wait) return false;
  throw new SystemError({ syscall: "flock", errno, action: `lock descriptor ${descriptor}` });
}

/** Releases the lock for every duplicate of the descriptor, in this process and in others. */
export function unlockFile(descriptor: number): void {
  checkDescriptor("descriptor", descriptor);
  const errno = callFlock(descriptor, libc().table.constants.LOCK_UN);
  if (errno !== 0)
    throw new SystemError({ syscall: "flock", errno, action: `unlock descriptor ${descriptor}` });
}

/** A pipe whose ends are both close-on-exec. */
export function pipe(): { readEnd: number; writeEnd: number } {
  const { symbols, table, errno: readErrno } = libc();
  const pipe2 = optionalSymbol("pipe2");
  const ends = new Int32Array(2);
  const result = pipe2 === null ? symbols.pipe(ends) : pipe2(ends, table.constants.O_CLOEXEC);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "pipe2", errno, action: "make a pipe" });
  const [readEnd = -1, writeEnd = -1] = ends;
  if (pipe2 === null) {
    setCloseOnExec(readEnd, true);
    setCloseOnExec(writeEnd, true);
  }
  return { readEnd, writeEnd };
}

/** Two connected stream sockets, both close-on-exec. */
export function socketPair(): [number, number] {
  const { symbols, table, errno: readErrno } = libc();
  const ends = new Int32Array(2);
  const result = symbols.socketpair(table.constants.AF_UNIX, table.constants.SOCK_STREAM, 0, ends);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "socketpair", errno, action: "make a pair of sockets" });
  const [one = -1, other = -1] = ends;
  // What is not wanted in a child is closed there by number as well, so that the instant in between does no harm.
  setCloseOnExec(one, true);
  setCloseOnExec(other, true);
  return [one, other];
}

/**
 * write(2), once, on a descriptor that does not block.
 * @returns how many bytes went; 0 if there is no room now
 * @throws {SystemError} with code EPIPE if nobody reads any more
 */
export function tryWrite(descriptor: number, bytes: Uint8Array): number {
  checkDescriptor("descriptor", descriptor);
  const { symbols, errno: readErrno } = libc();
  for (;;) {
    const result = Number(symbols.write(descriptor, bytes, bytes.length));
    const errno = readErrno();
    if (result >= 0) return result;
    if (errno === errnoNumbers.EAGAIN) return 0;
    if (errno === errnoNumbers.EINTR) continue;
    throw new SystemError({ syscall: "write", errno, action: `write to descriptor ${descriptor}` });
  }
}

/**
 * write(2), repeated until all bytes are written. It costs a short-lived process less than loading node:fs does.
 * @throws {SystemError} with code EPIPE if nobody reads any more
 */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  checkDescriptor("descriptor", descriptor);
  const { symbols, errno: readErrno } = libc();
  for (let offset = 0; offset < bytes.length; ) {
    const rest = bytes.subarray(offset);
    const result = Number(symbols.write(descriptor, rest, rest.length));
    const errno = readErrno();
    if (result >= 0) offset += result;
    else if (errno !== errnoNumbers.EINTR) {
      throw new SystemError({ syscall: "write", errno, action: `write to descriptor ${descriptor}` });
    }
  }
}

/**
 * memfd_create(2): a file that has no name, close-on-exec, empty. Others may read it through /proc/PID/fd.
 * @returns null where there is none (before Linux 3.17 and glibc 2.27, macOS)
 */
export function memoryFile(name: string): number | null {
  checkFilledText("name", name);
  const { linux } = libc().table;
  const create = linux === null ? null : optionalSymbol("memfd_create");
  const descriptor = linux === null || create === null ? -1 : create(name, linux.MFD_CLOEXEC);
  return descriptor === -1 ? null : descriptor;
}

/** isatty(3) */
export function isTerminal(descriptor: number): boolean {
  checkDescriptor("descriptor", descriptor);
  return libc().symbols.isatty(descriptor) === 1;
}

/** close(2), once: on Linux an interrupted close has closed the descriptor, and a second might hit another's. */
export function closeDescriptor(descriptor: number): void {
  checkDescriptor("descriptor", descriptor);
  const { symbols, errno: readErrno } = libc();
  const result = symbols.close(descriptor);
  const errno = readErrno();
  if (result === 0 || errno === errnoNumbers.EINTR) return;
  throw new SystemError({ syscall: "close", errno, action: `close descriptor ${descriptor}` });
}

/** dup2(2): afterwards `to` is what `from` is, and an execve keeps it, even if the two were the same. */
export function duplicate(from: number, to: number): void {
  checkDescriptor("from", from);
  checkDescriptor("to", to);
  if (from === to) {
    setCloseOnExec(to, false);
    return;
  }
  const { symbols, errno: readErrno } = libc();
  for (;;) {
    const result = symbols.dup2(from, to);
    const errno = readErrno();
    if (result !== -1) return;
    // EBUSY: another thread is opening `to` at this moment (dup2(2), Linux only).
    if (errno === errnoNumbers.EINTR || errno === errnoNumbers.EBUSY) continue;
    throw new SystemError({ syscall: "dup2", errno, action: `duplicate descriptor ${from} as ${to}` });
  }
}

/** The lowest free descriptor from `minimum` on, made a close-on-exec duplicate of `from`. */
export function duplicateAbove(from: number, minimum: number): number {
  checkDescriptor("from", from);
  checkDescriptor("minimum", minimum);
  const { fcntl, table, errno: readErrno } = libc();
  const result = fcntl(from, table.constants.F_DUPFD_CLOEXEC, minimum);
  const errno = readErrno();
  if (result !== -1) return result;
  const action = `duplicate descriptor ${from} as ${minimum} or above`;
  throw new SystemError({ syscall: "fcntl", errno, action });
}

/**
 * Calls while every number below `bound` is taken, so that what the call opens has a higher one. Where fewer files may be open, the
 * numbers that are left are some that the call may need.
 * @param descriptor what takes them meanwhile
 */
export function openAbove<Result>(bound: number, descriptor: number, open: () => Result): Result {
  checkDescriptor("descriptor", descriptor);
  checkDescriptor("bound", bound);
  const { symbols, fcntl, table } = libc();
  const { F_DUPFD_CLOEXEC } = table.constants;
  const taken: number[] = [];
  // Some hundred calls at each start: nothing is looked at that the loop does not need.
  for (let last = 0; last !== -1 && last < bound; ) {
    last = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (last === -1) for (const one of taken.splice(-neededBelow)) symbols.close(one);
    else taken.push(last);
  }
  try {
    return open();
  } finally {
    for (const one of taken) symbols.close(one);
  }
}

const neededBelow = 8;

export function setCloseOnExec(descriptor: number, closeOnExec: boolean): void {
  checkDescriptor("descriptor", descriptor);
  checkBoolean("closeOnExec", closeOnExec);
  const errno = callSetCloseOnExec(descriptor, closeOnExec);
  if (errno === 0) return;
  const action = `set close-on-exec of descriptor ${descriptor}`;
  throw new SystemError({ syscall: "fcntl", errno, action });
}

/** Makes every open descriptor from `first` on close-on-exec, in one call where the kernel has it (Linux 5.11). */
export function closeOnExecFrom(first: number): void {
  checkDescriptor("first", first);
  if (!closeOnExecRange(first)) closeOnExecListed(first);
}

/** The portable way: exported for its test. */
export function closeOnExecListed(first: number): void {
  const { readdirSync } = process.getBuiltinModule("node:fs");
  for (const entry of readdirSync(libc().table.descriptorDirectory)) {
    const descriptor = Number(entry);
    if (descriptor < first) continue;
    const errno = callSetCloseOnExec(descriptor, true);
    // The listing's own descriptor is in the listing, and gone.
    if (errno === 0 || errno === errnoNumbers.EBADF) continue;
    const action = `set close-on-exec of descriptor ${descriptor}`;
    throw new SystemError({ syscall: "fcntl", errno, action });
  }
}

function closeOnExecRange(first: number): boolean {
  const { linux } = libc().table;
  const syscall = linux === null ? null : optionalSymbol("syscall");
  if (linux === null || syscall === null) return false;
  return syscall(linux.SYS_close_range, first, 2 ** 32 - 1, linux.CLOSE_RANGE_CLOEXEC, 0) === 0;
}

function callFlock(descriptor: number, operation: number): number {
  const { symbols, errno: readErrno } = libc();
  for (;;) {
    const result = symbols.flock(descriptor, operation);
    const errno = readErrno();
    if (result === 0) return 0;
    if (errno !== errnoNumbers.EINTR) return errno;
  }
}

function callSetCloseOnExec(descriptor: number, closeOnExec: boolean): number {
  const { fcntl, table, errno: readErrno } = libc();
  const result = fcntl(descriptor, table.constants.F_SETFD, closeOnExec ? table.constants.FD_CLOEXEC : 0);
  const errno = readErrno();
  return result === -1 ? errno : 0;
}
