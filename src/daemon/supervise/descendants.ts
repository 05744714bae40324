// What dead workers left behind: as a subreaper the supervisor is the parent of every orphan among its descendants, so
// its children that are no workers are such leftovers, and so is all that descends from them. (proc(5):
// /proc/PID/task/TID/children, on Linux; elsewhere there is no subreaper and nothing is found.)
import { readdirSync, readFileSync } from "node:fs";
import { closeDescriptor } from "../../libc/files.ts";
import { openPidfd, sendSignal, sendSignalThroughPidfd } from "../../libc/signals.ts";
import { errorCode } from "../error.ts";
import { parseStat } from "../finding/process-table.ts";

/** Pids of the processes that a process has started and not reaped, the dead among them too. */
export function childrenOf(pid: number | "self"): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
        .split(" ")
        .map(Number)
        .filter((child) => child > 1),
    );
  } catch {
    return [];
  }
}

/** A process, and the parent that it was listed under. */
export interface Descendant {
  readonly pid: number;
  /** null: this process. */
  readonly parent: number | null;
}

/** Leftovers and their descendants, parents first. @param workers the pids that are no leftovers */
export function leftovers(workers: ReadonlySet<number>): Descendant[] {
  const found: Descendant[] = childrenOf("self")
    .filter((pid) => !workers.has(pid))
    .map((pid) => ({ pid, parent: null }));
  for (let index = 0; index < found.length; index += 1) {
    const parent = found[index]?.pid;
    if (parent !== undefined) found.push(...childrenOf(parent).map((pid) => ({ pid, parent })));
  }
  return found;
}

/**
 * A child of this process keeps its number until it is reaped here. What is deeper down may have ended since it was listed,
 * and its number may be another's: that one is held by a pidfd first, and signalled if its parent is still the same.
 * @returns the pids of those that may not be signalled: they have become another user, as sudo does
 */
export function signalAll(descendants: readonly Descendant[], signal: string): readonly number[] {
  return descendants.flatMap(({ pid, parent }) => {
    try {
      if (parent === null) sendSignal(pid, signal);
      else signalHeld(pid, parent, signal);
      return [];
    } catch (error) {
      const code = errorCode(error);
      if (code === "EPERM") return [pid];
      if (code === "ESRCH" || code === "ENOENT") return [];
      throw error;
    }
  });
}

function signalHeld(pid: number, parent: number, signal: string): void {
  const pidfd = openPidfd(pid);
  // Without pidfds it is signalled when its parent is gone and it has become a child of this process.
  if (pidfd === null) return;
  try {
    const { ppid } = parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
    if (ppid === parent) sendSignalThroughPidfd(pidfd, signal);
  } finally {
    closeDescriptor(pidfd);
  }
}
