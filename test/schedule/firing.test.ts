// Single decisions of the scheduler's timer and of its answer to a clock that was set back.
// Sequences of them, over random clocks, are in firing-sequence.test.ts.

import { describe, expect, test } from "bun:test";
import {
  afterClockStep,
  CORRECTION_STEP_MS,
  decideFiring,
  MAXIMUM_CRON_SKIPPED,
  waitMs,
} from "../../src/schedule/firing.ts";
import { parseSchedule, type Schedule } from "../../src/schedule/schedule.ts";

const HOUR_MS = 3_600_000;
const everyTenSeconds: Schedule = { kind: "every", intervalMs: 10_000 };
const hourly: Schedule = parseSchedule("@hourly", "UTC");

describe("decideFiring", () => {
  test("does nothing before the time is due", () => {
    expect(decideFiring({ schedule: everyTenSeconds, dueMs: 20_000 }, 19_999.9)).toEqual({
      fire: null,
      nextDueMs: 20_000,
    });
  });

  test("fires once when the time is due", () => {
    expect(decideFiring({ schedule: everyTenSeconds, dueMs: 20_000 }, 20_000)).toEqual({
      fire: { scheduledAtMs: 20_000, skipped: 0 },
      nextDueMs: 30_000,
    });
  });

  test("fires once for all the times that a suspended machine slept through", () => {
    expect(decideFiring({ schedule: everyTenSeconds, dueMs: 20_000 }, 3_600_005)).toEqual({
      fire: { scheduledAtMs: 3_600_000, skipped: 358 },
      nextDueMs: 3_610_000,
    });
    expect(decideFiring({ schedule: hourly, dueMs: at("10:00") }, at("13:30"))).toEqual({
      fire: { scheduledAtMs: at("13:00"), skipped: 3 },
      nextDueMs: at("14:00"),
    });
  });

  test("a due time off the grid of a changed interval counts as a time of its own", () => {
    expect(decideFiring({ schedule: everyTenSeconds, dueMs: 25_000 }, 26_000)).toEqual({
      fire: { scheduledAtMs: 25_000, skipped: 0 },
      nextDueMs: 30_000,
    });
    expect(decideFiring({ schedule: everyTenSeconds, dueMs: 25_000 }, 41_000)).toEqual({
      fire: { scheduledAtMs: 40_000, skipped: 2 },
      nextDueMs: 50_000,
    });
  });

  test("a single time fires once, however late, and has no next", () => {
    expect(decideFiring({ schedule: { kind: "at", timeMs: 1_000 }, dueMs: 1_000 }, 9e9)).toEqual({
      fire: { scheduledAtMs: 1_000, skipped: 0 },
      nextDueMs: null,
    });
  });

  test("stops counting at a thousand, still finds the latest of ten years of minutes, and takes no time over it", () => {
    const schedule = parseSchedule("* * * * *", "Europe/Berlin");
    const dueMs = Date.parse("2026-01-01T00:00Z");
    const nowMs = Date.parse("2036-01-01T12:34:56Z");
    const startedMs = performance.now();
    expect(decideFiring({ schedule, dueMs }, nowMs)).toEqual({
      fire: { scheduledAtMs: Date.parse("2036-01-01T12:34Z"), skipped: MAXIMUM_CRON_SKIPPED },
      nextDueMs: Date.parse("2036-01-01T12:35Z"),
    });
    // It takes 2 ms; walking ten years of minutes would take seconds.
    expect(performance.now() - startedMs).toBeLessThan(100);
  });
});

describe("afterClockStep", () => {
  test("a small step back leaves a cron job's due time, so that what ran at ten does not run again", () => {
    const pending = { schedule: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("09:50"))).toBe(at("11:00"));
    expect(afterClockStep(pending, at("10:20"))).toBe(at("11:00"));
  });

  test("a step of three hours is a correction: a cron job's next time is computed anew", () => {
    const pending = { schedule: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("07:00") + 1)).toBe(at("11:00"));
    expect(afterClockStep(pending, at("07:00"))).toBe(at("08:00"));
  });

  test("a caller that knows the size of the step decides by it", () => {
    const pending = { schedule: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("07:40"))).toBe(at("11:00"));
    expect(afterClockStep(pending, at("07:40"), 3 * HOUR_MS + 60_000)).toBe(at("08:00"));
  });

  test("a cron job that ran nothing after the new time can't repeat anything: its next time is computed anew", () => {
    const pending = { schedule: hourly, dueMs: at("11:00") + 4 * 365 * 24 * HOUR_MS };
    expect(afterClockStep({ ...pending, lastScheduledMs: null }, at("08:10"))).toBe(at("09:00"));
    expect(afterClockStep({ ...pending, lastScheduledMs: at("08:00") }, at("08:10"))).toBe(at("09:00"));
  });

  test("an interval's due time stays while it is at most one interval away", () => {
    const pending = { schedule: everyTenSeconds, dueMs: 50_000, lastScheduledMs: 40_000 };
    expect(afterClockStep(pending, 40_000)).toBe(50_000);
  });

  test("an interval that would pause for long goes back to its grid, but never to a time that has run", () => {
    const pending = { schedule: everyTenSeconds, dueMs: 95_000, lastScheduledMs: 40_000 };
    expect(afterClockStep(pending, 61_000)).toBe(70_000);
    expect(afterClockStep(pending, 21_000)).toBe(50_000);
    expect(afterClockStep({ ...pending, lastScheduledMs: null }, 21_000)).toBe(30_000);
  });

  test("an interval goes back to times that have run when the clock was corrected", () => {
    const lastScheduledMs = at("10:00");
    const pending = { schedule: everyTenSeconds, dueMs: lastScheduledMs + 10_000, lastScheduledMs };
    const nowMs = lastScheduledMs - CORRECTION_STEP_MS;
    expect(afterClockStep(pending, nowMs + 1)).toBe(lastScheduledMs + 10_000);
    expect(afterClockStep(pending, nowMs)).toBe(nowMs + 10_000);
  });

  test("a single time stays what it is", () => {
    const pending = { schedule: { kind: "at", timeMs: 5e9 } as const, dueMs: 5e9, lastScheduledMs: null };
    expect(afterClockStep(pending, 0, 9e9)).toBe(5e9);
  });
});

describe("waitMs", () => {
  test("is rounded up, so that a timer never goes off early and spins", () => {
    expect(waitMs(1_000, 999.99, 60_000)).toBe(1);
    expect(waitMs(1_000, 998.5, 60_000)).toBe(2);
  });

  test("is exactly the maximum when the time is further away", () => {
    expect(waitMs(1e12, 0, 60_000)).toBe(60_000);
    expect(waitMs(60_000, 0.5, 60_000)).toBe(60_000);
  });

  test("is nothing when the time has come", () => {
    expect([waitMs(1_000, 1_000, 60_000), waitMs(1_000, 2_000, 60_000)]).toEqual([0, 0]);
  });
});

function at(time: string): number {
  return Date.parse(`2026-06-01T${time}Z`);
}
