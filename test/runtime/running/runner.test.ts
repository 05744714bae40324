// One run: what its handler is given, how it ends, and that nothing which a handler throws goes any further.
import { describe, expect, test } from "bun:test";
import { bench, gate, second, settled } from "./fake-clock.ts";

/** A run of this handler: its outcome, and what was logged. */
async function runOf(work: (signal: AbortSignal) => unknown) {
  const { clock, lines, dispatcher, scheduler, declare } = bench();
  declare("work", "@yearly", work);
  const [job] = scheduler.jobs;
  if (job === undefined) throw new Error("the job is not there");
  scheduler.start();
  const { run } = scheduler.trigger(job, undefined);
  if (run === null) throw new Error("it did not begin");
  const running = run.over;
  return { clock, lines, dispatcher, job, running };
}

describe("a run ends", () => {
  test("with success, and tells for which time it was and how long it took", async () => {
    const end = gate();
    const { clock, dispatcher, job, running } = await runOf(() => end.promise);
    expect(dispatcher.running).toEqual(["work"]);
    await clock.pass(1_234.4);
    clock.step(-50_000);
    end.resolve();
    const scheduledAtMs = Date.parse("2026-06-01T12:00:00Z");
    expect(await running).toMatchObject({
      scheduledAtMs,
      outcome: "succeeded",
      trigger: "manual",
      attempt: 1,
    });
    expect(job.last).toEqual({ scheduledAtMs, outcome: "succeeded", durationMs: 1_234 });
    expect(dispatcher.running).toEqual([]);
  });

  test("with a failure and its stack, whether the handler throws or rejects", async () => {
    const boom = () => {
      throw new TypeError("boom", { cause: new Error("deeper") });
    };
    for (const handler of [boom, async () => boom(), () => Promise.reject(new TypeError("boom"))]) {
      const { lines, running } = await runOf(handler);
      expect(await running).toMatchObject({ outcome: "failed" });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toStartWith("2026-06-01T12:00:00.000Z ERROR [work] the run failed: TypeError: boom\n");
      expect(lines[0]).toContain("runner.test.ts:");
    }
    const { lines, running } = await runOf(boom);
    await running;
    expect(lines[0]).toContain("[cause]: Error: deeper");
  });

  test.each([
    ["text", "just text", "'just text'"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["an object", { code: 7 }, "{ code: 7 }"],
    ["a symbol", Symbol("odd"), "Symbol(odd)"],
  ])("with a failure also when %s was thrown", async (_what, thrown, shown) => {
    const { lines, running } = await runOf(() => {
      throw thrown;
    });
    expect(await running).toMatchObject({ outcome: "failed" });
    expect(lines).toEqual([`2026-06-01T12:00:00.000Z ERROR [work] the run failed: ${shown}`]);
  });

  test("with a failure also when what it returns can't be asked whether it is a promise", async () => {
    const refuse = () => {
      throw new RangeError("do not wait");
    };
    const { lines, dispatcher, job, running } = await runOf(() => new Proxy({}, { get: refuse }));
    expect(await running).toMatchObject({ outcome: "failed", error: { message: "do not wait" } });
    expect(lines).toHaveLength(1);
    expect({ running: dispatcher.running, active: job.active.size }).toEqual({ running: [], active: 0 });
  });

  test("with a failure also when what was thrown can't even be looked at", async () => {
    const refuse = () => {
      throw new Error("do not look");
    };
    const trap = new Proxy(new Error("hidden"), { get: refuse, getPrototypeOf: refuse, ownKeys: refuse });
    const shy = { [Symbol.for("nodejs.util.inspect.custom")]: refuse };
    for (const thrown of [trap, shy]) {
      const { lines, dispatcher, running } = await runOf(() => Promise.reject(thrown));
      expect(await running).toMatchObject({ outcome: "failed" });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain("[work] the run failed: ");
      expect(dispatcher.running).toEqual([]);
    }
  });

  test("with a failure when it returns a promise of another kind that throws", async () => {
    const odd = {
      // biome-ignore lint/suspicious/noThenProperty: a broken thenable is what is tested
      then() {
        throw new Error("thenable");
      },
    };
    const { running } = await runOf(() => odd);
    expect(await running).toMatchObject({ outcome: "failed" });
  });
});

describe("the end of all runs", () => {
  test("aborts each run's signal with a reason, and waits for all of them", async () => {
    const { clock, dispatcher, scheduler, declare } = bench();
    const slow = gate();
    const reasons: unknown[] = [];
    declare("quick", "every 1s", (signal) => {
      const { promise, resolve } = gate();
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason);
        resolve();
      });
      return promise;
    });
    declare("slow", "every 1s", () => slow.promise);
    scheduler.start();
    await clock.pass(second);
    let ended = false;
    const all = dispatcher.endAll("stopping", "the daemon is stopping").then(() => {
      ended = true;
    });
    await settled();
    expect(reasons).toEqual([
      expect.objectContaining({ name: "AbortError", message: "the daemon is stopping" }),
    ]);
    expect(dispatcher.running).toEqual(["slow"]);
    expect(ended).toBe(false);
    slow.resolve();
    await all;
    expect(dispatcher.running).toEqual([]);
  });

  test("is told to everyone who waits for it", async () => {
    const end = gate();
    const { dispatcher, running } = await runOf(() => end.promise);
    const both = Promise.all([
      dispatcher.endAll("stopping", "a reload"),
      dispatcher.endAll("stopping", "a stop"),
    ]);
    end.resolve();
    await running;
    await settled();
    expect(Bun.peek.status(both)).toBe("fulfilled");
  });

  test("is at once when none is going on", async () => {
    await bench().dispatcher.endAll("stopping", "stop");
  });

  test("makes a run that gives up over its signal cancelled, not failed", async () => {
    const throwers: Array<(signal: AbortSignal) => Promise<unknown>> = [
      async (signal) => {
        await settled();
        signal.throwIfAborted();
      },
      async () => {
        await settled();
        throw new DOMException("given up", "AbortError");
      },
    ];
    for (const thrower of throwers) {
      const { lines, dispatcher, running } = await runOf(thrower);
      await dispatcher.endAll("stopping", "stop");
      expect(await running).toMatchObject({ outcome: "cancelled" });
      expect(lines).toEqual([]);
    }
  });

  test("leaves a failure a failure", async () => {
    const { lines, dispatcher, running } = await runOf(async () => {
      await settled();
      throw new Error("while stopping");
    });
    await dispatcher.endAll("stopping", "stop");
    expect(await running).toMatchObject({ outcome: "failed" });
    expect(lines[0]).toContain("while stopping");
  });

  test("an AbortError of a run that nobody aborted is a failure", async () => {
    const { running } = await runOf(() => {
      throw new DOMException("a timeout of its own", "AbortError");
    });
    expect(await running).toMatchObject({ outcome: "failed" });
  });
});

test("a run that is cancelled and does not end is told as stuck, once; one that ends in time is not", async () => {
  const end = gate();
  const { clock, lines, dispatcher, running } = await runOf(() => end.promise);
  const [run] = dispatcher.runs;
  if (run === undefined) throw new Error("it does not run");
  dispatcher.cancel(run, "asked", "somebody cancelled the run");
  await clock.pass(4 * second);
  expect(lines).toEqual([]);
  await clock.pass(60 * second);
  expect(lines).toEqual([
    "2026-06-01T12:00:05.000Z ERROR [work] the run is stuck: it was asked to end, and goes on 5000 ms later",
  ]);
  end.resolve();
  await running;
  const quick = await runOf(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  const [other] = quick.dispatcher.runs;
  if (other !== undefined) quick.dispatcher.cancel(other, "asked", "somebody cancelled the run");
  expect(await quick.running).toMatchObject({ outcome: "cancelled" });
  await quick.clock.pass(60 * second);
  expect(quick.lines).toEqual([]);
});
