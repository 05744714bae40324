// Wall clocks: which IANA time zones there are, how far one is from UTC at an instant, and which instant a local time
// means. `null` stands for the process's own zone and goes through Date, because the first use of a named zone loads
// the time-zone data, which costs some 10 ms.

import { closest, distance } from "fastest-levenshtein";
import { ScheduleError } from "./schedule-error.ts";

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;
const EXAMPLE = '"2026-12-24T18:00:00+01:00", or without the offset for local time';

/** Zones that were found good: looking one up takes longer than computing a next time. */
const checked = new Set<string>();
const MAXIMUM_CHECKED = 2_000;

/** @throws {ScheduleError} If the IANA database has no such zone; a bare offset such as "+02:00" is none either. */
export function checkTimeZone(timeZone: string): void {
  if (checked.has(timeZone)) return;
  if (/^[+-]/.test(timeZone)) {
    throw new ScheduleError(
      `cannot use the time zone "${timeZone}": it is an offset, not a zone`,
      "use a name such as Europe/Berlin, or Etc/GMT-2 for UTC+2",
    );
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new ScheduleError(
      `cannot use the time zone "${timeZone}": there is no such zone`,
      hintForZone(timeZone),
    );
  }
  if (checked.size < MAXIMUM_CHECKED) checked.add(timeZone);
}

/** How far the zone's wall clock is ahead of UTC at an instant, in milliseconds. The zone must have been checked. */
export function offsetAt(timeZone: string | null, timeMs: number): number {
  if (timeZone === null) return -new Date(timeMs).getTimezoneOffset() * 60_000;
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(timeMs)).toZonedDateTimeISO(timeZone);
  return local.offsetNanoseconds / 1e6;
}

/**
 * Reads an ISO 8601 time. Without an offset it is a wall-clock time in the zone; one that a change of the clocks leaves
 * out moves forward by the gap, one that comes twice means the first.
 * @returns milliseconds since the epoch
 * @throws {ScheduleError} If the text is not such a time, or names a day or an hour that does not exist.
 */
export function parseTime(text: string, timeZone: string | null): number {
  const match = ISO_TIME.exec(text);
  if (match === null) throw refused(text, "it is not an ISO 8601 time", `write it as ${EXAMPLE}`);
  const [, year, month, day, hour, minute, second = "0", fraction = "0", offset] = match;
  if (hour === undefined) throw refused(text, "it has no time of day", `write it as ${EXAMPLE}`);
  const fields = [year, month, day, hour, minute, second].map(Number) as WallFields;
  fields.push(Number(fraction.padEnd(3, "0").slice(0, 3)));
  checkFields(text, fields);
  if (offset !== undefined) return wallAsUtc(fields) - parseOffset(text, offset);
  return timeZone === null ? localInstant(fields) : zonedInstant(fields, timeZone);
}

type WallFields = [number, number, number, number, number, number, ...number[]];

function wallAsUtc([year, month, day, hour, minute, second, milli = 0]: WallFields): number {
  return (
    new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000 + milli
  );
}

function localInstant([year, month, day, hour, minute, second, milli = 0]: WallFields): number {
  // In two steps, because the Date constructor reads years below 100 as 19xx.
  const date = new Date(2000, 0, 1, 12);
  date.setFullYear(year, month - 1, day);
  return date.setHours(hour, minute, second, milli);
}

function zonedInstant(
  [year, month, day, hour, minute, second, milli = 0]: WallFields,
  timeZone: string,
): number {
  const wall = new Temporal.PlainDateTime(year, month, day, hour, minute, second, milli);
  return wall.toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
}

function checkFields(text: string, fields: WallFields): void {
  const [year, month, day, hour, minute, second] = fields;
  if (month < 1 || month > 12) throw refused(text, `there is no month ${month}`, `write it as ${EXAMPLE}`);
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  if (day < 1 || day > lastDay)
    throw refused(text, `month ${month} of ${year} has no day ${day}`, "use another day");
  if (hour > 23) throw refused(text, `hour ${hour} is not within 0-23`, "midnight is 00:00 of the next day");
  if (minute > 59) throw refused(text, `minute ${minute} is not within 0-59`, `write it as ${EXAMPLE}`);
  if (second > 59) throw refused(text, `second ${second} is not within 0-59`, `write it as ${EXAMPLE}`);
}

function parseOffset(text: string, offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(-2));
  if (hours > 23 || minutes > 59)
    throw refused(text, `there is no offset '${offset}'`, `write it as ${EXAMPLE}`);
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function hintForZone(timeZone: string): string {
  const near = closest(timeZone, [...Intl.supportedValuesOf("timeZone"), "UTC"]);
  const isNear = timeZone !== "" && distance(timeZone, near) <= 3;
  return isNear ? `did you mean ${near}?` : "use an IANA name such as Europe/Berlin or UTC";
}

function refused(text: string, reason: string, hint: string): ScheduleError {
  return new ScheduleError(`cannot read the time "${text}": ${reason}`, hint);
}
