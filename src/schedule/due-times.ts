// All times that have come due at once: the latest one by one, those before as a count. Years of them are counted by
// arithmetic and by days, not walked through: a daemon that comes back after years must not stand still over it.

import { countWithinPeriod } from "./cron-zoned.ts";
import { type DueTimes, nextPlanned, type Plan, plannedBetween } from "./plan.ts";
import { nextTime, type Schedule } from "./schedule.ts";
import { periodAt } from "./zone-period.ts";

/**
 * Several schedules may share times, so those of such a plan are walked through, at some 2 µs each, up to so many.
 * What lies further back is counted for each schedule alone, so that a shared time counts more than once.
 */
export const MAXIMUM_WALKED = 100_000;

/**
 * All times from `dueMs` through `nowMs`. `dueMs` is itself a time, whatever the plan says of it by now (an interval may
 * have been changed by a reload).
 * @param limit how many of the latest are told one by one, 0 or more
 */
export function dueTimes(plan: Plan, dueMs: number, nowMs: number, limit: number): DueTimes {
  if (nowMs < dueMs) return { times: [], earlier: null, nextDueMs: dueMs };
  const nextDueMs = nextPlanned(plan, nowMs);
  // One more than asked for: the last of those before.
  const following = plannedBetween(plan, dueMs, nowMs, limit + 1);
  const all = [dueMs, ...following];
  if (all.length <= limit) return { times: all, earlier: null, nextDueMs };
  const count = 1 + (following.length <= limit ? following.length : countPlanned(plan, dueMs, nowMs));
  const latest = following.length <= limit ? all : latestTimes(plan, dueMs, nowMs, limit + 1);
  const times = limit === 0 ? [] : latest.slice(-limit);
  const lastMs = latest[latest.length - times.length - 1] ?? dueMs;
  return { times, earlier: { firstMs: dueMs, lastMs, count: count - times.length }, nextDueMs };
}

/** How many times are strictly after one instant and through another. */
export function countPlanned(plan: Plan, afterMs: number, throughMs: number): number {
  const { schedules, fromMs, untilMs } = plan;
  const fromBeforeMs = fromMs === null ? afterMs : Math.max(afterMs, fromMs - 1);
  const endMs = untilMs === null ? throughMs : Math.min(throughMs, untilMs);
  const [only, ...others] = schedules;
  if (only === undefined || endMs <= fromBeforeMs) return 0;
  if (others.length === 0) return countTimes(only, fromBeforeMs, endMs);
  const walked = plannedBetween(plan, fromBeforeMs, endMs, MAXIMUM_WALKED);
  const reachedMs = walked.length < MAXIMUM_WALKED ? endMs : (walked.at(-1) ?? endMs);
  return schedules.reduce((sum, schedule) => sum + countTimes(schedule, reachedMs, endMs), walked.length);
}

/** The latest `count` times up to `nowMs`, of which there are at least so many after `dueMs`. */
function latestTimes(plan: Plan, dueMs: number, nowMs: number, count: number): number[] {
  let spanMs = 1_000;
  while (spanMs < nowMs - dueMs && countPlanned(plan, nowMs - spanMs, nowMs) < count) spanMs *= 2;
  let enoughMs = Math.min(spanMs, nowMs - dueMs);
  let tooLittleMs = 0;
  while (enoughMs - tooLittleMs > 1) {
    const middleMs = Math.floor((enoughMs + tooLittleMs) / 2);
    if (countPlanned(plan, nowMs - middleMs, nowMs) >= count) enoughMs = middleMs;
    else tooLittleMs = middleMs;
  }
  return plannedBetween(plan, nowMs - enoughMs, nowMs, Number.POSITIVE_INFINITY).slice(-count);
}

function countTimes(schedule: Schedule, afterMs: number, throughMs: number): number {
  if (throughMs <= afterMs) return 0;
  switch (schedule.kind) {
    case "every": {
      const { intervalMs, offsetMs = 0 } = schedule;
      return Math.floor((throughMs - offsetMs) / intervalMs) - Math.floor((afterMs - offsetMs) / intervalMs);
    }
    case "at":
      return schedule.timeMs > afterMs && schedule.timeMs <= throughMs ? 1 : 0;
    case "cron":
      return countCron(schedule, afterMs, throughMs);
    case "always":
    case "reboot":
      return 0;
  }
}

function countCron(schedule: Schedule & { kind: "cron" }, afterMs: number, throughMs: number): number {
  let count = 0;
  for (let fromMs = afterMs; fromMs < throughMs; ) {
    const period = periodAt(schedule.timeZone, fromMs);
    // The change itself belongs to the period that it begins.
    const endMs = Math.min(throughMs, period.endMs - 1);
    // Moved and repeated times are told apart by walking: they lie within the length of the change after it.
    const unsettledMs = Math.abs(period.offsetMs - period.previousOffsetMs) + 60_000;
    const settledMs = Math.min(endMs, period.startMs + unsettledMs);
    if (settledMs > fromMs) {
      count += countByWalking(schedule, fromMs, settledMs);
      fromMs = settledMs;
    }
    if (endMs > fromMs) count += countWithinPeriod(schedule.expression, period, fromMs, endMs);
    if (endMs === throughMs) return count;
    const atMs = period.endMs;
    if (nextTime(schedule, atMs - 1) === atMs) count += 1;
    fromMs = atMs;
  }
  return count;
}

function countByWalking(schedule: Schedule, afterMs: number, throughMs: number): number {
  let count = 0;
  for (let timeMs = nextTime(schedule, afterMs); timeMs !== null && timeMs <= throughMs; count += 1)
    timeMs = nextTime(schedule, timeMs);
  return count;
}
