// What becomes of times that have come all at once: because the machine slept, the clock was set forward, the daemon did not run,
// or something blocked the event loop. Pure.
import type { DueTimes } from "./plan.ts";

export type CatchUp =
  | { readonly type: "none" }
  /** `windowMs`: no longer ago than that; null: however long. */
  | { readonly type: "last"; readonly windowMs: number | null }
  | { readonly type: "all"; readonly windowMs: number | null; readonly maximum: number };

/** A time that is less late than that is late, not missed: a restart or a short sleep costs no run. */
export const lateMs = 60_000;

export interface Caught {
  /** To be run, the earliest first. The last of them is the time that is due now, if `dueMs` says so. */
  readonly runs: readonly number[];
  /** The one of `runs` that was not missed, only late; null: all of them are caught up. */
  readonly dueMs: number | null;
  /** To be skipped one by one. */
  readonly skipped: readonly number[];
}

/**
 * @param times all times that are due, the earliest first (what `DueTimes.earlier` stands for is older than any of them)
 * @param wasAway whether the machine slept or the daemon did not run; otherwise it was only busy, and the latest time is run
 * however late it is
 */
export function decideCatchUp(
  catchUp: CatchUp,
  { times }: Pick<DueTimes, "times">,
  nowMs: number,
  wasAway: boolean,
): Caught {
  const latestMs = times.at(-1);
  if (latestMs === undefined) return { runs: [], dueMs: null, skipped: [] };
  const dueMs = !wasAway || nowMs - latestMs < lateMs ? latestMs : null;
  const missed = dueMs === null ? times : times.slice(0, -1);
  const kept = keptOf(catchUp, missed, dueMs !== null, nowMs);
  const runs = missed.slice(missed.length - kept);
  return {
    runs: dueMs === null ? runs : [...runs, dueMs],
    dueMs,
    skipped: missed.slice(0, missed.length - kept),
  };
}

/** How many of the latest missed times are run. */
function keptOf(catchUp: CatchUp, missed: readonly number[], isLastDue: boolean, nowMs: number): number {
  if (catchUp.type === "none") return 0;
  const { windowMs } = catchUp;
  const within =
    windowMs === null ? missed.length : missed.filter((timeMs) => nowMs - timeMs <= windowMs).length;
  // The run that is due now is the latest one.
  if (catchUp.type === "last") return isLastDue ? 0 : Math.min(within, 1);
  return Math.min(within, catchUp.maximum);
}
