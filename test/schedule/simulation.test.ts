// The times of many plans in one row.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { plannedBetween } from "../../src/schedule/plan.ts";
import { simulate } from "../../src/schedule/simulation.ts";
import { planOf } from "./plans.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-03-28T12:00Z");

test("are those of each plan, in order of time and then of the plans", () => {
  const texts = fc.constantFrom(
    "every 1h",
    "30 2 * * *",
    "0 */2 * * *",
    "0 0 */3 * * SAT",
    "always",
    "at 2026-03-29T01:00Z",
  );
  fc.assert(
    fc.property(fc.array(fc.array(texts, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), (jobs) => {
      const plans = jobs.map((each) => planOf(each, "Europe/Berlin"));
      const endMs = START_MS + 2 * DAY_MS;
      const expected = plans
        .flatMap((plan, job) =>
          plannedBetween(plan, START_MS, endMs, 1_000).map((timeMs) => ({ timeMs, job })),
        )
        .sort((a, b) => a.timeMs - b.timeMs || a.job - b.job);
      expect([...simulate(plans.entries(), START_MS, endMs)]).toEqual(expected);
    }),
  );
});

test("a year of ten jobs takes little time", () => {
  const texts = [
    "0 3 * * *",
    "0 * * * *",
    "*/5 * * * *",
    "every 10m",
    "0 9 * * MON-FRI",
    "0 0 L * *",
    "0 0 * * FRI#2",
    "*/15 2 * * *",
    "@weekly",
    "0 0 */6 * * *",
  ];
  const plans = texts.map(
    (text) => [text, planOf([text], text.startsWith("every") ? undefined : "Europe/Berlin")] as const,
  );
  const startedMs = performance.now();
  let count = 0;
  for (const { timeMs } of simulate(plans, START_MS, START_MS + 365 * DAY_MS)) {
    count += 1;
    expect(timeMs).toBeGreaterThan(START_MS);
  }
  expect(count).toBeGreaterThan(160_000);
  // Half a second, the expectations included; this only holds off what walks through seconds.
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});
