// What a scheduler does about its timer and about a wall clock that was set back: pure decisions over times in
// milliseconds since the epoch. What a timer finds due is dueTimes' to say.

import { nextPlanned, type Plan } from "./plan.ts";

export interface Pending {
  plan: Plan;
  /** null: none is to come. */
  dueMs: number | null;
  /** The latest of its times that has come; null: none has. */
  lastScheduledMs: number | null;
  /** From here on some of its times were passed over and did not run; null or left out: none were. */
  againMs?: number | null;
}

/** From here on a backward step is a correction of a wrong clock; below it, as in Vixie cron, nothing runs twice. */
export const CORRECTION_STEP_MS = 3 * 3_600_000;

/**
 * The due time after the wall clock was set back to `nowMs`. `stepMs` is the size of the step; a caller that does not
 * know it leaves it out, and it is taken to be how far `nowMs` lies before the last scheduled time.
 */
export function afterClockStep(
  { plan, dueMs, lastScheduledMs, againMs = null }: Pending,
  nowMs: number,
  stepMs: number = lastScheduledMs === null ? 0 : lastScheduledMs - nowMs,
): number | null {
  if (plan.schedules.every(({ kind }) => kind === "always" || kind === "reboot")) return dueMs;
  // It has come, and nothing was decided about it yet.
  if (dueMs !== null && dueMs <= nowMs) return dueMs;
  if (lastScheduledMs === null || lastScheduledMs <= nowMs) {
    // Where nothing ran after `nowMs`, computing anew repeats nothing, and a daemon that was started on a clock
    // years ahead does not wait for years.
    return nextPlanned(plan, nowMs);
  }
  if (stepMs < CORRECTION_STEP_MS) {
    const nextMs = nextPlanned(plan, lastScheduledMs);
    const passedMs = againMs === null ? null : nextPlanned(plan, Math.max(nowMs, againMs - 1));
    return passedMs !== null && (nextMs === null || passedMs < nextMs) ? passedMs : nextMs;
  }
  // A single time that has come does not come again, whatever the clock says, unless it was only passed over.
  const isOver = (timeMs: number) => timeMs <= lastScheduledMs && (againMs === null || timeMs < againMs);
  const schedules = plan.schedules.filter((each) => each.kind !== "at" || !isOver(each.timeMs));
  return nextPlanned({ ...plan, schedules }, nowMs);
}

/**
 * How long to sleep, in whole milliseconds: 0 once due, otherwise 1 to `maximumMs`.
 * Rounded up, because a timer that is cut to whole milliseconds would go off early and spin until it is due.
 */
export function waitMs(dueMs: number, nowMs: number, maximumMs: number): number {
  return Math.min(Math.max(Math.ceil(dueMs - nowMs), 0), maximumMs);
}
