// Times that come all at once: which are run, and that none of them is forgotten.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CatchUp, decideCatchUp, lateMs } from "../../src/schedule/catch-up.ts";

const nowMs = 1_000_000_000;
const minutesAgo = (...minutes: number[]) => minutes.map((minute) => nowMs - minute * 60_000);

describe("after a sleep or a time without a daemon", () => {
  test.each<[CatchUp, number[], number[], number | null]>([
    [{ type: "none" }, minutesAgo(30, 20, 10), [], null],
    [{ type: "none" }, minutesAgo(20, 10, 0.5), minutesAgo(0.5), nowMs - 30_000],
    [{ type: "last", windowMs: null }, minutesAgo(30, 20, 10), minutesAgo(10), null],
    [{ type: "last", windowMs: 5 * 60_000 }, minutesAgo(30, 20, 10), [], null],
    // The run that is due now is the latest.
    [{ type: "last", windowMs: null }, minutesAgo(30, 20, 0), minutesAgo(0), nowMs],
    [{ type: "all", windowMs: null, maximum: 100 }, minutesAgo(30, 20, 10), minutesAgo(30, 20, 10), null],
    [{ type: "all", windowMs: null, maximum: 2 }, minutesAgo(30, 20, 10), minutesAgo(20, 10), null],
    [{ type: "all", windowMs: 25 * 60_000, maximum: 100 }, minutesAgo(30, 20, 10), minutesAgo(20, 10), null],
    [
      { type: "all", windowMs: null, maximum: 1 },
      minutesAgo(30, 20, 0.1),
      minutesAgo(20, 0.1),
      nowMs - 6_000,
    ],
  ])("%p of %p runs %p", (catchUp, times, runs, dueMs) => {
    expect(decideCatchUp(catchUp, { times }, nowMs, true)).toMatchObject({ runs, dueMs });
  });
});

test("when it was only busy, the latest time is run however late it is", () => {
  const times = minutesAgo(30, 20, 10);
  expect(decideCatchUp({ type: "none" }, { times }, nowMs, false)).toEqual({
    runs: minutesAgo(10),
    dueMs: nowMs - 600_000,
    skipped: minutesAgo(30, 20),
  });
});

test("every time is either run or skipped, in order, and never both", () => {
  const policy = fc.oneof(
    fc.constant<CatchUp>({ type: "none" }),
    fc.record({ type: fc.constant("last" as const), windowMs: fc.option(fc.nat(10 * lateMs)) }),
    fc.record({
      type: fc.constant("all" as const),
      windowMs: fc.option(fc.nat(10 * lateMs)),
      maximum: fc.integer({ min: 1, max: 5 }),
    }),
  );
  const ages = fc.uniqueArray(fc.nat(20 * lateMs), { maxLength: 12 });
  fc.assert(
    fc.property(policy, ages, fc.boolean(), (catchUp, given, wasAway) => {
      const times = given.map((age) => nowMs - age).sort((a, b) => a - b);
      const { runs, skipped, dueMs } = decideCatchUp(catchUp, { times }, nowMs, wasAway);
      expect([...skipped, ...runs]).toEqual(times);
      if (dueMs !== null) expect(runs.at(-1)).toBe(dueMs);
      const caughtUp = runs.filter((timeMs) => timeMs !== dueMs);
      if (catchUp.type === "none") expect(caughtUp).toEqual([]);
      if (catchUp.type === "last") expect(runs.length).toBeLessThanOrEqual(1);
      if (catchUp.type === "all") expect(caughtUp.length).toBeLessThanOrEqual(catchUp.maximum);
      if (catchUp.type !== "none" && catchUp.windowMs !== null)
        for (const timeMs of caughtUp) expect(nowMs - timeMs).toBeLessThanOrEqual(catchUp.windowMs);
    }),
  );
});
