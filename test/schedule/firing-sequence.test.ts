// A scheduler in miniature, driven through random readings of a wall clock: it holds a due time and, whenever the
// clock is read, asks dueTimes, or afterClockStep when the clock has gone back.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { dueTimes } from "../../src/schedule/due-times.ts";
import { afterClockStep, CORRECTION_STEP_MS } from "../../src/schedule/firing.ts";
import { nextPlanned, type Plan } from "../../src/schedule/plan.ts";
import { planOf } from "./plans.ts";

const HOUR_MS = 3_600_000;
const SCHEDULES: ReadonlyArray<[text: string, timeZone?: string]> = [
  ["every 7s"],
  ["every 90s offset 7s"],
  ["*/40 * 2 * * *", "Europe/Berlin"],
  ["H H/3 * * *", "America/New_York"],
  ["every 50m; 0 */2 * * *", "Europe/Berlin"],
  ["every 1h"],
  ["*/7 * * * *", "UTC"],
  ["30 2 * * *", "Europe/Berlin"],
  ["*/20 1-3 * * *", "America/New_York"],
  ["15,45 * * * *", "Australia/Lord_Howe"],
  ["0 */5 * * *", "America/Sao_Paulo"],
];
// Shortly before the clocks go forward or back in one of the zones above.
const starts = fc.constantFrom(
  Date.parse("2026-03-28T22:00Z"),
  Date.parse("2026-10-24T22:00Z"),
  Date.parse("2026-03-08T05:00Z"),
  Date.parse("2026-10-03T13:00Z"),
  Date.parse("2026-04-04T13:00Z"),
);
const forward = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.integer({ min: 0, max: 2 * HOUR_MS }),
  fc.integer({ min: 0, max: 40 * HOUR_MS }),
);

describe.each(SCHEDULES)("%p (%p)", (text, timeZone) => {
  const plan = planOf(text.split("; "), timeZone);

  test("on a clock that only goes forward no time is early, none is twice, and none is unaccounted for", () => {
    fc.assert(
      fc.property(starts, fc.array(forward, { maxLength: 30 }), (startMs, steps) => {
        const { fired, endMs } = run(plan, startMs, steps);
        expectInOrderAndNotEarly(fired);
        const accounted = fired.reduce((sum, { skipped }) => sum + skipped + 1, 0);
        expect(accounted).toBe(countTimes(plan, startMs, endMs));
      }),
      { numRuns: 100 },
    );
  });

  test("when the clock goes back by less than three hours nothing repeats, and the job goes on", () => {
    const back = fc.integer({ min: -(CORRECTION_STEP_MS - 1), max: -1 });
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: forward }, { weight: 1, arbitrary: back }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(starts, steps, (startMs, clockSteps) => {
        // Two steps back in a row may add up to a correction; the clock moves past them first.
        const separate = clockSteps.flatMap((stepMs) =>
          stepMs < 0 ? [stepMs, CORRECTION_STEP_MS] : [stepMs],
        );
        const { fired, dueMs, endMs } = run(plan, startMs, separate);
        expectInOrderAndNotEarly(fired);
        expect(dueMs).toBeGreaterThan(endMs);
        expect(dueMs).toBe(nextPlanned(plan, Math.max(endMs, fired.at(-1)?.scheduledAtMs ?? 0)) ?? 0);
      }),
      { numRuns: 100 },
    );
  });

  test("when the clock is corrected by days the job does not pause until it has caught up", () => {
    fc.assert(
      fc.property(starts, fc.integer({ min: 2, max: 3_000 }), (startMs, days) => {
        const { dueMs, endMs } = run(plan, startMs, [48 * HOUR_MS, -days * 24 * HOUR_MS]);
        expect(dueMs).toBe(nextPlanned(plan, endMs) ?? 0);
      }),
      { numRuns: 50 },
    );
  });
});

interface Fired {
  scheduledAtMs: number;
  skipped: number;
  atMs: number;
}

/** Reads the clock after each step and acts as the scheduler would. */
function run(plan: Plan, startMs: number, steps: number[]): { fired: Fired[]; dueMs: number; endMs: number } {
  let nowMs = startMs;
  let dueMs = nextPlanned(plan, startMs) ?? Number.NaN;
  let lastScheduledMs: number | null = null;
  const fired: Fired[] = [];
  for (const stepMs of steps) {
    nowMs += stepMs;
    if (stepMs < 0) {
      dueMs = afterClockStep({ plan, dueMs, lastScheduledMs }, nowMs) ?? Number.NaN;
      continue;
    }
    const { times, earlier, nextDueMs } = dueTimes(plan, dueMs, nowMs, 1);
    const [scheduledAtMs] = times;
    if (scheduledAtMs !== undefined) {
      fired.push({ scheduledAtMs, skipped: earlier?.count ?? 0, atMs: nowMs });
      lastScheduledMs = scheduledAtMs;
    }
    dueMs = nextDueMs ?? Number.NaN;
  }
  return { fired, dueMs, endMs: nowMs };
}

function expectInOrderAndNotEarly(fired: Fired[]): void {
  for (const [index, { scheduledAtMs, atMs }] of fired.entries()) {
    expect(scheduledAtMs).toBeLessThanOrEqual(atMs);
    expect(scheduledAtMs).toBeGreaterThan(fired[index - 1]?.scheduledAtMs ?? 0);
  }
}

function countTimes(plan: Plan, afterMs: number, untilMs: number): number {
  let count = 0;
  for (let timeMs = nextPlanned(plan, afterMs); timeMs !== null && timeMs <= untilMs; ) {
    count += 1;
    timeMs = nextPlanned(plan, timeMs);
  }
  return count;
}
