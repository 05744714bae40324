// Runs in a thread of their own: whatever a handler does there ends that run alone, and nobody else notices.
import { describe, expect, test } from "bun:test";
import { isAlive, procStatus, until, type Workspace, workerOf, workspace } from "./harness.ts";
import { head, runsOf, start, triggered } from "./isolated.ts";

/** How late the runs of "other" were from then on, in milliseconds. */
async function lateness(space: Workspace, sinceMs: number): Promise<number[]> {
  const runs = await runsOf(space, "other", "--limit", "1000");
  return runs
    .filter(({ scheduledAt, outcome }) => Date.parse(scheduledAt) > sinceMs && outcome === "succeeded")
    .map(({ result }) => Number(result));
}

describe("a handler in a thread", () => {
  test("has the same context as in the worker, and its result, state and lines arrive", async () => {
    const space = workspace();
    await start(
      space,
      `const { name, id, attempt, scheduledAt, startedAt, lastSuccess } = context;
  log.info("told", { n: 1 });
  console.warn("warned\\nin two lines");
  process.stdout.write("raw, no end");
  context.state = { runs: (state?.runs ?? 0) + 1 };
  return { name, id, attempt, at: scheduledAt.toISOString(), late: startedAt >= scheduledAt, lastSuccess,
    input, main: import.meta.main, isMain: Bun.isMainThread, before: state ?? null, isAborted: signal.aborted };`,
    );
    const { run, stdout } = await triggered(space, "work", { a: [1, null] });
    expect(run).toMatchObject({ outcome: "succeeded", attempt: 1, exitCode: null });
    expect(run.result).toEqual({
      name: "work",
      id: run.id,
      attempt: 1,
      at: run.scheduledAt,
      late: true,
      lastSuccess: null,
      input: { a: [1, null] },
      main: false,
      isMain: false,
      before: null,
      isAborted: false,
    });
    const lines =
      /^\S+ INFO {2}\[work\] told \{ n: 1 \}\n\S+ WARN {2}\[work\] warned\n {2}in two lines\n\S+ INFO {2}\[work\] raw, no end\n/m;
    expect(stdout).toMatch(lines);
    expect(space.read("worker.log")).toMatch(lines);
    const second = await triggered(space, "work", "x");
    expect(second.run.result).toMatchObject({ before: { runs: 1 }, input: "x" });
    expect(second.run.result).not.toMatchObject({ lastSuccess: null });
  });

  test("that throws has failed with its own error, and retry.when has seen that very error", async () => {
    const space = workspace();
    const own = `class Temporary extends Error { override name = "Temporary"; code = "E_BUSY"; }\n`;
    space.write(
      "worker.ts",
      `${head}${own}job("work", { every: "1h", isolate: true, retry: { attempts: 3, delay: "10ms", when: (error) => error instanceof Temporary },
  onFailure: ({ error, lastLines }) => console.log("hook", error?.message, JSON.stringify(lastLines.length)) },
  ({ attempt, log }) => {
    log.info("attempt " + attempt);
    if (attempt < 2) throw new Temporary("try again");
    throw new TypeError("for good", { cause: new Error("deeper") });
  });`,
    );
    await space.run(["worker.ts"]);
    const { run, stderr } = await triggered(space, "work");
    expect(run).toMatchObject({
      outcome: "failed",
      attempt: 2,
      error: { name: "TypeError", message: "for good" },
    });
    expect(run.error?.stack).toContain("worker.ts:9:");
    expect(stderr).toContain("TypeError: for good");
    const log = await until("the hook was called", () => {
      const text = space.read("worker.log");
      return text.includes("hook for good") ? text : null;
    });
    expect(log).toMatch(/attempt 1 of the run failed \(next attempt in \d+ms\): Temporary: try again/);
    expect(log).toMatch(/attempt 2 of the run failed: TypeError: for good\n {6}at .*worker\.ts:9:/);
    expect(log).toContain("[cause]: Error: deeper");
    expect(log).toMatch(/hook for good "?[1-9]/);
  });

  const deadly: ReadonlyArray<readonly [what: string, handler: string, message: string | RegExp]> = [
    ["calls process.exit", `process.exit(3);`, "process.exit(3) was called"],
    [
      "calls process.exit in a timer",
      `setTimeout(() => process.exit(0), 5); await Bun.sleep(60_000);`,
      "process.exit(0) was called",
    ],
    [
      "throws in a timer",
      `setTimeout(() => { throw new RangeError("in a timer"); }, 5); await Bun.sleep(60_000);`,
      "in a timer",
    ],
    [
      "leaves a rejection unhandled",
      `void Promise.reject(new Error("nobody cares")); await Bun.sleep(60_000);`,
      "nobody cares",
    ],
    [
      "overflows its stack in a callback",
      `const down = () => down() + 1; setTimeout(down, 1); await Bun.sleep(60_000);`,
      /Maximum call stack/,
    ],
  ];
  test("that does any of these ends that run alone", async () => {
    const space = workspace();
    const cases = deadly.map(([what, handler]) => `if (input === ${JSON.stringify(what)}) { ${handler} }`);
    await start(space, `${cases.join("\n  ")}\n  return "alive";`);
    const { workerPid } = await space.status("worker");
    for (const [what, , message] of deadly) {
      const { run } = await triggered(space, "work", what);
      expect({ what, ...run }).toMatchObject({ what, outcome: "failed" });
      expect(run.error?.message).toMatch(message);
    }
    expect((await triggered(space, "work")).run).toMatchObject({ outcome: "succeeded", result: "alive" });
    expect(await space.status("worker")).toMatchObject({ workerPid, restarts: 0, state: "running" });
  });
});

describe("an endless loop in a thread", () => {
  const spin = `log.info("spinning"); for (;;) {}`;
  const isSpinning = (space: Workspace) =>
    until("it spins", () => space.read("worker.log").includes("spinning"));

  test("leaves others their times, and is ended graceMs after its timeout", async () => {
    const space = workspace();
    await start(space, spin, `timeout: "1s", graceMs: "200ms"`);
    const beganMs = Date.now();
    const { run } = await triggered(space, "work");
    const tookMs = Date.parse(run.endedAt ?? "") - Date.parse(run.startedAt ?? "");
    expect(run).toMatchObject({
      outcome: "timed-out",
      error: {
        message: "the run took longer than 1000 ms; it did not end by itself, and its thread was ended",
      },
    });
    expect(tookMs).toBeGreaterThanOrEqual(1_195);
    expect(tookMs).toBeLessThan(4_000);
    const late = await lateness(space, beganMs);
    expect(late.length).toBeGreaterThanOrEqual(5);
    // The machine may be busy with others' work: what the thread itself would cost, it would cost every time.
    expect(late.toSorted((a, b) => a - b)[Math.floor(late.length / 2)]).toBeLessThan(20);
  });

  test("is ended by djob cancel", async () => {
    const space = workspace();
    await start(space, spin, `graceMs: "100ms"`);
    await space.djob(["trigger", "worker", "work"]);
    await isSpinning(space);
    const [{ id = "" } = {}] = await runsOf(space, "work");
    expect((await space.djob(["cancel", "worker", id])).code).toBe(0);
    const [run] = await until("it is over", async () => {
      const runs = await runsOf(space, "work");
      return runs[0]?.outcome === null ? null : runs;
    });
    expect(run).toMatchObject({ outcome: "cancelled", reason: "asked" });
  });

  test("goes on with its code after a reload until the stop timeout, and ends then", async () => {
    const space = workspace();
    await start(space, spin, `graceMs: "100ms"`, "", ["--stop-timeout", "300ms"]);
    await space.djob(["trigger", "worker", "work"]);
    await isSpinning(space);
    const before = await workerOf(space, "worker");
    expect((await space.djob(["reload", "worker"])).code).toBe(0);
    await until("the old worker is gone", () => !isAlive(before));
    const [run] = await runsOf(space, "work");
    expect(run).toMatchObject({ outcome: "cancelled", reason: "stopping" });
    expect(await space.status("worker")).toMatchObject({ state: "running", restarts: 0 });
  });

  test("holds up a stop no longer than its graceMs", async () => {
    const space = workspace();
    await start(space, spin, `graceMs: "100ms"`);
    await space.djob(["trigger", "worker", "work"]);
    await isSpinning(space);
    const beganMs = performance.now();
    const { code, stdout } = await space.djob(["stop", "worker"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("cleanly") });
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(space.read("worker.log")).toContain("stopped\n");
    const [run] = await runsOf(space, "work");
    expect(run).toMatchObject({ outcome: "cancelled", reason: "stopping" });
  });
});

test("a thread in a call that can't be ended is given up a second after its graceMs, also at a stop", async () => {
  const space = workspace();
  await start(space, `log.info("asleep"); Bun.sleepSync(60_000);`, `timeout: "100ms", graceMs: "50ms"`);
  const { run } = await triggered(space, "work");
  expect(run).toMatchObject({ outcome: "timed-out" });
  expect(run.error?.message).toEndWith(
    "its thread was ended (it is in a call that can't be ended, and goes on)",
  );
  const { code, stdout } = await space.djob(["stop", "worker"]);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("cleanly") });
});

test.each(["true", '"process"'])(
  "a flood of lines with isolate: %s keeps nobody from their times",
  async (isolate) => {
    const space = workspace();
    await start(
      space,
      `const line = "x".repeat(100); for (;;) console.log(line);`,
      `isolate: ${isolate}, timeout: "1s", graceMs: 0`,
    );
    const beganMs = Date.now();
    expect((await triggered(space, "work")).run.outcome).toBe("timed-out");
    const late = await lateness(space, beganMs);
    expect(late.length).toBeGreaterThanOrEqual(5);
    expect(late.toSorted((a, b) => a - b)[Math.floor(late.length / 2)]).toBeLessThan(50);
    expect(
      Number(
        procStatus(await workerOf(space, "worker"))
          .get("VmRSS")
          ?.split(" ")[0],
      ),
    ).toBeLessThan(400_000);
  },
);

test("an always job may have a thread, and is started again when that ends", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${head}job("work", { always: true, isolate: true, graceMs: "50ms" }, ({ log, id }) => { log.info("began " + id); setTimeout(() => process.exit(1), 20); return new Promise(() => {}); });`,
  );
  await space.run(["worker.ts"]);
  await until("it began twice", () => space.read("worker.log").split("] began work@").length > 2);
  expect(space.read("worker.log")).toContain("[work] it failed: starting it again in ");
});

test("a thread is used again only if nothing of its last run is left there", async () => {
  const space = workspace();
  await start(
    space,
    `globalThis.own ??= crypto.randomUUID(); globalThis.runs = (globalThis.runs ?? 0) + 1;
  if (input === "leave") setInterval(() => {}, 1_000);
  if (input === "throw") { console.log("threw in " + globalThis.own); throw new Error("thrown"); }
  return { own: globalThis.own, runs: globalThis.runs };`,
  );
  const once = async (input?: unknown) =>
    (await triggered(space, "work", input)).run.result as { own: string; runs: number };
  // On a busy machine another thread may be ready before the first is back.
  await until("one is used again", async () => (await once()).runs > 1);
  await until("one is used again that threw", async () => {
    await triggered(space, "work", "throw");
    return space.read("worker.log").includes(`threw in ${(await once()).own}`);
  });
  const { own } = await once("leave");
  for (let count = 0; count < 3; count += 1) expect((await once()).own).not.toBe(own);
});

test.each(["true", '"process"'])(
  "djob run-once isolates with %s as well, and leaves nothing",
  async (isolate) => {
    const space = workspace();
    space.write(
      "worker.ts",
      `${head}job("work", { every: "1h", isolate: ${isolate} }, ({ input, log }) => { log.info("hello"); if (input === "die") process.exit(3); return Bun.isMainThread; });`,
    );
    const good = await space.djob(["run-once", "worker.ts", "work"]);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining("hello\n") });
    const bad = await space.djob(["run-once", "worker.ts", "work", "--input", '"die"']);
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining("process.exit(3) was called") });
  },
);
