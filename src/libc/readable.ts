// Hearing that a descriptor has something to read without a timer of the runtime's: its own sockets look at each of
// theirs once a second, which would wake an idle daemon up for nothing.
import { checkBoolean, checkDescriptor } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc } from "./library.ts";

/**
 * The signal that tells it. One that is ignored unless somebody listens, so that at no moment it ends a process: SIGURG
 * where it can be chosen (F_SETSIG of fcntl(2), Linux), SIGIO elsewhere.
 */
export const readableSignal: NodeJS.Signals = process.platform === "linux" ? "SIGURG" : "SIGIO";

/**
 * From now on this process gets the signal when there is something to read, and at the end; what is there already is not told.
 * Reading and writing do not block any more. (O_ASYNC of fcntl(2); it holds for every duplicate of the descriptor.)
 */
export function signalWhenReadable(descriptor: number): void {
  checkDescriptor("descriptor", descriptor);
  const { table } = libc();
  const { F_SETOWN, F_GETFL, F_SETFL, O_ASYNC, O_NONBLOCK } = table.constants;
  control(descriptor, F_SETOWN, process.pid);
  if (table.linux !== null) control(descriptor, table.linux.F_SETSIG, linuxSignal);
  const flags = control(descriptor, F_GETFL, 0);
  control(descriptor, F_SETFL, flags | O_ASYNC | O_NONBLOCK);
}

/** Whether `signalWhenReadable` holds at the moment: while a flood is being read, a signal for each write would only cost time. */
export function signalReadable(descriptor: number, enabled: boolean): void {
  checkDescriptor("descriptor", descriptor);
  checkBoolean("enabled", enabled);
  const { F_GETFL, F_SETFL, O_ASYNC } = libc().table.constants;
  const flags = control(descriptor, F_GETFL, 0);
  control(descriptor, F_SETFL, enabled ? flags | O_ASYNC : flags & ~O_ASYNC);
}

/** SIGURG of signal(7), the same on x64 and arm64. */
const linuxSignal = 23;

/**
 * read(2), once, on a descriptor that does not block.
 * @returns how many bytes came; 0 at the end, null if there is nothing now
 */
export function tryRead(descriptor: number, bytes: Uint8Array): number | null {
  checkDescriptor("descriptor", descriptor);
  const { symbols, errno: readErrno } = libc();
  for (;;) {
    const result = Number(symbols.read(descriptor, bytes, bytes.length));
    const errno = readErrno();
    if (result >= 0) return result;
    if (errno === errnoNumbers.EAGAIN) return null;
    if (errno === errnoNumbers.EINTR) continue;
    throw new SystemError({ syscall: "read", errno, action: `read from descriptor ${descriptor}` });
  }
}

function control(descriptor: number, command: number, argument: number): number {
  const { fcntl, errno: readErrno } = libc();
  const result = fcntl(descriptor, command, argument);
  const errno = readErrno();
  if (result !== -1) return result;
  const action = `be signalled when descriptor ${descriptor} can be read`;
  throw new SystemError({ syscall: "fcntl", errno, action });
}
