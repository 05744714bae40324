// CLOCK_MONOTONIC, by name: a service manager compares it with its own reading, which process.hrtime does not promise.
import { SystemError } from "./error.ts";
import { libc, socketSymbols } from "./library.ts";

/** clock_gettime(2), in whole microseconds. */
export function monotonicUsec(): bigint {
  return readClock(libc().table.constants.CLOCK_MONOTONIC);
}

/** How long the machine has slept since its boot, in milliseconds; null where no clock tells (macOS). */
export function sleptMs(): number | null {
  const { linux } = libc().table;
  if (linux === null) return null;
  return Number(readClock(linux.CLOCK_BOOTTIME) - monotonicUsec()) / 1000;
}

function readClock(clock: number): bigint {
  const { errno: readErrno } = libc();
  // A struct timespec of a 64-bit system: seconds, then nanoseconds.
  const time = new BigInt64Array(2);
  const result = socketSymbols().clock_gettime(clock, time);
  const errno = readErrno();
  if (result !== 0) throw new SystemError({ syscall: "clock_gettime", errno, action: "read the clock" });
  const [seconds = 0n, nanoseconds = 0n] = time;
  return seconds * 1_000_000n + nanoseconds / 1_000n;
}
