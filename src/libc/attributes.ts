// How the kernel treats this process: priorities, limits, processors. On Linux a priority belongs to a thread: it is set
// for the calling one, and new threads, children and an execve keep it. All functions throw SystemError when the kernel
// refuses, and TypeError or RangeError when the argument is a bug of ours.
import { checkInteger } from "./arguments.ts";
import { SystemError } from "./error.ts";
import { libc, neededSymbol } from "./library.ts";
import { addressOf, zeroed } from "./memory.ts";

export type IoClass = "realtime" | "best-effort" | "idle";
export type SchedulingPolicy = "other" | "batch" | "idle" | "fifo" | "rr";
export type LimitName = keyof typeof limits;

/** The names of prlimit(1), with those of C. */
const limits = {
  as: "RLIMIT_AS",
  core: "RLIMIT_CORE",
  cpu: "RLIMIT_CPU",
  data: "RLIMIT_DATA",
  fsize: "RLIMIT_FSIZE",
  locks: "RLIMIT_LOCKS",
  memlock: "RLIMIT_MEMLOCK",
  msgqueue: "RLIMIT_MSGQUEUE",
  nice: "RLIMIT_NICE",
  nofile: "RLIMIT_NOFILE",
  nproc: "RLIMIT_NPROC",
  rss: "RLIMIT_RSS",
  rtprio: "RLIMIT_RTPRIO",
  rttime: "RLIMIT_RTTIME",
  sigpending: "RLIMIT_SIGPENDING",
  stack: "RLIMIT_STACK",
} as const;

/** As many bits as the kernel's largest configuration has processors. */
const maximumProcessors = 8192;

/** setpriority(2), from -20 (first) to 19 (last). */
export function setNice(nice: number): void {
  checkInteger("nice", nice, -20, 19);
  const { table, errno: readErrno } = libc();
  const setpriority = neededSymbol("setpriority");
  const result = setpriority(table.constants.PRIO_PROCESS, 0, nice);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "setpriority", errno, action: `set the nice value ${nice}` });
}

/** ioprio_set(2). @param level 0 (first) to 7; "idle" has none */
export function setIoPriority(ioClass: IoClass, level: number): void {
  checkInteger("level", level, 0, 7);
  const { linux, syscalls } = linuxOnly("I/O priorities");
  const base = {
    realtime: linux["IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0)"],
    "best-effort": linux["IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 0)"],
    idle: linux["IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)"],
  }[ioClass];
  const syscall = neededSymbol("syscall");
  const { errno: readErrno } = libc();
  const result = syscall(syscalls.SYS_ioprio_set, linux["(int)IOPRIO_WHO_PROCESS"], 0, base + level, 0);
  const errno = readErrno();
  if (result === 0) return;
  const action = `set the I/O priority ${ioClass}:${level}`;
  throw new SystemError({ syscall: "ioprio_set", errno, action });
}

/** sched_setscheduler(2), by its number: musl's function of that name always fails. */
export function setScheduler(policy: SchedulingPolicy, priority: number): void {
  checkInteger("priority", priority, 0, 99);
  const { linux, syscalls } = linuxOnly("scheduling policies");
  const number = {
    other: linux.SCHED_OTHER,
    batch: linux.SCHED_BATCH,
    idle: linux.SCHED_IDLE,
    fifo: linux.SCHED_FIFO,
    rr: linux.SCHED_RR,
  }[policy];
  const syscall = neededSymbol("syscall");
  const { errno: readErrno } = libc();
  const parameter = zeroed(8);
  parameter.setInt32(0, priority, true);
  const result = syscall(syscalls.SYS_sched_setscheduler, 0, number, addressOf(parameter), 0);
  const errno = readErrno();
  // Nothing but this look at it has kept the memory behind the address alive.
  if (result === 0 && parameter.byteLength > 0) return;
  const action = `set the scheduling policy ${policy}${priority === 0 ? "" : `:${priority}`}`;
  throw new SystemError({ syscall: "sched_setscheduler", errno, action });
}

/** sched_setaffinity(2) */
export function setProcessors(processors: readonly number[]): void {
  for (const processor of processors) checkInteger("processor", processor, 0, maximumProcessors - 1);
  linuxOnly("a choice of processors");
  const mask = new Uint8Array(new ArrayBuffer(maximumProcessors / 8));
  for (const processor of processors) {
    const index = processor >> 3;
    mask[index] = (mask[index] ?? 0) | (1 << (processor & 7));
  }
  const affinity = neededSymbol("sched_setaffinity");
  const { errno: readErrno } = libc();
  const result = affinity(0, mask.length, mask);
  const errno = readErrno();
  if (result === 0) return;
  const action = `use the processors ${processors.join(",")}`;
  throw new SystemError({ syscall: "sched_setaffinity", errno, action });
}

/** setrlimit(2). null: unlimited. */
export function setLimit(name: LimitName, soft: number | null, hard: number | null): void {
  for (const value of [soft, hard]) if (value !== null) checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
  const { table, errno: readErrno } = libc();
  const constants: Readonly<Record<string, number>> = { ...table.constants, ...table.linux };
  const resource = constants[limits[name]];
  if (resource === undefined) throw new Error(`this system has no limit ${name}`);
  // RLIM_INFINITY is the largest number of rlim_t: unsigned on Linux, with a sign on macOS.
  const infinity = table.constants.RLIM_INFINITY === -1 ? -1n : 2n ** 63n - 1n;
  const pair = zeroed(16);
  pair.setBigInt64(0, soft === null ? infinity : BigInt(soft), true);
  pair.setBigInt64(8, hard === null ? infinity : BigInt(hard), true);
  const setrlimit = neededSymbol("setrlimit");
  const result = setrlimit(resource, new Uint8Array(pair.buffer));
  const errno = readErrno();
  if (result === 0) return;
  const [softText, hardText] = [soft ?? "unlimited", hard ?? "unlimited"];
  const action = `set the limit ${name} to ${softText}:${hardText}`;
  throw new SystemError({ syscall: "setrlimit", errno, action });
}

/** PR_SET_NO_NEW_PRIVS of prctl(2): no program that this process or its children start gains privileges, as su would. */
export function forbidNewPrivileges(): void {
  const { linux } = linuxOnly("no_new_privs");
  const prctl = neededSymbol("prctl");
  const { errno: readErrno } = libc();
  const result = prctl(linux.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "prctl", errno, action: "forbid new privileges" });
}

function linuxOnly(what: string) {
  const { linux, syscalls } = libc().table;
  const numbers = syscalls?.[process.arch === "arm64" ? "arm64" : "x64"];
  if (linux === null || numbers === undefined) throw new Error(`only Linux has ${what}`);
  return { linux, syscalls: numbers };
}
