// Which run is named for having blocked the event loop: on a clock that stands still while nothing blocks it.
import { describe, expect, test } from "bun:test";
import { type Block, BlockWatch, blockText } from "../../../src/runtime/running/blocking.ts";
import { FakeClock } from "./fake-clock.ts";

function watched() {
  const clock = new FakeClock("2026-06-01T12:00:00Z");
  let blockedMs = 0;
  const blocks: Block[] = [];
  const watch = new BlockWatch(
    { monotonic: () => clock.monotonic() + blockedMs, after: (delayMs, call) => clock.after(delayMs, call) },
    (block) => blocks.push(block),
  );
  let last = 0;
  /** A run whose handler computes for that long before its first await. */
  const begin = (job: string, firstMs = 0) => {
    last += 1;
    const run = { job, id: `${job}@${last}` };
    watch.began(run);
    blockedMs += firstMs;
    watch.returned(run);
    return run;
  };
  /** Code that nobody knows of computes: time passes and no timer goes off. */
  const block = (durationMs: number) => {
    blockedMs += durationMs;
  };
  return { clock, watch, blocks, begin, block };
}

describe("a first stretch", () => {
  test("of over a second is measured exactly, and is surely that run's", async () => {
    const { clock, watch, blocks, begin } = watched();
    begin("other");
    const run = begin("report", 1_234);
    watch.ended(run);
    await clock.pass(10_000);
    expect(blocks).toEqual([{ jobs: ["report"], durationMs: 1_234, isSure: true }]);
  });

  test("of a second is none", async () => {
    const { clock, watch, blocks, begin } = watched();
    const run = begin("report", 1_000);
    await clock.pass(10_000);
    watch.ended(run);
    expect(blocks).toEqual([]);
  });

  test("one after another, none of them too long, names nobody", async () => {
    const { clock, blocks, begin } = watched();
    for (const job of ["a", "b", "c", "d"]) begin(job, 900);
    await clock.pass(10_000);
    expect(blocks).toEqual([]);
  });
});

describe("a later stretch", () => {
  test("is that of the run that was going on", async () => {
    const { clock, blocks, begin, block } = watched();
    begin("report");
    await clock.pass(1_100);
    block(3_000);
    await clock.pass(1_000);
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toMatchObject({ jobs: ["report"], isSure: false });
    expect(blocks[0]?.durationMs).toBeGreaterThan(2_700);
    expect(blocks[0]?.durationMs).toBeLessThanOrEqual(3_000);
  });

  test("is noticed also when the run ends in it", async () => {
    const { clock, watch, blocks, begin, block } = watched();
    const run = begin("report");
    await clock.pass(1_100);
    block(1_500);
    watch.ended(run);
    await clock.pass(10_000);
    expect(blocks.map(({ jobs }) => jobs)).toEqual([["report"]]);
  });

  test("is not the run's that begins after it", async () => {
    const { clock, blocks, begin, block } = watched();
    begin("report");
    block(1_500);
    begin("late");
    await clock.pass(10_000);
    expect(blocks.map(({ jobs }) => jobs)).toEqual([["report"]]);
  });

  test("names all that were going on, each job once", async () => {
    const { clock, blocks, begin, block } = watched();
    for (const job of ["a", "b", "b"]) begin(job);
    block(1_500);
    await clock.pass(300);
    expect(blocks.map(({ jobs }) => jobs)).toEqual([["a", "b"]]);
  });

  test("of code outside any run names nobody", async () => {
    const { clock, watch, blocks, begin, block } = watched();
    watch.ended(begin("report"));
    block(5_000);
    watch.ended(begin("report"));
    await clock.pass(10_000);
    expect(blocks).toEqual([]);
  });
});

test("a run is named once, and the job's next run again", async () => {
  const { clock, watch, blocks, begin, block } = watched();
  const run = begin("report", 2_000);
  for (let count = 0; count < 3; count += 1) {
    block(2_000);
    await clock.pass(300);
  }
  expect(blocks).toHaveLength(1);
  watch.ended(run);
  begin("report", 2_000);
  expect(blocks).toHaveLength(2);
});

test("without runs there is no timer, and with one that waits there are fewer and fewer", async () => {
  const { clock, watch, begin } = watched();
  expect(clock.waits).toEqual([]);
  const run = begin("consumer");
  await clock.pass(600_000);
  expect(clock.waits.length).toBeLessThan(450);
  expect(clock.waits.at(-1)).toBe(2_000);
  watch.ended(run);
  await clock.pass(2_000);
  expect(clock.pendingTimers).toBe(0);
});

test("the log says what, how long, and what would help", () => {
  expect(blockText({ jobs: ["a"], durationMs: 1_240, isSure: true })).toBe(
    "the run blocked the event loop for 1.2 s: other jobs were late; isolate: true gives it a thread of its own",
  );
  expect(blockText({ jobs: ["a"], durationMs: 1_240, isSure: false })).toContain(
    "while this run was going on",
  );
  expect(blockText({ jobs: ["a", "b"], durationMs: 61_000, isSure: false })).toContain(
    "for 61.0 s at least while these runs were going on: a, b;",
  );
});
