// A job's schedule: what a user may write in `job(name, schedule, handler)`, and when it comes next.
// Times are milliseconds since the epoch, always given by the caller: nothing here reads a clock.

import { checkCron, nextCronTime } from "./cron.ts";
import { formatExactDuration, parseDuration } from "./duration.ts";
import { ScheduleError } from "./schedule-error.ts";
import { checkTimeZone, parseTime } from "./time-zone.ts";

/** `timeZone: null` is the process's own zone. `always` has no times: the job is restarted whenever it ends. */
export type Schedule =
  | { kind: "cron"; expression: string; timeZone: string | null }
  | { kind: "every"; intervalMs: number }
  | { kind: "at"; timeMs: number }
  | { kind: "always" };

const WHOLE_UNITS: Readonly<Record<string, string>> = {
  second: "1s",
  minute: "1m",
  hour: "1h",
  day: "1d",
  week: "1w",
};
const FORMS = '"*/5 * * * *", "@hourly", "every 10s", "at 2026-12-24T18:00:00+01:00" or "always"';

/**
 * Reads a schedule in its short form.
 * @throws {ScheduleError} If the text is not a schedule, or if there is no such time zone.
 */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const zone = timeZone ?? null;
  if (zone !== null) checkTimeZone(zone);
  const words = text.trim().split(/\s+/);
  const [keyword = ""] = words;
  const rest = words.slice(1).join(" ");
  if (keyword === "always" && rest === "") return { kind: "always" };
  if (keyword === "every") return { kind: "every", intervalMs: parseInterval(rest) };
  if (keyword === "at") return { kind: "at", timeMs: parseTime(rest, zone) };
  if (words.length < 3 && !keyword.startsWith("@")) throw unknownSchedule(text);
  const expression = words.join(" ");
  checkCron(expression, zone);
  return { kind: "cron", expression, timeZone: zone };
}

/** The schedule in the short form that parseSchedule reads; a cron schedule's time zone is not part of it. */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case "cron":
      return schedule.expression;
    case "every":
      return `every ${formatExactDuration(schedule.intervalMs)}`;
    case "at":
      return `at ${new Date(schedule.timeMs).toISOString()}`;
    case "always":
      return "always";
  }
}

/**
 * The first time strictly after `afterMs`, or null if there is none.
 * The times of `every` are multiples of the interval since the epoch, so a restart neither loses nor doubles one.
 */
export function nextTime(schedule: Schedule, afterMs: number): number | null {
  switch (schedule.kind) {
    case "cron":
      return nextCronTime(schedule.expression, schedule.timeZone, afterMs);
    case "every":
      return (Math.floor(afterMs / schedule.intervalMs) + 1) * schedule.intervalMs;
    case "at":
      return schedule.timeMs > afterMs ? schedule.timeMs : null;
    case "always":
      return null;
  }
}

function parseInterval(text: string): number {
  if (text === "") {
    throw new ScheduleError('cannot read the schedule "every": it has no interval', 'write "every 10s"');
  }
  const intervalMs = parseDuration((Object.hasOwn(WHOLE_UNITS, text) && WHOLE_UNITS[text]) || text);
  if (intervalMs >= 1) return intervalMs;
  throw new ScheduleError(
    `cannot use the schedule "every ${text}": the interval is zero`,
    'use at least "every 1ms", or "always" for a job that must never pause',
  );
}

function unknownSchedule(text: string): ScheduleError {
  const hint = isDuration(text) ? `did you mean "every ${text.trim()}"?` : `write ${FORMS}`;
  return new ScheduleError(`cannot read the schedule "${text}": it has none of the known forms`, hint);
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0;
  } catch {
    return false;
  }
}
