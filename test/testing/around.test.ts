// What is around the runs of a test: hooks, pings, pauses, its end, and that nothing is lost however time passes.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { plannedBetween } from "../../src/schedule/plan.ts";
import { parseSchedule } from "../../src/schedule/schedule.ts";
import { loadJobs } from "../../src/testing/main.ts";
import { isAlive, until } from "../e2e/harness.ts";
import { noon, worker } from "./workers.ts";

describe("what is around runs", () => {
  test("hooks are called and waited for, and pings are noted and not sent", async () => {
    const path = worker(`const told = [];
    hooks({ onFailure: async ({ job }) => { await Bun.sleep(3); told.push("all: " + job); } });
    let fails = true;
    job("pings", { every: "1h", ping: "https://hc.example.com/x?y=1", onRecovered: () => told.push("recovered") }, () => {
      if (fails) { fails = false; throw new Error("once"); }
    });
    job("told", "@yearly", () => told);`);
    await using bench = await loadJobs(path);
    await bench.runJob("pings");
    await bench.runJob("pings");
    expect((await bench.runJob("told")).result).toEqual(["all: pings", "recovered"]);
    expect(bench.events("onFailure")).toMatchObject([{ job: "pings", error: { message: "once" } }]);
    expect(bench.events().map(({ outcome }) => outcome)).toEqual([
      "failed",
      "succeeded",
      "succeeded",
      "succeeded",
    ]);
    expect(bench.pings.map(({ url }) => url)).toEqual([
      "https://hc.example.com/x/start?y=1",
      "https://hc.example.com/x/fail?y=1",
      "https://hc.example.com/x/start?y=1",
      "https://hc.example.com/x?y=1",
    ]);
  });

  test("a paused job's times are skipped until it is resumed", async () => {
    await using bench = await loadJobs(worker('job("hourly", "@hourly", () => {});'), noon);
    bench.pause("hourly");
    expect(bench.job("hourly").isPaused).toBe(true);
    await bench.clock.advance("2h");
    bench.resume("hourly");
    await bench.clock.advance("1h");
    expect(bench.runs().map(({ outcome }) => outcome)).toEqual(["skipped", "skipped", "succeeded"]);
  });

  test("@reboot runs once time passes, and a job may declare another", async () => {
    const path = worker(`job("boot", "@reboot", () => job("late", "every 1m", () => {}));`);
    await using bench = await loadJobs(path, noon);
    await bench.clock.advance("2m");
    expect(bench.runs().map(({ job }) => job)).toEqual(["boot", "late", "late"]);
  });

  test("runs that go on at the end are told to end", async () => {
    const path = worker(`job("on", "always", ({ signal }) => new Promise((resolve) => {
      signal.addEventListener("abort", () => { globalThis.toldToEnd = true; resolve(); });
    }));`);
    {
      await using bench = await loadJobs(path);
      await bench.clock.advance("1s");
    }
    expect(Reflect.get(globalThis, "toldToEnd")).toBe(true);
  });

  test("a command that goes on at the end, deaf to TERM, is killed", async () => {
    const path = worker(
      `job("deaf", { every: "1d", sh: "trap '' TERM; echo $$; while :; do sleep 1; done" });`,
    );
    let pid = 0;
    {
      await using bench = await loadJobs(path);
      void bench.runJob("deaf");
      pid = Number(await until("it runs", () => bench.lines[0]?.message));
      process.kill(pid, 0);
    }
    await until("it is gone", () => !isAlive(pid));
  });

  test("what comes is what is planned, however the time passes", async () => {
    const texts = ["* * * * *", "*/7 3-5 * * *", "30 2 * * *", "every 37m", "0 0 L * *", "15 */6 * * MON#1"];
    const steps = fc.array(fc.integer({ min: 0, max: 40_000_000 }), { minLength: 1, maxLength: 5 });
    const start = fc.date({
      min: new Date("2026-03-20T00:00:00Z"),
      max: new Date("2026-04-03T00:00:00Z"),
      noInvalidDate: true,
    });
    const zone = "Europe/Berlin";
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...texts), start, steps, async (text, now, durations) => {
        const options = text.startsWith("every") ? { every: text.slice(6) } : { cron: text, tz: zone };
        const path = worker(`job("planned", ${JSON.stringify(options)}, () => {});`);
        await using bench = await loadJobs(path, { now });
        for (const duration of durations) await bench.clock.advance(duration);
        const throughMs = now.getTime() + durations.reduce((sum, duration) => sum + duration, 0);
        const schedules = [parseSchedule(text, text.startsWith("every") ? {} : { timeZone: zone })];
        const plan = { schedules, jitterMs: 0, fromMs: null, untilMs: null };
        expect(bench.runs().map(({ scheduledAt }) => scheduledAt.getTime())).toEqual(
          plannedBetween(plan, now.getTime(), throughMs, 100_000),
        );
        expect(bench.runs().every(({ outcome }) => outcome === "succeeded")).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
