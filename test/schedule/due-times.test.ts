// Due times of plans against walking through all of them, over changes of the clocks; and that years of them take no time.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countPlanned, dueTimes } from "../../src/schedule/due-times.ts";
import { nextPlanned, type Plan } from "../../src/schedule/plan.ts";
import { planOf } from "./plans.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PLANS: ReadonlyArray<[texts: readonly string[], timeZone?: string]> = [
  [["every 7m"]],
  [["every 1h offset 59m"]],
  [["at 2026-03-29T01:30Z"]],
  [["always"]],
  [["@reboot"]],
  [["* * * * *"], "Asia/Kolkata"],
  [["*/17 1-3 * * *"], "Europe/Berlin"],
  [["30 * 31 * *"], "America/New_York"],
  [["15,45 */2 * * MON"], "Australia/Lord_Howe"],
  [["0,30 */5 2 L,15W * *"], "Europe/Berlin"],
  [["*/50 59 * * * SUN#L"], "Australia/Lord_Howe"],
  [["30 30 * * * *"], "America/New_York"],
  [["0 * * * *", "every 30m", "at 2026-03-29T01:30Z", "@reboot"], "Europe/Berlin"],
];
const around = fc
  .constantFrom(
    "2026-03-08T07:00Z",
    "2026-03-29T01:00Z",
    "2026-10-25T01:00Z",
    "2026-10-03T15:30Z",
    "2026-04-04T15:00Z",
  )
  .chain((text) =>
    fc.integer({ min: -4 * DAY_MS, max: DAY_MS }).map((offsetMs) => Date.parse(text) + offsetMs),
  );
const span = fc.oneof(fc.integer({ min: 0, max: 3 * HOUR_MS }), fc.integer({ min: 0, max: 6 * DAY_MS }));

describe.each(PLANS)("%p (%p)", (texts, timeZone) => {
  const plan = planOf(texts, timeZone);

  test("the latest times and the count of those before are what walking finds", () => {
    fc.assert(
      fc.property(
        around,
        span,
        fc.integer({ min: 0, max: 12 }),
        fc.boolean(),
        (startMs, spanMs, limit, isLimited) => {
          const limited: Plan = isLimited
            ? { ...plan, fromMs: startMs + 1e6, untilMs: startMs + spanMs - 1e6 }
            : plan;
          const dueMs = nextPlanned(limited, startMs) ?? startMs;
          const nowMs = startMs + spanMs;
          const { times, earlier, nextDueMs } = dueTimes(limited, dueMs, nowMs, limit);
          if (nowMs < dueMs) {
            expect({ times, earlier, nextDueMs }).toEqual({ times: [], earlier: null, nextDueMs: dueMs });
            return;
          }
          const all = [dueMs, ...walk(limited, dueMs, nowMs)];
          const before = limit === 0 ? all : all.slice(0, -limit);
          expect(times).toEqual(limit === 0 ? [] : all.slice(-limit));
          expect(earlier).toEqual(
            before.length === 0 ? null : { firstMs: dueMs, lastMs: before.at(-1) ?? 0, count: before.length },
          );
          expect(nextDueMs).toBe(nextPlanned(limited, nowMs));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("counting is walking", () => {
    fc.assert(
      fc.property(around, span, (afterMs, spanMs) => {
        expect(countPlanned(plan, afterMs, afterMs + spanMs)).toBe(
          walk(plan, afterMs, afterMs + spanMs).length,
        );
      }),
      { numRuns: 60 },
    );
  });
});

test("a due time off the grid of a changed interval counts as a time of its own", () => {
  const plan = planOf(["every 10s"]);
  expect(dueTimes(plan, 25_000, 26_000, 1)).toEqual({ times: [25_000], earlier: null, nextDueMs: 30_000 });
  expect(dueTimes(plan, 25_000, 41_000, 1)).toEqual({
    times: [40_000],
    earlier: { firstMs: 25_000, lastMs: 30_000, count: 2 },
    nextDueMs: 50_000,
  });
});

test.each([
  ["* * * * *", 5_259_600],
  ["* * * * * *", 5_259_600 * 60],
  ["every 1ms", 10 * 365.25 * DAY_MS],
])("ten years of %p are counted exactly, in no time", (text, perTenYears) => {
  const fromMs = Date.parse("2026-01-01T00:00Z");
  const throughMs = fromMs + 10 * 365.25 * DAY_MS;
  const startedMs = performance.now();
  const { times, earlier } = dueTimes(planOf([text], "Europe/Berlin"), fromMs, throughMs, 100);
  expect(times.length + (earlier?.count ?? 0)).toBe(perTenYears + 1);
  expect(times).toHaveLength(100);
  expect(times.at(-1)).toBe(throughMs);
  // Some tens of milliseconds; walking would take from ten seconds to half a day.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

function walk(plan: Plan, afterMs: number, throughMs: number): number[] {
  const times: number[] = [];
  for (let timeMs = nextPlanned(plan, afterMs); timeMs !== null && timeMs <= throughMs; ) {
    times.push(timeMs);
    timeMs = nextPlanned(plan, timeMs);
  }
  return times;
}
