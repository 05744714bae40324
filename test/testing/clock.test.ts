// The clock of a test: schedules go by it, and so do timeouts, retries and Date.
import { describe, expect, jest, test } from "bun:test";
import { loadJobs } from "../../src/testing/main.ts";
import { noon, worker } from "./workers.ts";

describe("the clock", () => {
  test("schedules go by it, over a change of the clocks, in their zones", async () => {
    const path = worker(
      `job("report", { cron: "30 2 * * *", tz: "Europe/Berlin" }, () => new Date().toISOString());`,
    );
    await using bench = await loadJobs(path, { now: "2026-03-28T00:00:00Z" });
    expect(bench.job("report")).toMatchObject({
      tz: "Europe/Berlin",
      next: new Date("2026-03-28T01:30:00Z"),
    });
    await bench.clock.advance("3d");
    const expected = ["2026-03-28T01:30:00.000Z", "2026-03-29T01:30:00.000Z", "2026-03-30T00:30:00.000Z"];
    expect(bench.runs().map(({ result }) => result)).toEqual(expected);
    expect(bench.runs().map(({ scheduledAt }) => scheduledAt.toISOString())).toEqual(expected);
  });

  test("a year passes in no time where little happens", async () => {
    await using bench = await loadJobs(worker('job("monthly", "@monthly", () => {});'), noon);
    await bench.clock.advance("365d");
    expect(bench.runs()).toHaveLength(12);
  });

  test("set is where it begins, or up to where time passes; never back", async () => {
    await using bench = await loadJobs(worker('job("hourly", "@hourly", () => {});'), noon);
    await bench.clock.set("2026-01-01T00:30:00Z");
    expect(new Date().toISOString()).toBe("2026-01-01T00:30:00.000Z");
    expect(bench.runs()).toEqual([]);
    await bench.clock.advance(0);
    await bench.clock.set(new Date("2026-01-01T03:00:00Z"));
    expect(bench.runs()).toHaveLength(3);
    expect(bench.clock.set("2026-01-01T02:00:00Z")).rejects.toThrow("clock.step sets it back");
    expect(bench.clock.advance("soon")).rejects.toThrow("soon");
  });

  test("after a sleep each job catches up as it says", async () => {
    const path = worker(
      `for (const catchUp of ["none", "last", "all"]) job(catchUp, { every: "1h", catchUp }, () => {});`,
    );
    await using bench = await loadJobs(path, { now: "2026-06-01T12:30:00Z" });
    await bench.clock.advance(0);
    await bench.clock.sleep("4h");
    const told = (job: string) => bench.runs(job).map(({ outcome, trigger }) => `${outcome} ${trigger}`);
    expect(told("none")).toEqual(Array(4).fill("skipped schedule"));
    expect(told("last")).toEqual([...Array(3).fill("skipped schedule"), "succeeded catch-up"]);
    expect(told("all")).toEqual(Array(4).fill("succeeded catch-up"));
    expect(bench.clock.now).toEqual(new Date("2026-06-01T16:30:00Z"));
  });

  test("after a step back nothing runs twice", async () => {
    await using bench = await loadJobs(worker('job("often", "*/10 * * * *", () => {});'), noon);
    await bench.clock.advance("30m");
    await bench.clock.step(-20 * 60_000);
    expect(bench.clock.now).toEqual(new Date("2026-06-01T12:10:00Z"));
    await bench.clock.advance("30m");
    expect(bench.runs().map(({ scheduledAt }) => scheduledAt.toISOString().slice(14, 16))).toEqual([
      "10",
      "20",
      "30",
      "40",
    ]);
  });

  test("a run that takes real time is waited for: the next time finds it over", async () => {
    const path = worker(
      `job("io", "every 1s", async () => { await Bun.file(import.meta.path).text(); await Bun.sleep(2); });`,
    );
    await using bench = await loadJobs(path, noon);
    await bench.clock.advance("20s");
    expect(bench.runs().map(({ outcome }) => outcome)).toEqual(Array(20).fill("succeeded"));
  });

  test("one that waits for the clock holds nothing up: its times are skipped", async () => {
    const path =
      worker(`job("long", { every: "1m", timeout: "150s" }, ({ signal }) => new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    }));`);
    await using bench = await loadJobs(path, noon);
    await bench.clock.advance("4m");
    expect(bench.runs().map(({ outcome }) => outcome)).toEqual(["timed-out", "skipped", "skipped"]);
    expect(bench.runs()[1]?.reason).toBe("overlap");
  });

  test("timers are the machine's, or with fakeTimers the clock's", async () => {
    const path = worker(`import { setTimeout as pause } from "node:timers/promises";
    job("polls", "always", async ({ signal, log }) => {
      while (!signal.aborted) { log.info(new Date().toISOString().slice(14, 19)); await Bun.sleep(10_000); await pause(10_000); }
    });`);
    await using bench = await loadJobs(path, { ...noon, fakeTimers: true });
    await bench.clock.advance("1m");
    expect(bench.lines.map(({ message }) => message)).toEqual(["00:00", "00:20", "00:40", "01:00"]);
  });

  test("afterwards Date and timers are the machine's again", async () => {
    const path = worker('job("idle", "@daily", () => {});');
    for (const fakeTimers of [false, true]) {
      await using bench = await loadJobs(path, { now: "2001-01-01T00:00:00Z", fakeTimers });
      expect(new Date().getFullYear()).toBe(2001);
      expect(bench.jobs).toHaveLength(1);
    }
    expect(new Date().getFullYear()).toBeGreaterThan(2025);
    expect(jest.isFakeTimers()).toBe(false);
  });
});
