// crontab(5) expressions: five fields or a nickname, computed by Bun.cron.parse, which follows Vixie cron over a change
// of the clocks. This file adds errors that name the field at fault, and repairs one thing: asked from inside the
// hour after a spring gap, Bun forgets the run that was moved there, so a restart in that hour would lose it.

import { diagnoseCron } from "./cron-diagnosis.ts";
import { ScheduleError } from "./schedule-error.ts";
import { checkTimeZone, offsetAt } from "./time-zone.ts";

// The longest gap that a zone has had: Samoa left out a whole day in 2011.
const LONGEST_GAP_MS = 86_400_000;

/** @throws {ScheduleError} If the expression is not valid or never comes, or if there is no such time zone. */
export function checkCron(expression: string, timeZone: string | null): void {
  if (timeZone !== null) checkTimeZone(timeZone);
  let first: Date | null;
  try {
    first = Bun.cron.parse(expression, 0, zoneOption(timeZone));
  } catch (error) {
    const { reason, hint } = diagnoseCron(expression) ?? { reason: reasonOf(error) };
    throw new ScheduleError(`cannot use the cron expression "${expression}": ${reason}`, hint);
  }
  if (first === null) {
    throw new ScheduleError(
      `cannot use the cron expression "${expression}": it never comes, no month in it has such a day`,
      "check the day of month (third field) against the month (fourth field)",
    );
  }
}

/**
 * The first time strictly after `afterMs`, or null if none comes within eight years.
 * Whatever `afterMs` is, the answer comes from one and the same row of times; decideFiring relies on that.
 */
export function nextCronTime(expression: string, timeZone: string | null, afterMs: number): number | null {
  const gapEndMs = gapShiftingTo(timeZone, afterMs);
  if (gapEndMs !== null) {
    const movedMs = parse(expression, timeZone, gapEndMs - 1);
    if (movedMs === null || movedMs > afterMs) return movedMs;
  }
  return parse(expression, timeZone, afterMs);
}

/** The end of a spring gap whose left-out times, moved forward by the gap, may still lie ahead of `timeMs`. */
function gapShiftingTo(timeZone: string | null, timeMs: number): number | null {
  const offsetMs = offsetAt(timeZone, timeMs);
  const gapMs = offsetMs - offsetAt(timeZone, timeMs - LONGEST_GAP_MS);
  if (gapMs <= 0 || offsetAt(timeZone, timeMs - gapMs) === offsetMs) return null;
  let beforeMs = Math.floor(timeMs) - gapMs;
  let atOrAfterMs = Math.floor(timeMs);
  while (atOrAfterMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + atOrAfterMs) / 2);
    if (offsetAt(timeZone, middleMs) === offsetMs) atOrAfterMs = middleMs;
    else beforeMs = middleMs;
  }
  return atOrAfterMs;
}

function parse(expression: string, timeZone: string | null, afterMs: number): number | null {
  return Bun.cron.parse(expression, afterMs, zoneOption(timeZone))?.getTime() ?? null;
}

function zoneOption(timeZone: string | null): { tz?: string } {
  return timeZone === null ? {} : { tz: timeZone };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Invalid cron expression: /, "");
}
