// Whether anybody can still write to a file, as the kernel knows it: a read lease is granted only while nobody has the file open
// for writing, in any process, by any name or none (F_SETLEASE of fcntl(2), Linux).
import { checkDescriptor } from "./arguments.ts";
import { errnoNumbers } from "./error.ts";
import { libc } from "./library.ts";
import { readableSignal } from "./readable.ts";
import { signalNumber } from "./signals.ts";

/**
 * @param descriptor opened for reading only
 * @returns null where it can't be known: another system, a file system without leases, another user's file
 */
export function isWrittenTo(descriptor: number): boolean | null {
  checkDescriptor("descriptor", descriptor);
  const { fcntl, table, errno: readErrno } = libc();
  if (table.linux === null) return null;
  const { F_SETLEASE, F_SETSIG, F_RDLCK, F_UNLCK } = table.linux;
  // Whoever opens it for writing in the instant that the lease is held has it broken by a signal: one that ends nobody.
  fcntl(descriptor, F_SETSIG, signalNumber(readableSignal));
  const result = fcntl(descriptor, F_SETLEASE, F_RDLCK);
  const errno = readErrno();
  if (result === 0) {
    fcntl(descriptor, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno === errnoNumbers.EAGAIN ? true : null;
}
