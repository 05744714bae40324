// A cron expression against a wall clock that never changes its offset: wall times are milliseconds since the epoch as
// if the clock showed UTC. Which days match is asked of a library (Bun.cron.parse, or croner for L, W, # and years),
// the time of day is arithmetic: so seconds cost no more than minutes, and a year of them is counted day by day.

import type { Cron } from "croner";
import { type Field, type FieldTexts, fieldsFor, fieldTexts, isSpecialDay, valuesOf } from "./cron-fields.ts";

export const DAY_MS = 86_400_000;
/** Whoever asks for a schedule's days asks for one after another: so many are asked of the library only once. */
const MAXIMUM_CACHED = 1_000;

export interface WallCron {
  /** Times of a day in milliseconds since midnight: every combination of them. */
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
  /** Minute or hour is a full star: over a fall-back it runs through both occurrences. */
  readonly runsThroughBoth: boolean;
  /** The first matching day at or after a midnight, as its midnight; null: none comes. */
  dayFrom(midnightMs: number): number | null;
}

const known = new Map<string, WallCron>();

/** @param expression valid, with H resolved */
export function wallCron(expression: string): WallCron {
  const found = known.get(expression);
  if (found !== undefined) return found;
  if (known.size >= MAXIMUM_CACHED) known.clear();
  const made = makeWallCron(expression);
  known.set(expression, made);
  return made;
}

/** Seconds, a year, or a day that crontab(5) does not know: what Bun.cron.parse refuses. */
export function needsCroner(expression: string): boolean {
  let answer = answers.get(expression);
  if (answer === undefined) {
    answer = isForCroner(expression);
    if (answers.size >= mostAnswers) answers.clear();
    answers.set(expression, answer);
  }
  return answer;
}

/** The same few expressions are asked for again and again. */
const answers = new Map<string, boolean>();
const mostAnswers = 1_000;

function isForCroner(expression: string): boolean {
  const words = expression.split(" ");
  if (words.length !== 5) return words.length > 5;
  const fields = fieldsFor(5) ?? [];
  return [2, 4].some((index) => {
    const field = fields[index];
    return field !== undefined && (words[index] ?? "").split(",").some((entry) => isSpecialDay(field, entry));
  });
}

/** The first matching wall time strictly after another, or null. */
export function nextWall(cron: WallCron, afterMs: number): number | null {
  const midnightMs = midnightOf(afterMs);
  const dayMs = cron.dayFrom(midnightMs);
  if (dayMs === null) return null;
  if (dayMs > midnightMs) return dayMs + nextOfDay(cron, -1);
  const withinMs = nextOfDay(cron, afterMs - midnightMs);
  if (withinMs < DAY_MS) return midnightMs + withinMs;
  const followingMs = cron.dayFrom(midnightMs + DAY_MS);
  return followingMs === null ? null : followingMs + nextOfDay(cron, -1);
}

/** How many wall times are after one and through another. One look-up a matching day. */
export function countWall(cron: WallCron, afterMs: number, throughMs: number): number {
  const perDay = cron.hours.length * cron.minutes.length * cron.seconds.length;
  let count = 0;
  for (let dayMs = cron.dayFrom(midnightOf(afterMs)); dayMs !== null && dayMs <= throughMs; ) {
    const before = afterMs >= dayMs ? countOfDay(cron, afterMs - dayMs) : 0;
    count += (throughMs - dayMs < DAY_MS ? countOfDay(cron, throughMs - dayMs) : perDay) - before;
    dayMs = cron.dayFrom(dayMs + DAY_MS);
  }
  return count;
}

function midnightOf(wallMs: number): number {
  return Math.floor(wallMs / DAY_MS) * DAY_MS;
}

/** The first time of a day strictly after another; a day or more if there is none. */
function nextOfDay({ hours, minutes, seconds }: WallCron, afterMs: number): number {
  const [hour = 0, minute = 0, second = 0] = [hours[0], minutes[0], seconds[0]];
  for (const hourMs of hours) {
    if (hourMs + 3_600_000 <= afterMs) continue;
    if (hourMs > afterMs) return hourMs + minute + second;
    for (const minuteMs of minutes) {
      if (hourMs + minuteMs + 60_000 <= afterMs) continue;
      if (hourMs + minuteMs > afterMs) return hourMs + minuteMs + second;
      for (const secondMs of seconds) {
        if (hourMs + minuteMs + secondMs > afterMs) return hourMs + minuteMs + secondMs;
      }
    }
  }
  return DAY_MS + hour + minute + second;
}

/** How many times of a day are at or before one. */
function countOfDay({ hours, minutes, seconds }: WallCron, throughMs: number): number {
  const within = Math.floor(throughMs / 1_000) * 1_000;
  const hourMs = Math.floor(within / 3_600_000) * 3_600_000;
  const minuteMs = Math.floor((within - hourMs) / 60_000) * 60_000;
  const secondMs = within - hourMs - minuteMs;
  const below = (values: readonly number[], limit: number) => values.filter((value) => value < limit).length;
  let count = below(hours, hourMs) * minutes.length * seconds.length;
  if (!hours.includes(hourMs)) return count;
  count += below(minutes, minuteMs) * seconds.length;
  return minutes.includes(minuteMs) ? count + below(seconds, secondMs + 1) : count;
}

function makeWallCron(expression: string): WallCron {
  const words = plainWords(expression);
  const fields = fieldsFor(words.length) ?? [];
  const texts = fieldTexts(words);
  const timeOf = (name: "second" | "minute" | "hour", unitMs: number) => {
    const field = fields.find((each) => each.name === name);
    return field === undefined ? [0] : valuesOf(field, texts[name]).map((value) => value * unitMs);
  };
  const hours = timeOf("hour", 3_600_000);
  const minutes = timeOf("minute", 60_000);
  return {
    hours,
    minutes,
    seconds: timeOf("second", 1_000),
    runsThroughBoth: hours.length === 24 || minutes.length === 60,
    dayFrom: remembering(daysOf(texts)),
  };
}

/** The five fields that a nickname stands for; other expressions as they are. */
export function plainWords(expression: string): string[] {
  return (NICKNAMES[expression.toLowerCase()] ?? expression).split(" ");
}

export const NICKNAMES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

type Days = (midnightMs: number) => number | null;

function remembering(days: Days): Days {
  let fromMs = Number.POSITIVE_INFINITY;
  let dayMs: number | null = null;
  return (midnightMs) => {
    if (dayMs !== null && midnightMs >= fromMs && midnightMs <= dayMs) return dayMs;
    fromMs = midnightMs;
    dayMs = days(midnightMs);
    return dayMs;
  };
}

function daysOf(texts: FieldTexts): Days {
  const { day, month, weekday, year } = texts;
  if ([day, month, weekday, year].every((text) => text === "*")) return (midnightMs) => midnightMs;
  const expression = `0 0 ${day} ${month} ${weekday}`;
  if (year !== "*" || needsCroner(expression)) return daysOfCroner(texts);
  return (midnightMs) => Bun.cron.parse(expression, midnightMs - 1, { tz: "UTC" })?.getTime() ?? null;
}

function daysOfCroner(texts: FieldTexts): Days {
  const patterns = compileDays(texts);
  return (midnightMs) => {
    let firstMs: number | null = null;
    for (const pattern of patterns) {
      const dayMs = pattern.nextRun(new Date(midnightMs - 1))?.getTime() ?? null;
      if (dayMs !== null && (firstMs === null || dayMs < firstMs)) firstMs = dayMs;
    }
    return firstMs;
  };
}

/**
 * One pattern for each entry of the two day fields, of which any may match: croner takes "L,LW" for "LW". Plain entries are
 * written out as numbers, so that it has nothing to read otherwise than Bun.cron.parse does: long names, Sunday as 7,
 * "5/15", a step larger than the field.
 */
function compileDays({ day, month, weekday, year }: FieldTexts): Cron[] {
  // Loaded by the first schedule that needs it: most daemons have none, and job() cannot wait for an import.
  const { Cron: Croner } = require("croner") as typeof import("croner");
  const [, , , days, months, weekdays, years] = fieldsFor(7) ?? [];
  const [inMonths = "*"] = entriesOf(months, month);
  const [inYears = "*"] = entriesOf(years, year);
  const compile = (onDay: string, onWeekday: string) =>
    new Croner(`0 0 0 ${onDay} ${inMonths} ${onWeekday} ${inYears}`, {
      timezone: "UTC",
      mode: "7-part",
      paused: true,
    });
  if (day === "*" && weekday === "*") return [compile("*", "*")];
  const byDay = day === "*" ? [] : entriesOf(days, day).map((entry) => compile(entry, "*"));
  const byWeekday = weekday === "*" ? [] : entriesOf(weekdays, weekday).map((entry) => compile("*", entry));
  return [...byDay, ...byWeekday];
}

/** The plain entries of a field together, and each special day by itself. */
function entriesOf(field: Field | undefined, text: string): string[] {
  if (field === undefined || text === "*") return ["*"];
  const special = text.split(",").filter((entry) => isSpecialDay(field, entry));
  const plain = valuesOf(field, text).join(",");
  return [...(plain === "" ? [] : [plain]), ...special.map((entry) => numbered(entry.toUpperCase()))];
}

/** FRI#2 and FRIDAYL as 5#2 and 5L, SUN and 7 as 0. */
function numbered(entry: string): string {
  const match = /^([A-Z]{3})[A-Z]*?(#[1-5L]|L)$/.exec(entry);
  if (match === null || entry === "LW") return entry.replace(/^7(?=#|L)/, "0");
  const index = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"].indexOf(match[1] ?? "");
  return `${index}${match[2]}`;
}
