// Cron expressions. Five fields and nicknames are computed by Bun.cron.parse, which follows Vixie cron over a change of
// the clocks; seconds, years, L, W and # by cron-zoned.ts, by the same rules. This file adds errors that name the field
// at fault, and repairs one thing: asked from inside the hour after a spring gap, Bun forgets the run that was moved
// there, so a restart in that hour would lose it.

import { diagnoseCron } from "./cron-diagnosis.ts";
import { isPlain } from "./cron-plain.ts";
import { needsCroner } from "./cron-wall.ts";
import { nextZonedTime } from "./cron-zoned.ts";
import { ScheduleError } from "./schedule-error.ts";
import { checkTimeZone, offsetAt } from "./time-zone.ts";
import { periodAt } from "./zone-period.ts";

// The longest gap that a zone has had: Samoa left out a whole day in 2011.
const LONGEST_GAP_MS = 86_400_000;

/**
 * @param expression one space between its words, H resolved
 * @param written as its user wrote it, for the message
 * @throws {ScheduleError} If the expression is not valid or never comes, or if there is no such time zone.
 */
export function checkCron(expression: string, timeZone: string | null, written: string = expression): void {
  if (timeZone !== null) checkTimeZone(timeZone);
  if (isPlain(expression)) return;
  const refused = `cannot use the cron expression "${written}"`;
  const isExtended = needsCroner(expression);
  const found = isExtended ? diagnoseCron(written) : null;
  if (found !== null) throw new ScheduleError(`${refused}: ${found.reason}`, found.hint);
  let firstMs: number | null;
  try {
    firstMs = isExtended ? nextZonedTime(expression, timeZone, 0) : parse(expression, timeZone, 0);
  } catch (error) {
    const { reason, hint } = diagnoseCron(written) ?? { reason: reasonOf(error) };
    throw new ScheduleError(`${refused}: ${reason}`, hint);
  }
  if (firstMs === null) {
    throw new ScheduleError(
      `${refused}: it never comes, no month in it has such a day`,
      isExtended
        ? "check the day of month against the month and the year"
        : "check the day of month (third field) against the month (fourth field)",
    );
  }
}

/**
 * The first time strictly after `afterMs`, or null if none comes (of five fields: within eight years).
 * Whatever `afterMs` is, the answer comes from one and the same row of times; dueTimes relies on that.
 */
export function nextCronTime(expression: string, timeZone: string | null, afterMs: number): number | null {
  if (needsCroner(expression)) return nextZonedTime(expression, timeZone, afterMs);
  const gapEndMs = gapShiftingTo(timeZone, afterMs);
  if (gapEndMs !== null) {
    const movedMs = parse(expression, timeZone, gapEndMs - 1);
    if (movedMs === null || movedMs > afterMs) return movedMs;
  }
  return parse(expression, timeZone, afterMs);
}

/** The end of a spring gap whose left-out times, moved forward by the gap, may still lie ahead of `timeMs`. */
function gapShiftingTo(timeZone: string | null, timeMs: number): number | null {
  const offsetMs = offsetOf(timeZone, timeMs);
  const gapMs = offsetMs - offsetOf(timeZone, timeMs - LONGEST_GAP_MS);
  if (gapMs <= 0 || offsetOf(timeZone, timeMs - gapMs) === offsetMs) return null;
  let beforeMs = Math.floor(timeMs) - gapMs;
  let atOrAfterMs = Math.floor(timeMs);
  while (atOrAfterMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + atOrAfterMs) / 2);
    if (offsetOf(timeZone, middleMs) === offsetMs) atOrAfterMs = middleMs;
    else beforeMs = middleMs;
  }
  return atOrAfterMs;
}

/** The same as offsetAt, from what was looked up before. */
function offsetOf(timeZone: string | null, timeMs: number): number {
  return timeZone === null ? offsetAt(null, timeMs) : periodAt(timeZone, timeMs).offsetMs;
}

function parse(expression: string, timeZone: string | null, afterMs: number): number | null {
  return Bun.cron.parse(expression, afterMs, zoneOption(timeZone))?.getTime() ?? null;
}

function zoneOption(timeZone: string | null): { tz?: string } {
  return timeZone === null ? {} : { tz: timeZone };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^(Invalid cron expression|CronPattern): /, "");
}
