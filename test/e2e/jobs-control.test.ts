// What one can ask of a daemon's jobs, and tell them to do, by command and over HTTP.
import { describe, expect, test } from "bun:test";
import { until, type Workspace, workspace } from "./harness.ts";

const odd = "näh/er@home";
const module = `import { job } from "djob";
job(${JSON.stringify(odd)}, "0 3 1 1 *", ({ input, log }) => { log.info("got " + JSON.stringify(input)); return { input }; });
job("slow", "0 4 1 1 *", async ({ signal, log }) => {
  log.info("begun");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  signal.throwIfAborted();
});
job("bad", "0 5 1 1 *", () => { throw new TypeError("no \\u001b[31m way"); });
job("blocks", "0 6 1 1 *", () => { const end = performance.now() + 60_000; while (performance.now() < end); });
`;

interface Run {
  readonly id: string;
  readonly job: string;
  readonly outcome: string | null;
  readonly trigger: string;
  readonly result: unknown;
  readonly error: { readonly name: string; readonly message: string } | null;
}

async function start(space: Workspace, ...flags: readonly string[]): Promise<void> {
  space.write("worker.ts", module);
  await space.run(["worker.ts", ...flags]);
}

async function json<T>(space: Workspace, ...args: readonly string[]): Promise<T> {
  return JSON.parse((await space.djob([...args, "--json"])).stdout);
}

const ways = [
  ["with a supervisor", []],
  ["without one", ["--restart", "never"]],
] as const;

describe.each(ways)("%s", (_way, flags) => {
  test("trigger --wait shows the run's lines and has its success as exit status", async () => {
    const space = workspace();
    await start(space, ...flags);
    const good = await space.djob(["trigger", "worker", odd, "--input", '{"a":[1,null]}', "--wait"]);
    expect(good).toMatchObject({ code: 0, stderr: "" });
    expect(good.stdout).toContain('got {"a":[1,null]}\n');
    expect(good.stdout).toContain(" succeeded\n");
    const bad = await space.djob(["trigger", "worker", "bad", "--wait"]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain("failed: TypeError: no \\u001b[31m way");
    expect((await space.djob(["trigger", "worker", "bad", "--follow"])).code).toBe(0);
    const document = await json<Run>(space, "trigger", "worker", odd, "--input", "5", "--wait");
    expect(document).toMatchObject({
      job: odd,
      outcome: "succeeded",
      trigger: "manual",
      result: { input: 5 },
    });
  });

  test("runs has each of them, the latest first; --failed and a job choose", async () => {
    const space = workspace();
    await start(space, ...flags);
    for (const job of [odd, "bad", odd]) await space.djob(["trigger", "worker", job, "--wait"]);
    const all = await json<readonly Run[]>(space, "runs", "worker");
    expect(all.map(({ job, outcome }) => [job, outcome])).toEqual([
      [odd, "succeeded"],
      ["bad", "failed"],
      [odd, "succeeded"],
    ]);
    expect(await json<readonly Run[]>(space, "runs", "worker", odd, "--limit", "1")).toMatchObject([
      { job: odd },
    ]);
    expect(await json<readonly Run[]>(space, "runs", "worker", "--failed")).toMatchObject([{ job: "bad" }]);
    expect(await json<readonly Run[]>(space, "runs", "worker", "--since", "1h")).toHaveLength(3);
    expect(await json<readonly Run[]>(space, "runs", "worker", "--since", "2999-01-01")).toEqual([]);
    const { stdout } = await space.djob(["runs", "worker"]);
    expect(stdout).toMatch(/^SCHEDULED +JOB +OUTCOME +TOOK +TRIGGER +ATTEMPT +WHY$/m);
    expect(stdout).not.toContain("\u001b");
  });

  test("cancel ends a run, by its id", async () => {
    const space = workspace();
    await start(space, ...flags);
    const run = await json<Run>(space, "trigger", "worker", "slow");
    await until("it goes on", async () => (await space.status("worker")).jobs[1]?.state === "running");
    expect((await space.djob(["cancel", "worker", run.id])).code).toBe(0);
    const ended = await until("it is over", async () => {
      const [latest] = await json<readonly Run[]>(space, "runs", "worker", "slow");
      return latest?.outcome === null ? null : latest;
    });
    expect(ended).toMatchObject({ id: run.id, outcome: "cancelled" });
    const again = await space.djob(["cancel", "worker", run.id]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("is over: cancelled") });
  });

  test("cancel ends the run of a job, where one goes on", async () => {
    const space = workspace();
    await start(space, ...flags);
    const idle = await space.djob(["cancel", "worker", "slow"]);
    expect(idle).toMatchObject({ code: 1, stderr: expect.stringContaining("no run of it goes on") });
    const run = await json<Run>(space, "trigger", "worker", "slow");
    const { code, stdout } = await space.djob(["cancel", "worker", "slow"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(run.id) });
    await until("it is over", async () => {
      const [latest] = await json<readonly Run[]>(space, "runs", "worker", "slow");
      return latest?.outcome === "cancelled";
    });
  });

  test("pause holds over a restart, until resume", async () => {
    const space = workspace();
    await start(space, ...flags);
    expect((await space.djob(["pause", "worker", odd])).code).toBe(0);
    await space.djob(["restart", "worker"]);
    const states = async () => (await space.status("worker")).jobs.map(({ state }) => state);
    expect(await states()).toEqual(["paused", "idle", "idle", "idle"]);
    expect((await space.djob(["why", "worker", odd])).stdout).toContain("It is paused");
    expect((await space.djob(["resume", "worker"])).stdout).toContain("all jobs of worker (4)");
    expect(await states()).toEqual(["idle", "idle", "idle", "idle"]);
  });

  test("Ctrl-C ends the waiting and not the run", async () => {
    const space = workspace();
    await start(space, ...flags);
    const waiting = space.start(["trigger", "worker", "slow", "--wait"]);
    // Its first line is shown.
    const reader = waiting.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("begun\n");
    waiting.kill("SIGINT");
    expect(await waiting.stderr.text()).toContain("goes on\nhint: what comes of it: djob runs worker slow\n");
    expect(await waiting.exited).toBe(1);
    expect(await json<readonly Run[]>(space, "runs", "worker", "slow")).toMatchObject([{ outcome: null }]);
  });
});

test("what is asked wrongly is refused with what would help, and its exit code", async () => {
  const space = workspace();
  await start(space);
  const refusals = [
    [["trigger", "worker", "slwo"], 1, 'did you mean "slow"?'],
    [["why", "worker", "nobody"], 1, 'there is no job "nobody"'],
    [["trigger", "worker", "slow", "--input", "{"], 2, "cannot use --input"],
    [["runs", "worker", "--limit", "-1"], 2, "--limit"],
    [["runs", "worker", "--since", "yesterday"], 2, "neither a duration nor a time"],
    [["cancel", "worker", "slwo"], 1, 'did you mean "slow"?'],
    [["cancel", "worker", "slow@nonsense"], 2, "is no run's id"],
    [["trigger", "worke", "slow"], 7, "did you mean worker?"],
    [["trigger", "worker"], 2, "djob trigger needs a job"],
    [["pause", "worker", ".."], 2, "cannot ask about"],
  ] as const;
  for (const [args, code, text] of refusals) {
    const result = await space.djob(args);
    expect({ args, code: result.code }).toEqual({ args, code });
    expect(result.stderr).toContain(text);
  }
});

test("a worker that blocks has begun its run, and is told of until it answers again", async () => {
  const space = workspace();
  await start(space, "--stop-timeout", "100ms");
  expect((await space.djob(["trigger", "worker", "blocks"])).code).toBe(0);
  const { code, stderr } = await space.djob(["jobs", "worker"]);
  expect(code).toBe(1);
  expect(stderr).toContain("the worker does not answer: something blocks its event loop");
  const { workerPid } = await space.status("worker");
  process.kill(workerPid ?? 0, "SIGKILL");
  const runs = await until("another worker answers", async () => {
    const result = await space.djob(["runs", "worker", "blocks", "--json"]);
    return result.code === 0 && (JSON.parse(result.stdout) as readonly Run[]);
  });
  expect(runs).toMatchObject([{ job: "blocks", outcome: "interrupted" }]);
});

test("whoever waits for a run on old code hears of its end after a reload, and can cancel it", async () => {
  const space = workspace();
  await start(space);
  const waiting = space.start(["trigger", "worker", "slow", "--wait", "--json"]);
  await until("it has begun", () => space.read("worker.log").includes("begun"));
  const [run] = await json<readonly Run[]>(space, "runs", "worker", "slow");
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  expect((await space.djob(["cancel", "worker", run?.id ?? ""])).code).toBe(0);
  expect(JSON.parse(await waiting.stdout.text())).toMatchObject({ id: run?.id, outcome: "cancelled" });
  expect(await waiting.exited).toBe(1);
});
