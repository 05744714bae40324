// Ends a chain of processes that did not become a daemon, and everything that it left: the launcher is their subreaper,
// so each of them is its child sooner or later, and a pid that it has not reaped can't mean another process.
import { readdirSync, readFileSync } from "node:fs";
import { anyChild, type ChildExit, waitFor } from "../libc/process.ts";
import { sendSignal, sendSignalToGroup } from "../libc/signals.ts";
import { errorCode } from "./error.ts";

export interface Started {
  /** A session leader, and so the leader of its process group, too; not reaped yet. */
  readonly leader: number;
  readonly worker: number | null;
}

const pollMs = 2;
const ownDeathMs = 1_000;
/** A worker becomes this process's child when its leader has ended, which may be on its way to. */
const adoptionMs = 200;
const adoptedMs = 5_000;

/**
 * @param dying whether the worker seems to be dead already: then how it died is worth waiting for
 * @returns how the worker ended, where that can be told
 */
export async function endStarted({ leader, worker }: Started, dying: boolean): Promise<ChildExit | null> {
  let ended = worker !== null && dying ? await endOf(worker, ownDeathMs, adoptionMs) : null;
  sendSignalToGroup(leader, "SIGKILL");
  await endOf(leader, ownDeathMs);
  if (worker !== null && ended === null) ended = await endOf(worker, ownDeathMs);
  await endAdopted();
  return ended;
}

/** The session leader ends by itself once it has started the worker. */
export async function reapLeader(leader: number): Promise<void> {
  await endOf(leader, ownDeathMs);
}

async function endOf(pid: number, endMs: number, childMs = 0): Promise<ChildExit | null> {
  const startMs = performance.now();
  for (;;) {
    const ended = reap(pid);
    if (ended !== "none" && ended !== null) return ended;
    const patienceMs = ended === "none" ? childMs : endMs;
    if (performance.now() - startMs >= patienceMs) return null;
    await Bun.sleep(pollMs);
  }
}

/** What the worker's modules started and left came to this process when the worker died. */
async function endAdopted(): Promise<void> {
  const deadlineMs = performance.now() + adoptedMs;
  while (performance.now() < deadlineMs) {
    const ended = reap(anyChild);
    if (ended === "none") return;
    if (ended !== null) continue;
    for (const child of ownChildren()) sendSignal(child, "SIGKILL");
    await Bun.sleep(pollMs);
  }
}

function reap(pid: number): ChildExit | "none" | null {
  try {
    return waitFor(pid, { wait: false });
  } catch (error) {
    if (errorCode(error) === "ECHILD") return "none";
    throw error;
  }
}

/** proc(5): /proc/PID/task/TID/children, on Linux. */
function ownChildren(): number[] {
  try {
    return readdirSync("/proc/self/task").flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, "utf8")
        .split(" ")
        .map(Number)
        .filter((pid) => pid > 1),
    );
  } catch {
    return [];
  }
}
