// Durations as users write them, what is refused and with which words, and that writing and reading agree.
// Examples first, then properties over random durations and random texts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, formatExactDuration, parseDuration } from "../../src/schedule/duration.ts";
import { thrownBy } from "./thrown.ts";

const TEN_YEARS_MS = 3_653 * 86_400_000;
const durations = fc.oneof(
  fc.integer({ min: 0, max: 10_000 }),
  fc.integer({ min: 0, max: TEN_YEARS_MS }),
  fc.integer({ min: 0, max: 520 }).map((weeks) => weeks * 604_800_000),
);

describe("parseDuration", () => {
  test.each([
    ["500ms", 500],
    ["10s", 10_000],
    ["1.5h", 5_400_000],
    ["0.1s", 100],
    ["1m30s", 90_000],
    ["1m 30s", 90_000],
    [" 2d ", 172_800_000],
    ["1w", 604_800_000],
    ["1w2d3h4m5s6ms", 788_645_006],
    ["0s", 0],
    ["3653d", TEN_YEARS_MS],
  ])("reads %p", (text, expectedMs) => {
    expect(parseDuration(text)).toBe(expectedMs);
  });

  test.each([
    ["", "it is empty", "number with its unit"],
    ["10", "'10' has no unit", 'add a unit: "10s"'],
    ["10 s", "'10' has no unit", 'add a unit: "10s"'],
    ["1m30", "'30' has no unit", "add a unit"],
    ["-5s", "it is negative", "start at 0"],
    ["NaN", "'NaN' is not a number with a unit", "write it as"],
    ["soon", "'soon' is not a number with a unit", "write it as"],
    ["1m  30s", "is not a number with a unit", "write it as"],
    ["5s5s", "the unit 's' stands twice", "write it as"],
    ["5s1m", "do not go from large to small", "write it as"],
    ["5M", "there is no unit 'M'", "ms, s, m, h, d, w"],
    ["10min", "there is no unit 'min'", 'write "10m" (units: ms, s, m, h, d, w)'],
    ["5 minutes", "'5' has no unit", 'add a unit: "5m"'],
    ["2hours", "there is no unit 'hours'", 'write "2h"'],
    ["1e3s", "there is no unit 'e'", "ms, s, m, h, d, w"],
    ["3654d", "longer than 10 years", "shorter"],
    [`${"9".repeat(400)}d`, "longer than 10 years", "shorter"],
    ["0.5ms", "finer than a millisecond", "round it"],
  ])("refuses %p and says why and what would help", (text, reason, help) => {
    const { message, hint } = thrownBy(() => parseDuration(text));
    expect(message).toStartWith(`cannot read the duration "${text}": `);
    expect(message).toContain(reason);
    expect(hint).toContain(help);
  });

  test("never gives anything but whole milliseconds within ten years, whatever the text", () => {
    const piece = fc.constantFrom("1", "30", "0.5", "ms", "s", "m", "h", "d", "w", " ", "-", "e", "x");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        let durationMs = 0;
        try {
          durationMs = parseDuration(pieces.join(""));
        } catch (error) {
          expect(error).toHaveProperty("name", "ScheduleError");
        }
        expect(Number.isSafeInteger(durationMs) && durationMs >= 0 && durationMs <= TEN_YEARS_MS).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [0.2, "0s"],
    [250, "250ms"],
    [1_250, "1s 250ms"],
    [90_000, "1m 30s"],
    [273_600_000, "3d 4h"],
    [273_661_001, "3d 4h"],
    [86_405_000, "1d 5s"],
    [604_800_000, "1w"],
    [864_000_000, "10d"],
    [-90_000, "-1m 30s"],
    [Number.POSITIVE_INFINITY, "Infinity"],
  ])("writes %p as %p", (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });

  test("parseDuration reads back what it wrote, less at most one of the smaller unit", () => {
    fc.assert(
      fc.property(durations, (durationMs) => {
        const readMs = parseDuration(formatDuration(durationMs));
        expect(readMs).toBeLessThanOrEqual(durationMs);
        expect(durationMs - readMs).toBeLessThan(Math.max(1, durationMs / 24));
      }),
    );
  });

  test("parseDuration reads back exactly what formatExactDuration wrote", () => {
    fc.assert(
      fc.property(durations, (durationMs) => {
        expect(parseDuration(formatExactDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});
