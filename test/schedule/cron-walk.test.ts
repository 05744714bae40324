// Next cron times against the tests' own walk over minutes, around changes of the clocks in seven zones: south and north,
// by an hour, by half an hour and by two, and at midnight. Each runs in the named zone and as the process's own.

import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nextCronTime } from "../../src/schedule/cron.ts";
import { type CronSets, timesByWalking, wallMinutes } from "./wall-clock.ts";

const HOUR_MS = 3_600_000;
const CHANGES: ReadonlyArray<[what: string, timeZone: string, aroundUtc: string]> = [
  ["spring", "Europe/Berlin", "2026-03-29T01:00Z"],
  ["autumn", "Europe/Berlin", "2026-10-25T01:00Z"],
  ["spring", "America/New_York", "2026-03-08T07:00Z"],
  ["autumn", "America/New_York", "2026-11-01T06:00Z"],
  ["the half hour forward", "Australia/Lord_Howe", "2026-10-03T15:30Z"],
  ["the half hour back", "Australia/Lord_Howe", "2026-04-04T15:00Z"],
  ["spring at midnight", "America/Sao_Paulo", "2018-11-04T03:00Z"],
  ["autumn at midnight", "America/Sao_Paulo", "2018-02-18T02:00Z"],
  ["the start of Ramadan", "Africa/Casablanca", "2026-02-15T02:00Z"],
  ["the end of Ramadan", "Africa/Casablanca", "2026-03-22T02:00Z"],
  ["two hours forward", "Antarctica/Troll", "2026-03-29T01:00Z"],
  ["a month's end, without a change", "Asia/Kolkata", "2026-02-28T18:30Z"],
];

const originalZone = process.env["TZ"];

describe.each(CHANGES)("over %s in %s (%s)", (_what, timeZone, aroundUtc) => {
  const aroundMs = Date.parse(aroundUtc);
  const minutes = wallMinutes(timeZone, aroundMs - 30 * HOUR_MS, aroundMs + 30 * HOUR_MS);

  afterAll(() => {
    if (originalZone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = originalZone;
  });

  test("the next time is the one that a walk over the minutes finds, from wherever it is asked", () => {
    fc.assert(
      fc.property(
        cron(),
        fc.array(offset(), { minLength: 8, maxLength: 8 }),
        ({ expression, sets }, offsets) => {
          const times = timesByWalking(sets, minutes, true);
          for (const offsetMs of offsets) {
            const afterMs = aroundMs + offsetMs;
            expectSame(
              nextCronTime(expression, timeZone, afterMs),
              times,
              afterMs,
              minutes.at(-1)?.atMs ?? 0,
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("the process's own zone gives the same times", () => {
    process.env["TZ"] = timeZone;
    fc.assert(
      fc.property(cron(), offset(), ({ expression, sets }, offsetMs) => {
        const times = timesByWalking(sets, minutes, true);
        const afterMs = aroundMs + offsetMs;
        expectSame(nextCronTime(expression, null, afterMs), times, afterMs, minutes.at(-1)?.atMs ?? 0);
      }),
      { numRuns: 60 },
    );
  });
});

function expectSame(actualMs: number | null, times: number[], afterMs: number, endMs: number): void {
  const expectedMs = times.find((timeMs) => timeMs > afterMs);
  if (expectedMs === undefined) expect(actualMs === null || actualMs > endMs).toBe(true);
  else expect(actualMs).toBe(expectedMs);
}

/** Mostly close to the change; a day and a half to both sides is all that the walk knows. */
function offset(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }),
    fc.integer({ min: -180, max: 180 }).map((minutes) => minutes * 60_000),
    fc.integer({ min: -29 * HOUR_MS, max: 20 * HOUR_MS }),
  );
}

function cron(): fc.Arbitrary<{ expression: string; sets: CronSets }> {
  const early = fc.integer({ min: 0, max: 4 });
  const hours = fc.oneof(field(0, 23), early.map(only), fc.tuple(early, early).map(between));
  const day = fc.oneof({ weight: 3, arbitrary: fc.constant(star(1, 31)) }, field(1, 31));
  const month = fc.oneof({ weight: 5, arbitrary: fc.constant(star(1, 12)) }, field(1, 12));
  const weekday = fc.oneof({ weight: 3, arbitrary: fc.constant(star(0, 6)) }, field(0, 6));
  return fc.tuple(field(0, 59), hours, day, month, weekday).map((fields) => ({
    expression: fields.map(({ text }) => text).join(" "),
    sets: {
      minutes: fields[0].values,
      hours: fields[1].values,
      days: fields[2].text === "*" ? null : fields[2].values,
      months: fields[3].values,
      weekdays: fields[4].text === "*" ? null : fields[4].values,
    },
  }));
}

interface FieldText {
  text: string;
  values: number[];
}

function field(minimum: number, maximum: number): fc.Arbitrary<FieldText> {
  const value = fc.integer({ min: minimum, max: maximum });
  const step = fc.integer({ min: 2, max: Math.max(2, Math.floor(maximum / 2)) });
  return fc.oneof(
    fc.constant(star(minimum, maximum)),
    value.map(only),
    fc.tuple(value, value).map(between),
    step.map((by) => ({ text: `*/${by}`, values: series(minimum, maximum, by) })),
    fc
      .uniqueArray(value, { minLength: 1, maxLength: 5 })
      .map((values) => ({ text: values.join(","), values })),
  );
}

function star(minimum: number, maximum: number): FieldText {
  return { text: "*", values: series(minimum, maximum, 1) };
}

function only(value: number): FieldText {
  return { text: String(value), values: [value] };
}

function between([a, b]: [number, number]): FieldText {
  const [from, to] = a < b ? [a, b] : [b, a];
  return { text: `${from}-${to}`, values: series(from, to, 1) };
}

function series(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}
