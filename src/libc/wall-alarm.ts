// A timer on the wall clock, which setTimeout is not: it goes off when its time has come, also when the clock was set
// forward or the machine slept meanwhile (timer_create(2), CLOCK_REALTIME).
import { checkInteger } from "./arguments.ts";
import { SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";
import { zeroed } from "./memory.ts";

/** At its time the process gets SIGALRM. It is not inherited, and an execve ends it. */
export interface WallAlarm {
  /** @param timeMs since the epoch; in place of the time before */
  set(timeMs: number): void;
  clear(): void;
}

/** @returns null where the platform has none (macOS, and glibc before 2.34, which has it in a library of its own) */
export function makeWallAlarm(): WallAlarm | null {
  const { table, errno: readErrno } = libc();
  const { linux } = table;
  if (linux === null) return null;
  const create = optionalSymbol("timer_create");
  const setTime = optionalSymbol("timer_settime");
  if (create === null || setTime === null) return null;
  const id = new BigInt64Array(1);
  // With no sigevent it is SIGALRM.
  if (create(linux.CLOCK_REALTIME, null, id) !== 0) return null;
  const settle = (timeMs: number) => {
    const specification = zeroed(linux["sizeof(struct itimerspec)"]);
    const value = linux["offsetof(struct itimerspec, it_value)"];
    specification.setBigInt64(value, BigInt(Math.floor(timeMs / 1000)), true);
    specification.setBigInt64(value + 8, BigInt(timeMs % 1000) * 1_000_000n, true);
    const result = setTime(id[0] ?? 0n, linux.TIMER_ABSTIME, new Uint8Array(specification.buffer), null);
    const errno = readErrno();
    if (result !== 0)
      throw new SystemError({ syscall: "timer_settime", errno, action: "set the wall alarm" });
  };
  return {
    set(timeMs) {
      checkInteger("timeMs", timeMs, 1, Number.MAX_SAFE_INTEGER);
      settle(timeMs);
    },
    clear: () => settle(0),
  };
}
