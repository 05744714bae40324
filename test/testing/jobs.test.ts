// "djob/testing" as a test uses it: a user's modules, loaded afresh, on a clock that the test moves.
import { afterAll, beforeAll, describe, expect, jest, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plugin } from "bun";
import fc from "fast-check";
import { plannedBetween } from "../../src/schedule/plan.ts";
import { parseSchedule } from "../../src/schedule/schedule.ts";
import * as djob from "../../src/testing/djob.ts";
import { loadJobs } from "../../src/testing/main.ts";
import { isAlive, until } from "../e2e/harness.ts";

const directory = mkdtempSync(join(tmpdir(), "djob-testing-"));
let files = 0;

beforeAll(() => {
  plugin({
    name: "djob",
    setup: (build) => void build.module("djob", () => ({ exports: { ...djob }, loader: "object" })),
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** A module of its own for each test. */
function worker(text: string): string {
  files += 1;
  return write(`worker-${files}.ts`, `import { hooks, job } from "djob";\n${text}\n`);
}

const noon = { now: "2026-06-01T12:00:00Z" };

describe("runJob", () => {
  test("it gives what the handler returned, logged and left behind", async () => {
    const path =
      worker(`job("cleanup", "@daily", async ({ input, log, state, name, id, attempt, signal, scheduledAt, lastSuccess }) => {
      await Bun.sleep(1);
      console.log("looking at", input.days);
      log.warn("old", { name });
      return { input, id, attempt, aborted: signal.aborted, at: scheduledAt, lastSuccess, date: new Date().toISOString(), nothing: undefined };
    });`);
    await using bench = await loadJobs(path, noon);
    const run = await bench.runJob("cleanup", { input: { days: 3 } });
    expect(run).toEqual({
      id: "cleanup@2026-06-01T12:00:00.000Z",
      job: "cleanup",
      scheduledAt: new Date("2026-06-01T12:00:00Z"),
      startedAt: new Date("2026-06-01T12:00:00Z"),
      endedAt: new Date("2026-06-01T12:00:00Z"),
      attempt: 1,
      trigger: "manual",
      outcome: "succeeded",
      reason: null,
      error: undefined,
      result: {
        input: { days: 3 },
        id: "cleanup@2026-06-01T12:00:00.000Z",
        attempt: 1,
        aborted: false,
        at: new Date("2026-06-01T12:00:00Z"),
        lastSuccess: null,
        date: "2026-06-01T12:00:00.000Z",
        nothing: undefined,
      },
      state: undefined,
      exitCode: null,
      signal: null,
      lines: [
        { time: new Date("2026-06-01T12:00:00Z"), level: "info", job: "cleanup", message: "looking at 3" },
        {
          time: new Date("2026-06-01T12:00:00Z"),
          level: "warn",
          job: "cleanup",
          message: "old { name: 'cleanup' }",
        },
      ],
      times: 1,
      through: new Date("2026-06-01T12:00:00Z"),
    });
    expect(bench.runs()).toEqual([run]);
  });

  test("a handler that throws is an outcome, with the very error", async () => {
    const path = worker(`export class Odd extends Error {}
    job("fails", "@daily", async () => { throw new Odd("no luck"); });
    job("odd", "@daily", () => { throw "text"; });`);
    await using bench = await loadJobs(path);
    const run = await bench.runJob("fails");
    expect(run).toMatchObject({ outcome: "failed", result: undefined });
    expect(run.error).toBeInstanceOf(Error);
    expect((run.error as Error).constructor.name).toBe("Odd");
    expect(run.lines.map(({ level }) => level)).toEqual(["error"]);
    expect((await bench.runJob("odd")).error).toBe("text");
  });

  test("all attempts that its retry allows come, and their pauses pass by themselves", async () => {
    const path =
      worker(`job("flaky", { every: "1h", retry: { attempts: 4, delay: "10m", maxDelay: "1h", jitter: 0 } }, ({ attempt }) => {
      if (attempt < 4) throw new Error("attempt " + attempt);
      return new Date().toISOString();
    });
    job("other", "* * * * *", () => {});
    job("always", "always", () => {});`);
    await using bench = await loadJobs(path, noon);
    const run = await bench.runJob("flaky");
    expect(run).toMatchObject({ outcome: "succeeded", attempt: 4, trigger: "retry" });
    expect(run.result).toBe("2026-06-01T13:10:00.000Z");
    expect(bench.clock.now).toEqual(new Date("2026-06-01T13:10:00Z"));
    // No schedule begins before the test says so, and then none is owed.
    expect(bench.runs()).toEqual([run]);
    await bench.clock.advance("2m");
    expect(
      bench.runs("other").map(({ outcome, scheduledAt }) => [outcome, scheduledAt.toISOString()]),
    ).toEqual([
      ["succeeded", "2026-06-01T13:11:00.000Z"],
      ["succeeded", "2026-06-01T13:12:00.000Z"],
    ]);
    expect(bench.runs("always").length).toBeGreaterThan(3);
    expect(bench.runs("flaky")).toEqual([run]);
  });

  test("once time passes, a retry comes once, at its time", async () => {
    const path =
      worker(`job("flaky", { at: "2026-06-01T12:10:00Z", retry: { attempts: 2, delay: "5m", maxDelay: "5m", jitter: 0 } }, ({ attempt }) => {
      if (attempt < 2) throw new Error("again");
      return new Date().toISOString();
    });`);
    await using bench = await loadJobs(path, noon);
    await bench.clock.advance("14m");
    expect(bench.runs()).toEqual([]);
    await bench.clock.advance("1m");
    expect(bench.runs()).toMatchObject([{ result: "2026-06-01T12:15:00.000Z", attempt: 2 }]);
    expect(await bench.runJob("flaky")).toMatchObject({
      result: "2026-06-01T12:20:00.000Z",
      trigger: "retry",
    });
  });

  test("a timeout is the clock's", async () => {
    const path =
      worker(`job("slow", { every: "1h", timeout: "2m" }, ({ signal }) => new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }));`);
    await using bench = await loadJobs(path, noon);
    const going = bench.runJob("slow");
    await bench.clock.advance(119_999);
    expect(bench.runs()).toEqual([]);
    await bench.clock.advance(1);
    expect(await going).toMatchObject({ outcome: "timed-out", endedAt: new Date("2026-06-01T12:02:00Z") });
    expect((await going).error).toMatchObject({ name: "TimeoutError" });
  });

  test("it can be cancelled; one that the job's overlap does not allow is skipped", async () => {
    const path = worker(`job("slow", "@daily", ({ signal }) => new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }));`);
    await using bench = await loadJobs(path, noon);
    const abort = new AbortController();
    const going = bench.runJob("slow", { signal: abort.signal });
    expect(await bench.runJob("slow")).toMatchObject({ outcome: "skipped", reason: "overlap", attempt: 0 });
    abort.abort();
    expect(await going).toMatchObject({ outcome: "cancelled", reason: "asked", error: undefined });
    expect(bench.events("onSkip")).toHaveLength(1);
  });

  test("state is kept from success to success, and may be given", async () => {
    const path = worker(`job("count", "0 * * * *", (context) => {
      context.state = (context.state ?? 0) + 1;
      if (context.input === "fail") throw new Error("not kept");
      return context.lastSuccess?.toISOString();
    });`);
    await using bench = await loadJobs(path, noon);
    await bench.runJob("count");
    await bench.runJob("count", { input: "fail" });
    expect(bench.job("count")).toMatchObject({ state: 1, lastSuccess: new Date("2026-06-01T12:00:00Z") });
    await bench.clock.advance("1h");
    expect(bench.job("count").state).toBe(2);
    expect(bench.runs("count").at(-1)?.result).toBe("2026-06-01T12:00:00.000Z");
    expect((await bench.runJob("count", { state: 41 })).state).toBe(42);
    expect(bench.job("count").state).toBe(42);
  });

  test("a job that is a command really runs", async () => {
    const path = worker(`job("sh", { every: "1d", sh: "echo $DJOB_JOB of $DJOB_INPUT; exit 3" });`);
    await using bench = await loadJobs(path);
    const run = await bench.runJob("sh", { input: 7 });
    expect(run).toMatchObject({ outcome: "failed", exitCode: 3 });
    expect(run.lines[0]?.message).toBe("sh of 7");
  });

  test("a job that there is not is an error, with the nearest name", async () => {
    await using bench = await loadJobs(worker('job("cleanup", "@daily", () => {});'));
    expect(bench.runJob("clean")).rejects.toThrow('there is no job "clean": did you mean "cleanup"?');
    expect(() => bench.runs("clean")).toThrow("there is no job");
  });
});

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

describe("modules", () => {
  test("those that import djob are loaded afresh for each test; what they use is shared with the test", async () => {
    const shared = write("shared.ts", "export const sent = [];");
    write(
      "part.ts",
      'import { job } from "djob";\nimport { sent } from "./shared.ts";\njob("part", "@daily", () => sent.push("part"));',
    );
    write("between.ts", 'import "./part.ts";\nexport const between = {};');
    const path = worker(`import "./between.ts"; import { sent } from "./shared.ts";
    let runs = 0;
    job("main", "@daily", () => { sent.push("main"); return ++runs; });`);
    for (let round = 0; round < 2; round += 1) {
      await using bench = await loadJobs(path);
      expect(bench.jobs.map(({ name }) => name)).toEqual(["part", "main"]);
      expect((await bench.runJob("main")).result).toBe(1);
      await bench.runJob("part");
    }
    expect((await import(shared)).sent).toEqual(["main", "part", "main", "part"]);
  });

  test("a module that is imported by the test itself declares nothing, and is no hindrance", async () => {
    const path = worker('job("mine", "@daily", () => {}); export const double = (n) => 2 * n;');
    expect((await import(path)).double(2)).toBe(4);
    await using bench = await loadJobs(path);
    expect(bench.jobs).toHaveLength(1);
  });

  test("one that can't be loaded says where, and the next test is not harmed", async () => {
    const path = worker('job("a", { evry: "10s" }, () => {});');
    expect(loadJobs(path)).rejects.toThrow(`there is no option "evry"\n  at ${path}:2:1`);
    expect(loadJobs(join(directory, "none.ts"))).rejects.toThrow("Cannot find module");
    await using bench = await loadJobs(worker('job("fine", "@daily", () => {});'));
    expect(bench.jobs).toHaveLength(1);
  });

  test("Cloudflare's form, several modules, and one bench at a time", async () => {
    const form = worker(
      'export default { scheduled: ({ cron }) => console.debug(cron), crons: ["*/5 * * * *"] };',
    );
    const second = worker('job("second", "@daily", () => {});');
    await using bench = await loadJobs([form, second], noon);
    expect(bench.jobs.map(({ name }) => name)).toEqual(["second", "scheduled */5 * * * *"]);
    expect(loadJobs(second)).rejects.toThrow("one test at a time");
    await bench.clock.advance("5m");
    expect(bench.lines).toMatchObject([{ level: "debug", message: "*/5 * * * *" }]);
  });
});
