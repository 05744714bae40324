// One timer for all jobs: when it goes off, what runs, and what does not.
import { describe, expect, test } from "bun:test";
import { jobState } from "../../../src/runtime/running/job-entry.ts";
import { maximumWaitMs } from "../../../src/runtime/running/timeline.ts";
import { bench, gate, hour, minute, second, settled } from "./fake-clock.ts";

describe("the timer", () => {
  test("a job runs at each of its times, once", async () => {
    const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:03Z");
    declare("poll", "every 10s");
    scheduler.start();
    await clock.pass(30 * second);
    expect(started).toEqual(["poll 12:00:10.000", "poll 12:00:20.000", "poll 12:00:30.000"]);
  });

  test("nothing runs early, though every timer goes off too soon", async () => {
    const { clock, started, scheduler, declare } = bench();
    declare("poll", "every 10s");
    clock.earlyByMs = 0.75;
    scheduler.start();
    await clock.pass(25 * second);
    expect(started).toEqual(["poll 12:00:10.000", "poll 12:00:20.000"]);
  });

  test("a thousand jobs share one timer", async () => {
    const { clock, started, scheduler, declare } = bench("2026-06-01T12:30:00Z");
    for (let index = 0; index < 1_000; index += 1) declare(`hourly-${index}`, "@hourly");
    scheduler.start();
    expect(clock.pendingTimers).toBe(1);
    expect(clock.waits).toHaveLength(1);
    await clock.pass(30 * minute);
    expect(started).toHaveLength(1_000);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.waits.length).toBeLessThanOrEqual(32);
  });

  test("no wait is longer than a minute, so that setTimeout's 2^31 ms are never met", async () => {
    const { clock, started, scheduler, declare } = bench("2026-01-01T00:00:00Z");
    declare("yearly", "0 0 1 1 *");
    declare("in 26 days", "at 2026-01-27T00:00:00Z");
    scheduler.start();
    await clock.pass(26 * 24 * hour);
    expect(started).toEqual(["in 26 days 00:00:00.000"]);
    expect(Math.max(...clock.waits)).toBe(maximumWaitMs);
    expect(Math.min(...clock.waits)).toBeGreaterThanOrEqual(1);
    expect(maximumWaitMs).toBeLessThan(2 ** 31);
  });

  test("an empty scheduler sets no timer", () => {
    const { clock, scheduler } = bench();
    scheduler.start();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("jobs that come and go", () => {
  test("a job that is declared while the daemon runs fires at its next time", async () => {
    const { clock, started, scheduler, declare } = bench();
    declare("slow", "@hourly");
    scheduler.start();
    await clock.pass(5 * second);
    declare("quick", "every 2s");
    expect(clock.pendingTimers).toBe(1);
    await clock.pass(2 * second);
    expect(started).toEqual(["quick 12:00:06.000"]);
  });

  test("a job may declare another one from within its run", async () => {
    const { clock, started, scheduler, declare } = bench();
    declare("parent", "at 2026-06-01T12:00:01Z", () => declare("child", "at 2026-06-01T12:00:02Z"));
    scheduler.start();
    await clock.pass(3 * second);
    expect(started).toEqual(["parent 12:00:01.000", "child 12:00:02.000"]);
  });

  test("nothing fires before the start", async () => {
    const { clock, started, declare } = bench();
    declare("poll", "every 1s");
    await clock.pass(minute);
    expect(started).toEqual([]);
  });

  test("nothing fires after the stop, and the run that goes on is let alone", async () => {
    const { clock, started, dispatcher, scheduler, declare } = bench();
    const end = gate();
    declare("poll", "every 1s", () => end.promise);
    declare("always", "always", () => end.promise);
    scheduler.start();
    await clock.pass(second);
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(dispatcher.running).toEqual(["always", "poll"]);
    end.resolve();
    await clock.pass(hour);
    declare("late", "every 1s");
    await clock.pass(hour);
    expect(started).toEqual(["always 12:00:00.000", "poll 12:00:01.000"]);
    expect(scheduler.jobs.map(({ dueMs }) => dueMs)).toEqual([null, null, null]);
  });

  test("a run that stops the scheduler keeps the other jobs of its moment from starting", async () => {
    const { clock, started, scheduler, declare } = bench();
    declare("first", "every 1s", () => scheduler.stop());
    declare("second", "every 1s");
    scheduler.start();
    await clock.pass(minute);
    expect(started).toEqual(["first 12:00:01.000"]);
  });

  test("a single time runs once and is done; one that has passed does not run and says so", async () => {
    const { clock, lines, started, scheduler, declare } = bench();
    declare("once", "at 2026-06-01T13:00:00Z");
    declare("past", "at 2026-06-01T11:00:00Z");
    scheduler.start();
    await clock.pass(48 * hour);
    expect(started).toEqual(["once 13:00:00.000"]);
    expect(lines).toEqual(["2026-06-01T12:00:00.000Z WARN  [past] its time has passed: it will not run"]);
    expect(scheduler.jobs.map(jobState)).toEqual(["done", "done"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("overlap", () => {
  test("a job does not overlap itself: the time is skipped, and the log says so", async () => {
    const { clock, lines, started, scheduler, declare } = bench();
    const end = gate();
    declare("long", "every 10s", () => end.promise);
    declare("other", "every 10s");
    scheduler.start();
    await clock.pass(20 * second);
    expect(started).toEqual(["long 12:00:10.000", "other 12:00:10.000", "other 12:00:20.000"]);
    expect(lines).toEqual([
      "2026-06-01T12:00:20.000Z WARN  [long] skipped the run of 2026-06-01T12:00:20.000Z: the run before it is still going on",
    ]);
    end.resolve();
    await clock.pass(10 * second);
    expect(started.slice(3)).toEqual(["long 12:00:30.000", "other 12:00:30.000"]);
  });
});

describe("always", () => {
  test("it starts at once, and again after 1, 2, 4 … seconds, never more than a minute", async () => {
    const { clock, lines, started, scheduler, declare } = bench();
    declare("consumer", "always");
    scheduler.start();
    await clock.pass(4 * minute);
    const starts = ["00:00", "00:01", "00:03", "00:07", "00:15", "00:31", "01:03", "02:03", "03:03"];
    expect(started).toEqual(starts.map((time) => `consumer 12:${time}.000`));
    expect(lines[0]).toBe("2026-06-01T12:00:00.000Z WARN  [consumer] it returned: starting it again in 1s");
    expect(scheduler.jobs.map(jobState)).toEqual(["backing-off"]);
  });

  test("after a run of more than a minute it starts from the shortest pause again", async () => {
    const { clock, started, scheduler, declare } = bench();
    let end = gate();
    let isLong = false;
    declare("consumer", "always", () => (isLong ? end.promise : undefined));
    scheduler.start();
    await clock.pass(6 * second);
    isLong = true;
    await clock.pass(2 * minute);
    end.resolve();
    end = gate();
    await clock.pass(0);
    await clock.pass(second);
    expect(started.slice(-2)).toEqual(["consumer 12:00:07.000", "consumer 12:02:07.000"]);
  });

  test("one that throws is started again as well", async () => {
    const { clock, lines, started, scheduler, declare } = bench();
    declare("consumer", "always", () => {
      throw new Error("connection lost");
    });
    scheduler.start();
    await clock.pass(second);
    await settled();
    expect(started).toHaveLength(2);
    expect(lines[0]).toStartWith(
      "2026-06-01T12:00:00.000Z ERROR [consumer] the run failed: Error: connection lost\n",
    );
    expect(lines[1]).toEndWith("[consumer] it failed: starting it again in 1s");
  });
});
