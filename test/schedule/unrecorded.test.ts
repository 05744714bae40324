// The times that have come and have no record, against walking through all of them.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { nextPlanned, plannedBetween } from "../../src/schedule/plan.ts";
import { type Span, unrecordedTimes } from "../../src/schedule/unrecorded.ts";
import { planOf } from "./plans.ts";

const minute = 60_000;
const startMs = Date.parse("2026-10-25T00:07:00Z");
const plans = [
  planOf(["every 3m"]),
  planOf(["*/7 * * * *", "every 5m"], "Europe/Berlin"),
  planOf(["30 2 * * *", "at 2026-10-25T01:00Z"], "Europe/Berlin"),
];

test("they are all those that lie in no record, the latest one by one, and no row has a record within it", () => {
  const span = fc.tuple(fc.nat(300), fc.nat(60)).map(([from, length]): Span => {
    const firstMs = startMs + from * minute;
    return [firstMs, firstMs + length * minute];
  });
  const some = fc.array(span, { maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...plans), fc.nat(400), some, fc.nat(20), (plan, minutes, records, limit) => {
      const dueMs = nextPlanned(plan, startMs - minute) ?? 0;
      const nowMs = dueMs + minutes * minute;
      const recorded = records
        .filter(([firstMs, lastMs]) => firstMs <= nowMs && lastMs >= dueMs)
        .sort(([a], [b]) => a - b);
      const isRecorded = (timeMs: number) =>
        recorded.some(([firstMs, lastMs]) => timeMs >= firstMs && timeMs <= lastMs);
      const wanted = plannedBetween(plan, dueMs - 1, nowMs, 1_000).filter((timeMs) => !isRecorded(timeMs));
      const { times, earlier, nextDueMs } = unrecordedTimes(plan, dueMs, nowMs, recorded, limit);
      expect(times).toEqual(limit === 0 ? [] : wanted.slice(-limit));
      const rows = earlier.map(({ firstMs, lastMs, count }) => {
        const within = plannedBetween(plan, firstMs - 1, lastMs, 1_000);
        expect(within.filter(isRecorded)).toEqual([]);
        expect([within.length, within[0], within.at(-1)]).toEqual([count, firstMs, lastMs]);
        return within;
      });
      expect(rows.flat()).toEqual(wanted.slice(0, wanted.length - times.length));
      // It may have a record itself.
      const next = nextDueMs ?? Number.POSITIVE_INFINITY;
      expect(next).toBeGreaterThan(nowMs);
      const between = plannedBetween(plan, nowMs, Math.min(next - 1, nowMs + 1_440 * minute), 2_000);
      expect(between.filter((timeMs) => !isRecorded(timeMs))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
