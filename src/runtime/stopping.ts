// How a worker ends: schedules nothing more, aborts its runs, lets its servers and a plain script's own signal
// listeners finish, and gives up on what has not ended after the stop timeout.
import type { StopReport } from "../control/messages.ts";
import { systemClock } from "./clock.ts";
import { endsWithin } from "./ends-within.ts";
import type { Dispatcher } from "./running/dispatcher.ts";
import type { Observers } from "./running/observers.ts";
import type { Scheduler } from "./running/scheduler.ts";
import { drainServers, type RunningServer } from "./serving/servers.ts";

export interface Work {
  readonly scheduler: Scheduler;
  readonly dispatcher: Dispatcher;
  readonly servers: readonly RunningServer[];
  readonly observers: Pick<Observers, "settle">;
}

/** How long the end of a worker waits for hooks and pings that are on their way. */
const observersMs = 3_000;

/** @returns what did not end within the time */
export async function drain(work: Work, reason: string, timeoutMs: number): Promise<StopReport> {
  work.scheduler.stop();
  const deadlineMs = systemClock.monotonic() + timeoutMs;
  const ended = await endsWithin(
    timeoutMs,
    Promise.all([work.dispatcher.endAll("stopping", reason), drainServers(work.servers, false)]),
  );
  if (!ended) return { outcome: "forced", runs: work.dispatcher.running };
  await settleObservers(work, deadlineMs);
  return { outcome: "clean", runs: [] };
}

/**
 * A plain script may listen to SIGTERM itself (or to what --stop-signal says), and then it decides when to end: by process.exit, or by leaving nothing
 * in the event loop. Waits for either; a script without listeners has nothing to wait for.
 * @param told whether the signal has reached the listeners already
 */
export async function letListenersEnd(
  listeners: readonly NodeJS.SignalsListener[],
  told: boolean,
  timeoutMs: number,
  signal: NodeJS.Signals,
): Promise<StopReport> {
  if (listeners.length === 0) return { outcome: "clean", runs: [] };
  return await new Promise((resolve) => {
    process.once("beforeExit", () => resolve({ outcome: "clean", runs: [] }));
    // Unreferenced: it must not keep the loop alive that the script is to leave empty.
    setTimeout(() => resolve({ outcome: "forced", runs: [] }), timeoutMs).unref();
    if (!told) for (const listener of listeners) listener(signal);
  });
}

/**
 * The end of a worker whose successor schedules already: runs finish on old code, and only those of `always` jobs,
 * which would never end, are told at once.
 * @returns what did not end within the time
 */
export async function retire(work: Work, reason: string, timeoutMs: number): Promise<StopReport> {
  for (const run of [...work.dispatcher.runs])
    if (run.entry.isAlways) work.dispatcher.cancel(run, "stopping", reason);
  const deadlineMs = systemClock.monotonic() + timeoutMs;
  const ended = await endsWithin(
    timeoutMs,
    Promise.all([work.dispatcher.idle(), drainServers(work.servers, true)]),
  );
  if (ended) {
    await settleObservers(work, deadlineMs);
    return { outcome: "clean", runs: [] };
  }
  return await drain(work, reason, lastWordsMs);
}

/** How long a run that was given time to finish may take once it has been aborted. */
const lastWordsMs = 500;

async function settleObservers({ observers }: Work, deadlineMs: number): Promise<void> {
  await observers.settle(Math.max(0, Math.min(observersMs, deadlineMs - systemClock.monotonic())));
}
