// Next times of schedules with seconds, years, L, W and # against the tests' own walk over every second around changes
// of the clocks, and over every day of years: an independent, slow reading of the rules.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nextCronTime } from "../../src/schedule/cron.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CHANGES: ReadonlyArray<[what: string, timeZone: string, aroundUtc: string]> = [
  ["spring", "Europe/Berlin", "2026-03-29T01:00Z"],
  ["autumn", "Europe/Berlin", "2026-10-25T01:00Z"],
  ["spring", "America/New_York", "2026-03-08T07:00Z"],
  ["autumn", "America/New_York", "2026-11-01T06:00Z"],
  ["the half hour forward", "Australia/Lord_Howe", "2026-10-03T15:30Z"],
  ["the half hour back", "Australia/Lord_Howe", "2026-04-04T15:00Z"],
  ["spring at midnight", "America/Sao_Paulo", "2018-11-04T03:00Z"],
  ["two hours forward", "Antarctica/Troll", "2026-03-29T01:00Z"],
  ["a month's end, without a change", "Asia/Kolkata", "2026-02-28T18:30Z"],
  ["a month's end, without a change", "UTC", "2026-03-01T00:00Z"],
];

describe.each(CHANGES)("over %s in %s (%s)", (_what, timeZone, aroundUtc) => {
  const aroundMs = Date.parse(aroundUtc);
  const [fromMs, toMs] = [aroundMs - 3 * HOUR_MS, aroundMs + 4 * HOUR_MS];
  const seconds = wallSeconds(timeZone, fromMs, toMs);

  test("the next time is the one that a walk over the seconds finds, from wherever it is asked", () => {
    const offset = fc.integer({ min: -2 * HOUR_MS, max: 3 * HOUR_MS });
    fc.assert(
      fc.property(
        timed(),
        fc.array(offset, { minLength: 6, maxLength: 6 }),
        ({ expression, sets }, offsets) => {
          const times = timesByWalking(sets, seconds);
          for (const offsetMs of offsets) {
            const afterMs = aroundMs + offsetMs;
            const expectedMs = times.find((timeMs) => timeMs > afterMs);
            const actualMs = nextCronTime(expression, timeZone, afterMs);
            if (expectedMs === undefined) expect(actualMs === null || actualMs >= toMs).toBe(true);
            else expect(actualMs).toBe(expectedMs);
          }
        },
      ),
      { numRuns: 80 },
    );
  });
});

test("days by L, W, # and years are those that a walk over the days finds", () => {
  const start = fc.integer({ min: Date.UTC(2023, 0) / DAY_MS, max: Date.UTC(2027, 0) / DAY_MS });
  fc.assert(
    fc.property(dated(), start, ({ expression, matches }, day) => {
      const afterMs = day * DAY_MS;
      let expectedMs: number | null = null;
      for (let atMs = afterMs + DAY_MS; atMs < afterMs + 800 * DAY_MS; atMs += DAY_MS) {
        if (!matches(new Date(atMs))) continue;
        expectedMs = atMs;
        break;
      }
      const actualMs = nextCronTime(expression, "UTC", afterMs);
      if (expectedMs !== null) expect({ expression, actualMs }).toEqual({ expression, actualMs: expectedMs });
      else expect(actualMs === null || actualMs >= afterMs + 800 * DAY_MS).toBe(true);
    }),
    { numRuns: 1_500 },
  );
});

interface WallSecond {
  atMs: number;
  wallMs: number;
}

interface TimeSets {
  seconds: number[];
  minutes: number[];
  hours: number[];
}

function wallSeconds(timeZone: string, fromMs: number, toMs: number): WallSecond[] {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const all: WallSecond[] = [];
  for (let minuteMs = fromMs; minuteMs < toMs; minuteMs += 60_000) {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = (
      clock.format(minuteMs).match(/\d+/g) ?? []
    ).map(Number);
    const wallMs = Date.UTC(year, month - 1, day, hour, minute);
    for (let second = 0; second < 60; second += 1)
      all.push({ atMs: minuteMs + second * 1_000, wallMs: wallMs + second * 1_000 });
  }
  return all;
}

function timesByWalking(sets: TimeSets, seconds: readonly WallSecond[]): number[] {
  const isMatch = (wallMs: number) => {
    const wall = new Date(wallMs);
    return (
      sets.seconds.includes(wall.getUTCSeconds()) &&
      sets.minutes.includes(wall.getUTCMinutes()) &&
      sets.hours.includes(wall.getUTCHours())
    );
  };
  const runsThroughBoth = sets.minutes.length === 60 || sets.hours.length === 24;
  const times = new Set<number>();
  let latestWallMs = Number.NEGATIVE_INFINITY;
  let previousWallMs: number | null = null;
  for (const { atMs, wallMs } of seconds) {
    if (previousWallMs !== null) {
      for (let missingMs = previousWallMs + 1_000; missingMs < wallMs; missingMs += 1_000) {
        if (!isMatch(missingMs)) continue;
        times.add(atMs + missingMs - previousWallMs - 1_000);
        break;
      }
    }
    if (isMatch(wallMs) && (wallMs > latestWallMs || runsThroughBoth)) times.add(atMs);
    latestWallMs = Math.max(latestWallMs, wallMs);
    previousWallMs = wallMs;
  }
  return [...times].sort((a, b) => a - b);
}

function timed(): fc.Arbitrary<{ expression: string; sets: TimeSets }> {
  const early = fc.integer({ min: 0, max: 4 }).map((hour) => ({ text: String(hour), values: [hour] }));
  return fc
    .tuple(field(0, 59), field(0, 59), fc.oneof(field(0, 23), early))
    .map(([second, minute, hour]) => ({
      expression: `${second.text} ${minute.text} ${hour.text} * * *`,
      sets: { seconds: second.values, minutes: minute.values, hours: hour.values },
    }));
}

interface Dated {
  expression: string;
  matches: (date: Date) => boolean;
}

type DayRule = { text: string; matches: (date: Date) => boolean };

function dated(): fc.Arbitrary<Dated> {
  const day = fc.oneof(dayRule(), fc.tuple(dayRule(), dayRule()).map(either));
  const weekday = fc.oneof(weekdayRule(), fc.tuple(weekdayRule(), weekdayRule()).map(either));
  const star: DayRule = { text: "*", matches: () => true };
  const month = fc.oneof(
    { weight: 2, arbitrary: fc.constant({ text: "*", values: [] as number[] }) },
    field(1, 12),
  );
  const year = fc.constantFrom("", " *", " 2025", " 2024-2027", " 2024/2");
  return fc
    .tuple(fc.oneof(day, fc.constant(star)), month, fc.oneof(weekday, fc.constant(star)), year)
    .map(([days, months, weekdays, years]) => ({
      expression: `0 0 0 ${days.text} ${months.text} ${weekdays.text}${years}`,
      matches: (date) => {
        if (months.text !== "*" && !months.values.includes(date.getUTCMonth() + 1)) return false;
        const full = date.getUTCFullYear();
        if (years === " 2025" && full !== 2025) return false;
        if (years === " 2024-2027" && (full < 2024 || full > 2027)) return false;
        if (years === " 2024/2" && (full < 2024 || full % 2 !== 0)) return false;
        if (days.text === "*") return weekdays.matches(date);
        return days.matches(date) || (weekdays.text !== "*" && weekdays.matches(date));
      },
    }));
}

function either([a, b]: [DayRule, DayRule]): DayRule {
  return { text: `${a.text},${b.text}`, matches: (date) => a.matches(date) || b.matches(date) };
}

function dayRule(): fc.Arbitrary<DayRule> {
  const number = fc.integer({ min: 1, max: 31 });
  return fc.oneof(
    fc.constant({ text: "L", matches: (date: Date) => date.getUTCDate() === lastDay(date) }),
    fc.constant({
      text: "lw",
      matches: (date: Date) => date.getUTCDate() === weekdayNear(date, lastDay(date)),
    }),
    number.map((day) => ({
      text: `${day}W`,
      matches: (date: Date) => day <= lastDay(date) && date.getUTCDate() === weekdayNear(date, day),
    })),
    number.map((day) => ({ text: String(day), matches: (date: Date) => date.getUTCDate() === day })),
    fc.constant({ text: "*/10", matches: (date: Date) => date.getUTCDate() % 10 === 1 }),
  );
}

function weekdayRule(): fc.Arbitrary<DayRule> {
  const names = ["SUN", "mon", "Tuesday", "3", "thu", "FRI", "6", "7"];
  const weekday = fc.integer({ min: 0, max: 7 });
  return fc.oneof(
    weekday.map((index) => ({
      text: `${names[index]}L`,
      matches: (date: Date) => date.getUTCDay() === index % 7 && date.getUTCDate() > lastDay(date) - 7,
    })),
    fc.tuple(weekday, fc.integer({ min: 1, max: 5 })).map(([index, nth]) => ({
      text: `${names[index]}#${nth}`,
      matches: (date: Date) => date.getUTCDay() === index % 7 && Math.ceil(date.getUTCDate() / 7) === nth,
    })),
    weekday.map((index) => ({
      text: String(names[index]),
      matches: (date: Date) => date.getUTCDay() === index % 7,
    })),
  );
}

function lastDay(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The Monday to Friday of the same month that is nearest to a day. */
function weekdayNear(date: Date, day: number): number {
  const at = (each: number) =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), each)).getUTCDay();
  if (at(day) === 6) return day === 1 ? 3 : day - 1;
  if (at(day) === 0) return day === lastDay(date) ? day - 2 : day + 1;
  return day;
}

interface FieldText {
  text: string;
  values: number[];
}

function field(minimum: number, maximum: number): fc.Arbitrary<FieldText> {
  const value = fc.integer({ min: minimum, max: maximum });
  return fc.oneof(
    fc.constant({ text: "*", values: series(minimum, maximum, 1) }),
    value.map((one) => ({ text: String(one), values: [one] })),
    fc.tuple(value, value).map(([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      return { text: `${from}-${to}`, values: series(from, to, 1) };
    }),
    fc.tuple(value, fc.integer({ min: 1, max: 70 })).map(([from, by]) => ({
      text: `${from}/${by}`,
      values: series(from, maximum, by),
    })),
    fc.integer({ min: 2, max: 70 }).map((by) => ({ text: `*/${by}`, values: series(minimum, maximum, by) })),
  );
}

function series(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}
