// Ends a chain of processes that did not become a daemon, and everything that it left: the one who ends it is their
// subreaper, so each of them is its child sooner or later, and a pid that it has not reaped can't mean another process.
import { anyChild, becomeSubreaper, type ChildExit } from "../../libc/process.ts";
import { sendSignal, sendSignalToGroup, setDisposition } from "../../libc/signals.ts";
import { errorCode } from "../error.ts";
import { childrenOf } from "../supervise/descendants.ts";
import { reap } from "../supervise/reap.ts";

export interface Started {
  /** A session leader, and so the leader of its process group, too; not reaped yet. */
  readonly leader: number;
  /** null: there is none (yet), or the leader itself loads the modules. */
  readonly worker: number | null;
}

const pollMs = 2;
const ownDeathMs = 1_000;
/** A worker becomes this process's child when its leader has ended, which may be on its way to. */
const adoptionMs = 200;
const adoptedMs = 5_000;

/** How the process that loads the modules ended; "killed": it lived, and was ended here; null: that can't be told. */
export type WorkerEnd = Pick<ChildExit, "exitCode" | "signal"> | "killed" | null;

/**
 * Makes the caller a subreaper, deaf to whoever interrupts it.
 * @param dying whether that process seems to be dead already: then how it died is worth waiting for
 */
export async function endStarted({ leader, worker }: Started, dying: boolean): Promise<WorkerEnd> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) setDisposition(signal, "ignore");
  const loader = worker ?? leader;
  const ended = dying ? await endOf(loader, ownDeathMs, adoptionMs) : null;
  // Once the leader is reaped, the number of its group may be another's.
  if (ended === null || loader !== leader) sendSignalToGroup(leader, "SIGKILL");
  if (loader !== leader) await endOf(leader, ownDeathMs);
  const killed = ended === null && (await endOf(loader, ownDeathMs)) !== null;
  endDescendants();
  return killed ? "killed" : ended;
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

/**
 * Kills every child, and its children, which come to this process when it dies, and theirs. What a worker's modules have
 * started is found by this also where it made itself a session of its own. Waits for their deaths.
 */
export function endDescendants(): void {
  if (!becomeSubreaper(true)) return;
  const deadlineMs = performance.now() + adoptedMs;
  while (performance.now() < deadlineMs) {
    const ended = reap(anyChild);
    if (ended === "none") return;
    if (ended !== null) continue;
    // What has become another user, as by sudo, can be neither ended nor waited for.
    if (!childrenOf("self").map(killIfPermitted).includes(true)) return;
    Bun.sleepSync(pollMs);
  }
}

function killIfPermitted(child: number): boolean {
  try {
    sendSignal(child, "SIGKILL");
    return true;
  } catch (error) {
    if (errorCode(error) !== "EPERM") throw error;
    return false;
  }
}
