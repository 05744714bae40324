// CLOCK_MONOTONIC, by name: a service manager compares it with its own reading, which process.hrtime does not promise.
import { SystemError } from "./error.ts";
import { libc, socketSymbols } from "./library.ts";

/** clock_gettime(2), in whole microseconds. */
export function monotonicUsec(): bigint {
  const { table, errno: readErrno } = libc();
  // A struct timespec of a 64-bit system: seconds, then nanoseconds.
  const time = new BigInt64Array(2);
  const result = socketSymbols().clock_gettime(table.constants.CLOCK_MONOTONIC, time);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "clock_gettime", errno, action: "read the clock" });
  const [seconds = 0n, nanoseconds = 0n] = time;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}
