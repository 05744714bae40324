// Sending a daemon a signal: its own process, which is the supervisor where there is one, its worker, or all that it is made
// of and has started. Each is held by a pidfd and proven before it gets anything.
import { readFileSync } from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { closeDescriptor } from "../../libc/files.ts";
import { DjobError, goneAlready } from "../error.ts";
import type { Found, Place } from "../finding/locate.ts";
import { openPidfile } from "../finding/pidfile.ts";
import { parseStat } from "../finding/process-table.ts";
import { childrenOf } from "../supervise/descendants.ts";
import { holdProcess, notStarted, openTarget, type Target } from "./target.ts";

/** "daemon": its own process; "worker": the one that runs the jobs; "all": both, and all that descends from them. */
export type Recipients = "daemon" | "worker" | "all";

/**
 * @returns the pids that got it, those that were started first being the last
 * @throws {DjobError} if a process can't be proven to be the daemon's
 */
export async function signalDaemon(
  place: Place,
  found: Extract<Found, { life: "alive" }>,
  signal: string,
  recipients: Recipients,
): Promise<number[]> {
  const pid = found.pid ?? found.status?.pid ?? null;
  if (pid === null) throw notStarted(place, "signal");
  const pidfile = openPidfile(place.paths.pidfile);
  if (pidfile === null) throw goneAlready(place.name);
  const held = new Map<number, Target>();
  try {
    held.set(pid, await openTarget(place, pid, pidfile, "signal"));
    if (recipients === "worker") holdWorker(place, pid, found.status?.workerPid ?? null, held);
    if (recipients === "all") holdDescendants(place.name, pid, held);
    // Those below first: a process that ends by its signal would have its children sent to another parent.
    const all = [...held].reverse();
    const meant = recipients === "worker" ? all.slice(0, 1) : all;
    for (const [, target] of meant) target.send(signal);
    return meant.map(([one]) => one);
  } finally {
    for (const target of held.values()) target.close();
    closeDescriptor(pidfile);
  }
}

function holdWorker(place: Place, pid: number, workerPid: number | null, held: Map<number, Target>): void {
  const { name } = place;
  if (workerPid === null) {
    const hint = `it is being started, or does not answer: djob status ${name}`;
    throw new DjobError(exitCode.failed, `cannot signal ${name}: its worker is not known`, hint);
  }
  if (workerPid === pid) return;
  held.set(
    workerPid,
    holdProcess(name, workerPid, () => {
      if (parentOf(workerPid) !== pid)
        throw new DjobError(exitCode.failed, `cannot signal ${name}: its worker has just ended`);
    }),
  );
}

/** Parents first. What ends meanwhile, or gets another parent, is left out. */
function holdDescendants(name: string, pid: number, held: Map<number, Target>): void {
  const pending = childrenOf(pid).map((child) => ({ child, parent: pid }));
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const { child, parent } = next;
    if (held.has(child)) continue;
    const target = holdIfChild(name, child, parent);
    if (target === null) continue;
    held.set(child, target);
    pending.push(...childrenOf(child).map((grandchild) => ({ child: grandchild, parent: child })));
  }
}

function holdIfChild(name: string, child: number, parent: number): Target | null {
  let isChild = true;
  const target = holdProcess(name, child, () => {
    isChild = parentOf(child) === parent;
  });
  if (isChild) return target;
  target.close();
  return null;
}

/** null: it is gone. */
function parentOf(pid: number): number | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")).ppid;
  } catch {
    return null;
  }
}
