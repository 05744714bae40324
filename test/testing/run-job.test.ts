// runJob as a test uses it: what it gives of a run, whatever the run does.
import { describe, expect, test } from "bun:test";
import { loadJobs } from "../../src/testing/main.ts";
import { noon, worker } from "./workers.ts";

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

  test("what it logs is its own, also from where its module has begun before it", async () => {
    const path = worker(`const queue = [];
      setInterval(() => queue.shift()?.(), 1).unref();
      job("late", "every 1h", ({ log }) => new Promise((resolve) => queue.push(() => resolve(log.info("from a queue")))));`);
    await using bench = await loadJobs(path, noon);
    const run = await bench.runJob("late");
    expect(run.lines.map(({ job, message }) => [job, message])).toEqual([["late", "from a queue"]]);
  });

  test("an input or a state that is no JSON is refused before the job runs", async () => {
    const path = worker(
      'job("a", { every: "1h", retry: { attempts: 2 } }, () => { throw new Error("it ran"); });',
    );
    await using bench = await loadJobs(path, noon);
    for (const odd of [1n, () => {}, { deep: { of: 2n } }])
      for (const what of ["input", "state"])
        expect(bench.runJob("a", { [what]: odd })).rejects.toThrow(
          `cannot give the job "a" this ${what}: it is not a JSON value`,
        );
    expect(bench.runs()).toEqual([]);
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
