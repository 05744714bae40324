// epoll(7), as far as djob needs it: what a poll of this very process watches, and to watch one
// descriptor more or less. Linux only.
import { checkDescriptor, checkInteger } from "./arguments.ts";
import { SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";
import { zeroed } from "./memory.ts";

export interface Watched {
  /** The epoll's own descriptor. */
  readonly poll: number;
  readonly descriptor: number;
  readonly events: number;
  readonly data: bigint;
}

/** Everything that this process's polls watch, from /proc/self/fdinfo (proc_pid_fdinfo(5)); nothing without it. */
export function watchedDescriptors(): Watched[] {
  const { readdirSync, readFileSync, readlinkSync } = process.getBuiltinModule("node:fs");
  return readdirSync("/proc/self/fd").flatMap((entry) => {
    try {
      if (readlinkSync(`/proc/self/fd/${entry}`) !== "anon_inode:[eventpoll]") return [];
      return parseWatched(Number(entry), readFileSync(`/proc/self/fdinfo/${entry}`, "utf8"));
    } catch {
      // The listing's own descriptor is in the listing, and gone.
      return [];
    }
  });
}

/** Pure: exported for its test. */
export function parseWatched(poll: number, text: string): Watched[] {
  const lines = text.matchAll(/^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)\s+data:\s*([0-9a-f]+)/gm);
  return [...lines].map(([, descriptor, events, data]) => ({
    poll,
    descriptor: Number(descriptor),
    events: Number.parseInt(events ?? "", 16),
    data: BigInt(`0x${data}`),
  }));
}

/** epoll_ctl(2), EPOLL_CTL_ADD. @throws {SystemError} with code EEXIST if it is watched already */
export function watch(watched: Watched): void {
  control("EPOLL_CTL_ADD", watched);
}

/** epoll_ctl(2), EPOLL_CTL_DEL. @throws {SystemError} with code ENOENT if it is not watched */
export function unwatch(watched: Watched): void {
  control("EPOLL_CTL_DEL", watched);
}

function control(operation: "EPOLL_CTL_ADD" | "EPOLL_CTL_DEL", watched: Watched): void {
  const { poll, descriptor, events, data } = watched;
  checkDescriptor("poll", poll);
  checkDescriptor("descriptor", descriptor);
  checkInteger("events", events, 0, 2 ** 32 - 1);
  const { table, errno: readErrno } = libc();
  const epollControl = optionalSymbol("epoll_ctl");
  if (table.linux === null || epollControl === null) throw new Error("there is no epoll_ctl here");
  // Packed on x86-64 only (sys/epoll.h).
  const dataOffset = process.arch === "x64" ? 4 : 8;
  const event = zeroed(dataOffset + 8);
  event.setUint32(0, events, true);
  event.setBigUint64(dataOffset, data, true);
  const result = epollControl(poll, table.linux[operation], descriptor, new Uint8Array(event.buffer));
  const errno = readErrno();
  if (result === 0) return;
  const action = `change how descriptor ${descriptor} is watched`;
  throw new SystemError({ syscall: "epoll_ctl", errno, action });
}
