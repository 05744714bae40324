// What a change of the clocks does to a cron schedule's times: which were moved out of a gap, and which come twice.

import { nextWall, wallCron } from "./cron-wall.ts";
import { isSecondOccurrence, movedTime } from "./cron-zoned.ts";
import { nextTime, type Schedule } from "./schedule.ts";
import { type Period, periodAt } from "./zone-period.ts";

type CronSchedule = Schedule & { kind: "cron" };

/**
 * "moved": the wall time that was meant is left out that day. "repeated": the wall clock has shown this time before, and the
 * schedule runs again. "first": it will show this time again, and the schedule does not run again.
 */
export type Change = "moved" | "repeated" | "first";

/** What a change of the clocks has to do with one of the schedule's times, or null: nothing. */
export function changeOf(schedule: Schedule, timeMs: number): Change | null {
  if (schedule.kind !== "cron") return null;
  const cron = wallCron(schedule.expression);
  const period = periodAt(schedule.timeZone, timeMs);
  const wallMs = timeMs + period.offsetMs;
  if (movedTime(cron, period) === timeMs && nextWall(cron, wallMs - 1) !== wallMs) return "moved";
  if (isSecondOccurrence(period, timeMs)) return "repeated";
  if (period.endMs === Number.POSITIVE_INFINITY) return null;
  const next = periodAt(schedule.timeZone, period.endMs);
  const againMs = timeMs + period.offsetMs - next.offsetMs;
  return !cron.runsThroughBoth && againMs >= next.startMs && isSecondOccurrence(next, againMs)
    ? "first"
    : null;
}

/** Sentences about the changes of the clocks within a year that move or repeat a time of the schedule. */
export function changesAround(schedule: CronSchedule, fromMs: number): string[] {
  const told: string[] = [];
  const endMs = fromMs + 366 * 86_400_000;
  for (let period = periodAt(schedule.timeZone, fromMs); period.endMs < endMs; ) {
    period = periodAt(schedule.timeZone, period.endMs);
    const sentence = sentenceOf(schedule, period);
    if (sentence !== null) told.push(sentence);
  }
  return told;
}

function sentenceOf(schedule: CronSchedule, period: Period): string | null {
  const { startMs, offsetMs, previousOffsetMs } = period;
  const cron = wallCron(schedule.expression);
  if (offsetMs > previousOffsetMs) {
    const movedMs = movedTime(cron, period);
    if (movedMs === null || changeOf(schedule, movedMs) !== "moved") return null;
    const [day, meant] = wallText(movedMs + previousOffsetMs);
    const [, moved] = wallText(movedMs + offsetMs);
    return `on ${day} the clocks go forward and there is no ${meant}: it runs at ${moved}`;
  }
  const repeatedMs = nextTime(schedule, startMs - 1 - (previousOffsetMs - offsetMs));
  if (repeatedMs === null || repeatedMs >= startMs) return null;
  const [day, time] = wallText(repeatedMs + previousOffsetMs);
  if (!cron.runsThroughBoth)
    return `on ${day} the clocks go back and ${time} comes twice: it runs at the first`;
  return cron.hours.length === 24
    ? null
    : `on ${day} the clocks go back and ${time} comes twice: it runs at both`;
}

function wallText(wallMs: number): [day: string, time: string] {
  const [day = "", time = ""] = new Date(wallMs).toISOString().slice(0, 19).split("T");
  return [day, time.replace(/:00$/, "")];
}

/** An instant as the zone's wall clock shows it, with its offset: "2026-03-29T03:00:00+02:00". */
export function localTime(timeZone: string | null, timeMs: number): string {
  const { offsetMs } = periodAt(timeZone, timeMs);
  const iso = new Date(timeMs + offsetMs).toISOString().replace(/\.000Z$|Z$/, "");
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${iso}${offsetMs < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
