// What a scheduler does when its timer goes off, or when the wall clock was set back: pure decisions over times in
// milliseconds since the epoch. A timer may go off early (a capped wait), late (a busy process) or very late (a
// suspended machine), and the clock may have moved under it; a time fires once, never early, and never again.

import type { Schedule } from "./schedule.ts";
import { nextTime } from "./schedule.ts";

export interface Pending {
  schedule: Schedule;
  dueMs: number;
}

export interface Firing {
  /** The latest time that has come due. */
  scheduledAtMs: number;
  /** How many earlier ones came due with it. A cron schedule's are counted to MAXIMUM_CRON_SKIPPED only. */
  skipped: number;
}

export const MAXIMUM_CRON_SKIPPED = 1_000;

/** From here on a backward step is a correction of a wrong clock; below it, as in Vixie cron, nothing runs twice. */
export const CORRECTION_STEP_MS = 3 * 3_600_000;

/**
 * Decides what a timer that went off at `nowMs` means. All times that came due since `dueMs` make one firing.
 * `nextDueMs` is strictly after `nowMs`, except that an early timer gets its own `dueMs` back.
 */
export function decideFiring(
  { schedule, dueMs }: Pending,
  nowMs: number,
): { fire: Firing | null; nextDueMs: number | null } {
  if (nowMs < dueMs) return { fire: null, nextDueMs: dueMs };
  switch (schedule.kind) {
    case "cron":
      return decideCron(schedule, dueMs, nowMs);
    case "every":
      return decideEvery(schedule, dueMs, nowMs);
    case "at":
    case "always":
      return { fire: { scheduledAtMs: dueMs, skipped: 0 }, nextDueMs: nextTime(schedule, nowMs) };
  }
}

/**
 * The due time after the wall clock was set back to `nowMs`. `stepMs` is the size of the step; a caller that does not
 * know it leaves it out, and it is taken to be how far `nowMs` lies before the last scheduled time.
 */
export function afterClockStep(
  { schedule, dueMs, lastScheduledMs }: Pending & { lastScheduledMs: number | null },
  nowMs: number,
  stepMs: number = lastScheduledMs === null ? 0 : lastScheduledMs - nowMs,
): number | null {
  const isCorrection = stepMs >= CORRECTION_STEP_MS;
  const hasRunAhead = lastScheduledMs !== null && lastScheduledMs > nowMs && !isCorrection;
  switch (schedule.kind) {
    case "cron":
      // Where nothing ran after `nowMs`, computing anew repeats nothing, and a daemon that was started on a clock
      // years ahead does not wait for years.
      return hasRunAhead ? dueMs : nextTime(schedule, nowMs);
    case "every":
      if (dueMs - nowMs <= schedule.intervalMs) return dueMs;
      return nextTime(schedule, hasRunAhead ? lastScheduledMs : nowMs);
    case "at":
    case "always":
      return dueMs;
  }
}

/**
 * How long to sleep, in whole milliseconds: 0 once due, otherwise 1 to `maximumMs`.
 * Rounded up, because a timer that is cut to whole milliseconds would go off early and spin until it is due.
 */
export function waitMs(dueMs: number, nowMs: number, maximumMs: number): number {
  return Math.min(Math.max(Math.ceil(dueMs - nowMs), 0), maximumMs);
}

function decideEvery(schedule: Schedule & { kind: "every" }, dueMs: number, nowMs: number) {
  const { intervalMs } = schedule;
  // A due time off the grid (the interval was changed by a reload) is itself the first of the times.
  const scheduledAtMs = Math.max(dueMs, Math.floor(nowMs / intervalMs) * intervalMs);
  const skipped = Math.floor(scheduledAtMs / intervalMs) - Math.floor(dueMs / intervalMs);
  return { fire: { scheduledAtMs, skipped }, nextDueMs: nextTime(schedule, nowMs) };
}

function decideCron(schedule: Schedule & { kind: "cron" }, dueMs: number, nowMs: number) {
  let scheduledAtMs = dueMs;
  for (let skipped = 0; skipped < MAXIMUM_CRON_SKIPPED; skipped += 1) {
    const followingMs = nextTime(schedule, scheduledAtMs);
    if (followingMs === null || followingMs > nowMs) {
      return { fire: { scheduledAtMs, skipped }, nextDueMs: followingMs };
    }
    scheduledAtMs = followingMs;
  }
  const latestMs = latestTime(schedule, scheduledAtMs, nowMs);
  return {
    fire: { scheduledAtMs: latestMs, skipped: MAXIMUM_CRON_SKIPPED },
    nextDueMs: nextTime(schedule, latestMs),
  };
}

/** The latest time not after `nowMs`, found by halving: a year of minutes takes some 35 look-ups, not 525,600. */
function latestTime(schedule: Schedule, knownMs: number, nowMs: number): number {
  let latestMs = knownMs;
  let emptyFromMs = nowMs;
  while (emptyFromMs - latestMs > 1) {
    const foundMs = nextTime(schedule, Math.floor((latestMs + emptyFromMs) / 2));
    if (foundMs !== null && foundMs <= nowMs) latestMs = foundMs;
    else emptyFromMs = Math.floor((latestMs + emptyFromMs) / 2);
  }
  return latestMs;
}
