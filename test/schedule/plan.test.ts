// Plans: several schedules between two dates, what they are called, and how jitter is spread.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  jitterDelay,
  nextPlanned,
  planIdentity,
  plannedBetween,
  planText,
  planTimeZone,
} from "../../src/schedule/plan.ts";
import { nextTime } from "../../src/schedule/schedule.ts";
import { planOf } from "./plans.ts";

const START_MS = Date.parse("2026-03-28T00:00Z");
const HOUR_MS = 3_600_000;

describe("nextPlanned", () => {
  test("gives the times of all schedules within the limits, each once", () => {
    const schedule = fc.constantFrom(
      "every 20m",
      "every 1h offset 20m",
      "0,20 * * * *",
      "30 0 2 * * *",
      "at 2026-03-29T01:30Z",
    );
    const limit = fc.option(fc.integer({ min: 0, max: 60 * HOUR_MS }).map((ms) => START_MS + ms));
    fc.assert(
      fc.property(
        fc.array(schedule, { minLength: 1, maxLength: 4 }),
        limit,
        limit,
        (texts, fromMs, untilMs) => {
          const plan = planOf(texts, "Europe/Berlin", { fromMs, untilMs });
          const expected = new Set<number>();
          for (const each of plan.schedules) {
            for (
              let timeMs = nextTime(each, START_MS);
              timeMs !== null && timeMs < START_MS + 60 * HOUR_MS;
            ) {
              if (timeMs >= (fromMs ?? 0) && timeMs <= (untilMs ?? timeMs)) expected.add(timeMs);
              timeMs = nextTime(each, timeMs);
            }
          }
          const found = plannedBetween(plan, START_MS, START_MS + 60 * HOUR_MS - 1, 10_000);
          expect(found).toEqual([...expected].sort((a, b) => a - b));
        },
      ),
    );
  });

  test("of jobs without times is none", () => {
    expect(nextPlanned(planOf(["always"]), 0)).toBeNull();
    expect(nextPlanned(planOf(["@reboot"]), 0)).toBeNull();
    expect(nextPlanned(planOf(["@reboot", "every 1h"]), 0)).toBe(HOUR_MS);
  });

  test("plannedBetween stops at its limit", () => {
    expect(plannedBetween(planOf(["every 1h"]), 0, 10 * HOUR_MS, 2)).toEqual([HOUR_MS, 2 * HOUR_MS]);
  });
});

describe("a plan's text", () => {
  test("joins its schedules and tells its limits", () => {
    const limits = { fromMs: START_MS, untilMs: START_MS + HOUR_MS };
    expect(planText(planOf(["@daily", "every 1h offset 5m"], "Asia/Tokyo"))).toBe(
      "@daily, every 1h offset 5m",
    );
    expect(planText(planOf(["H * * * *"], undefined, limits))).toBe(
      "H * * * * from 2026-03-28T00:00:00.000Z until 2026-03-28T01:00:00.000Z",
    );
    expect(planTimeZone(planOf(["every 1h", "@daily"], "Asia/Tokyo"))).toBe("Asia/Tokyo");
    expect(planTimeZone(planOf(["every 1h", "@daily"]))).toBeNull();
  });

  test("its identity changes with whatever changes its times", () => {
    const plans = [
      planOf(["@daily"]),
      planOf(["@daily"], "Asia/Tokyo"),
      planOf(["@daily"], undefined, { fromMs: START_MS }),
      planOf(["@daily"], undefined, { untilMs: START_MS }),
      planOf(["@daily", "@hourly"]),
      planOf(["every 1d"]),
      planOf(["every 1d offset 1s"]),
      planOf(["H 0 * * *"]),
    ].map((plan) => planIdentity(plan, "UTC"));
    expect(new Set(plans).size).toBe(plans.length);
    expect(planIdentity(planOf(["@daily"]), "Asia/Tokyo")).toBe(
      planIdentity(planOf(["@daily"], "Asia/Tokyo"), "UTC"),
    );
    expect(planIdentity(planOf(["@daily"], undefined, { jitterMs: 5 }), "UTC")).toBe(plans[0] ?? "");
  });
});

describe("jitterDelay", () => {
  test("is a whole number from 0 to below its length, and the same each time", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 1e9 }), (seed, jitterMs) => {
        const delayMs = jitterDelay(seed, jitterMs);
        expect(Number.isInteger(delayMs) && delayMs >= 0 && (delayMs < jitterMs || jitterMs === 0)).toBe(
          true,
        );
        expect(jitterDelay(seed, jitterMs)).toBe(delayMs);
      }),
    );
    // Pinned: a new version must not move anybody's jobs.
    expect(jitterDelay("web1/backup", 60_000)).toBe(25_985);
  });

  test("spreads jobs evenly, also when their names differ little", () => {
    const counts = new Array<number>(20).fill(0);
    for (let job = 0; job < 20_000; job += 1) {
      const slot = Math.floor(jitterDelay(`web1/job${job}`, 60_000) / 3_000);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
