// The warnings of djob next, a schedule's words, and what a change of the clocks did to a time.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { changeOf, localTime } from "../../src/schedule/cron-changes.ts";
import { parseSchedule } from "../../src/schedule/schedule.ts";
import { surprisesOf } from "../../src/schedule/surprises.ts";
import { describeInWords } from "../../src/schedule/words.ts";

const FROM_MS = Date.parse("2026-01-01T00:00Z");

describe("surprisesOf", () => {
  test.each([
    ["0 0 15 * FRI", ["a day that matches either of them counts, as in crontab(5)"]],
    [
      "0 0 */2 * FRI",
      ["either of them counts; Vixie cron and cronie take '*/2' for a star", "begins anew with each month"],
    ],
    ["*/7 * * * *", ["56 is followed by 0, 4 instead of 7 later"]],
    ["0 */5 * * *", ["20 is followed by 0, 4 instead of 5 later"]],
    ["*/90 * * * *", ["means 0 alone"]],
    ["0 0 */2 * *", ["31 is followed by 1"]],
    ["* 2 * * *", ["every minute of hour 2"]],
    ["* * 1 * *", ["every minute of the days it names"]],
    ["* 5 * * * *", ["every second of minute 5"]],
    ["0 0 31 * *", ["no time in February, April, June, September, November"]],
    ["0 0 30 1,2 *", ["no time in February"]],
    ["0 0 29 2 *", ["except in leap years"]],
  ])("of %p", (text, parts) => {
    const found = surprisesOf(parseSchedule(text, "UTC"), FROM_MS);
    expect(found).toHaveLength(parts.length);
    for (const [index, part] of parts.entries()) expect(found[index]).toContain(part);
  });

  test.each([
    "*/5 * * * *",
    "@daily",
    "@monthly",
    "0 9 * * MON-FRI",
    "0 0 L * *",
    "*/30 * * * * *",
    "every 7m",
    "always",
    "* * * * *",
    "0 0 1,31 * *",
  ])("has nothing to say of %p", (text) => {
    expect(
      surprisesOf(parseSchedule(text, text.startsWith("every") || text === "always" ? {} : "UTC"), FROM_MS),
    ).toEqual([]);
  });

  test("tells of changes of the clocks that move or repeat a time", () => {
    expect(surprisesOf(parseSchedule("30 2 * * *", "Europe/Berlin"), FROM_MS)).toEqual([
      "on 2026-03-29 the clocks go forward and there is no 02:30: it runs at 03:30",
      "on 2026-10-25 the clocks go back and 02:30 comes twice: it runs at the first",
    ]);
    expect(surprisesOf(parseSchedule("30 2 * * SUN#1", "Europe/Berlin"), FROM_MS)).toEqual([]);
    expect(surprisesOf(parseSchedule("0 * * * *", "Europe/Berlin"), FROM_MS)).toEqual([]);
    expect(surprisesOf(parseSchedule("0 3 * * *", "Europe/Berlin"), FROM_MS)).toEqual([]);
  });
});

describe("changeOf", () => {
  test.each([
    ["30 2 * * *", "2026-03-29T01:30Z", "moved"],
    ["0 30 2 * * *", "2026-03-29T01:30Z", "moved"],
    ["30 * * * *", "2026-03-29T01:30Z", null],
    ["30 2 * * *", "2026-03-30T00:30Z", null],
    ["30 * * * *", "2026-10-25T00:30Z", null],
    ["30 * * * *", "2026-10-25T01:30Z", "repeated"],
    ["30 2 * * *", "2026-10-25T00:30Z", "first"],
    ["30 3 * * *", "2026-10-25T02:30Z", null],
  ] as const)("of %p at %p", (text, time, change) => {
    expect(changeOf(parseSchedule(text, "Europe/Berlin"), Date.parse(time))).toBe(change);
  });
});

test("a local time has its offset, and milliseconds only if there are any", () => {
  expect(localTime("Europe/Berlin", Date.parse("2026-03-29T01:00Z"))).toBe("2026-03-29T03:00:00+02:00");
  expect(localTime("America/St_Johns", Date.parse("2026-01-01T00:00:00.250Z"))).toBe(
    "2025-12-31T20:30:00.250-03:30",
  );
});

describe("describeInWords", () => {
  test.each([
    ["30 2 * * MON-FRI", "At 02:30, Monday through Friday"],
    ["@hourly", "Every hour"],
    ["0 0 0 1 January Monday", "At 00:00, on day 1 of the month, and on Monday, only in January"],
    ["0 0 * * FRIDAYL", "At 00:00, on the last Friday of the month"],
    ["0 0 * * Thursday#L", "At 00:00, on the last Thursday of the month"],
    ["0 0 1,15W * *", "Minute 0, hour 0, day of month 1,15W"],
    ["every 90s", "Every 1m30s, counted from 1970-01-01T00:00:00Z"],
  ])("of %p", async (text, words) => {
    expect(await describeInWords(parseSchedule(text))).toBe(words);
  });

  test("has words for every schedule", async () => {
    const field = (values: readonly string[]) => fc.constantFrom("*", ...values);
    const parts = fc.tuple(
      field(["0", "*/7", "5/20", "*/70"]),
      field(["0-5", "1,2", "*/5"]),
      field(["L", "lw", "15W", "1,L", "*/2", "1/10"]),
      field(["jan", "January-March", "*/2"]),
      field(["7", "FRI#2", "mondayL", "3#L", "SUN-SAT", "Tuesday,5#1"]),
    );
    await fc.assert(
      fc.asyncProperty(parts, async (words) => {
        expect(await describeInWords(parseSchedule(words.join(" ")))).not.toContain("undefined");
      }),
      { numRuns: 500 },
    );
  });
});
