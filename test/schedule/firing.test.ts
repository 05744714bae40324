// The answers to a clock that was set back, one by one; over random clocks they are in firing-sequence.test.ts.

import { describe, expect, test } from "bun:test";
import { afterClockStep, CORRECTION_STEP_MS, waitMs } from "../../src/schedule/firing.ts";
import type { Plan } from "../../src/schedule/plan.ts";
import { planOf } from "./plans.ts";

const HOUR_MS = 3_600_000;
const everyTenSeconds: Plan = planOf(["every 10s"]);
const hourly: Plan = planOf(["@hourly"], "UTC");

describe("afterClockStep", () => {
  test("a small step back leaves a cron job's due time, so that what ran at ten does not run again", () => {
    const pending = { plan: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("09:50"))).toBe(at("11:00"));
    expect(afterClockStep(pending, at("10:20"))).toBe(at("11:00"));
  });

  test("a step of three hours is a correction: a cron job's next time is computed anew", () => {
    const pending = { plan: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("07:00") + 1)).toBe(at("11:00"));
    expect(afterClockStep(pending, at("07:00"))).toBe(at("08:00"));
  });

  test("a caller that knows the size of the step decides by it", () => {
    const pending = { plan: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("07:40"))).toBe(at("11:00"));
    expect(afterClockStep(pending, at("07:40"), 3 * HOUR_MS + 60_000)).toBe(at("08:00"));
  });

  test("a cron job that ran nothing after the new time can't repeat anything: its next time is computed anew", () => {
    const pending = { plan: hourly, dueMs: at("11:00") + 4 * 365 * 24 * HOUR_MS };
    expect(afterClockStep({ ...pending, lastScheduledMs: null }, at("08:10"))).toBe(at("09:00"));
    expect(afterClockStep({ ...pending, lastScheduledMs: at("08:00") }, at("08:10"))).toBe(at("09:00"));
  });

  test("an interval's due time stays while it is at most one interval away", () => {
    const pending = { plan: everyTenSeconds, dueMs: 50_000, lastScheduledMs: 40_000 };
    expect(afterClockStep(pending, 40_000)).toBe(50_000);
  });

  test("an interval that would pause for long goes back to its grid, but never to a time that has run", () => {
    const pending = { plan: everyTenSeconds, dueMs: 95_000, lastScheduledMs: 40_000 };
    expect(afterClockStep(pending, 61_000)).toBe(70_000);
    expect(afterClockStep(pending, 21_000)).toBe(50_000);
    expect(afterClockStep({ ...pending, lastScheduledMs: null }, 21_000)).toBe(30_000);
  });

  test("an interval goes back to times that have run when the clock was corrected", () => {
    const lastScheduledMs = at("10:00");
    const pending = { plan: everyTenSeconds, dueMs: lastScheduledMs + 10_000, lastScheduledMs };
    const nowMs = lastScheduledMs - CORRECTION_STEP_MS;
    expect(afterClockStep(pending, nowMs + 1)).toBe(lastScheduledMs + 10_000);
    expect(afterClockStep(pending, nowMs)).toBe(nowMs + 10_000);
  });

  test("a single time stays what it is", () => {
    const plan = planOf(["at 1970-02-27T20:53:20Z"]);
    expect(afterClockStep({ plan, dueMs: 5e9, lastScheduledMs: null }, 0, 9e9)).toBe(5e9);
  });

  test("a single time that has come does not come again with the other schedules of its plan", () => {
    const plan = planOf(["every 1h", "at 2026-06-01T09:30Z"]);
    const pending = { plan, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    expect(afterClockStep(pending, at("09:10"), CORRECTION_STEP_MS)).toBe(at("10:00"));
    expect(
      afterClockStep({ ...pending, lastScheduledMs: at("09:20") }, at("09:10"), CORRECTION_STEP_MS),
    ).toBe(at("09:30"));
  });

  test("a time that has come, and about which nothing was decided yet, stays due", () => {
    const pending = { plan: hourly, dueMs: at("10:00"), lastScheduledMs: at("09:00") };
    expect(afterClockStep(pending, at("10:00"), 9 * HOUR_MS)).toBe(at("10:00"));
    expect(afterClockStep(pending, at("09:59"), 9 * HOUR_MS)).toBe(at("10:00"));
  });

  test.each([
    // back to, by, passed over from, next
    ["07:30", 1, "08:00", "08:00"],
    ["07:30", 1, "07:10", "08:00"],
    ["07:30", 1, "09:00", "09:00"],
    ["07:30", 1, null, "11:00"],
    ["07:30", 3, "09:00", "08:00"],
    ["07:30", 3, null, "08:00"],
    ["10:20", 1, "10:10", "11:00"],
  ])("back to %s by %p h, with times passed over from %s: the next is %s", (to, hours, again, next) => {
    const pending = { plan: hourly, dueMs: at("11:00"), lastScheduledMs: at("10:00") };
    const againMs = again === null ? null : at(again);
    expect(afterClockStep({ ...pending, againMs }, at(to), hours * HOUR_MS)).toBe(at(next));
  });

  test("a single time, or the last of a plan, that was passed over comes again", () => {
    const single = planOf(["at 2026-06-01T09:30Z"]);
    const pending = { plan: single, dueMs: null, lastScheduledMs: at("09:30") };
    for (const stepMs of [HOUR_MS, CORRECTION_STEP_MS]) {
      expect(afterClockStep({ ...pending, againMs: at("09:30") }, at("09:10"), stepMs)).toBe(at("09:30"));
      expect(afterClockStep(pending, at("09:10"), stepMs)).toBeNull();
    }
    const until = planOf(["@hourly"], "UTC", { untilMs: at("12:00") });
    const over = { plan: until, dueMs: null, lastScheduledMs: at("12:00"), againMs: at("11:00") };
    expect(afterClockStep(over, at("10:30"), HOUR_MS)).toBe(at("11:00"));
    // It was declared under a clock that was beyond all of its times.
    expect(afterClockStep({ plan: until, dueMs: null, lastScheduledMs: null }, at("10:30"), 9e9)).toBe(
      at("11:00"),
    );
  });

  test("a job without times waits for what it waited for", () => {
    const pending = { plan: planOf(["always"]), dueMs: 5e9, lastScheduledMs: null };
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
