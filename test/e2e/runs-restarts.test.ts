// What becomes of runs when their daemon dies, crashes, or is started again: each scheduled time has one record.
import { describe, expect, test } from "bun:test";
import { until, workerOf, workspace } from "./harness.ts";
import { runsOf } from "./isolated.ts";

const module = (text: string) => `import { job, hooks } from "djob";\nvoid [job, hooks];\n${text}`;

test("a run that its worker's death cut short is interrupted, and no time is missing or doubled", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(
      `job("slow", { every: "200ms", overlap: "allow", maxConcurrent: 100 }, async () => { await Bun.sleep(700); });`,
    ),
  );
  await space.run(["worker.ts", "--restart", "always", "--restart-max", "100/1m"]);
  for (let round = 0; round < 3; round += 1) {
    const before = await workerOf(space, "worker");
    await until(
      "some runs go on",
      async () => (await runsOf(space)).filter((run) => run.outcome === null).length > 1,
    );
    process.kill(before, "SIGKILL");
    await until("another worker runs", async () => {
      const { workerPid, state } = await space.status("worker");
      return state === "running" && workerPid !== null && workerPid !== before;
    });
  }
  const all = (await runsOf(space, "--limit", "1000")).filter(({ outcome }) => outcome !== null);
  expect(all.filter(({ outcome }) => outcome === "interrupted").length).toBeGreaterThanOrEqual(3);
  const times = all.map(({ scheduledAt }) => Date.parse(scheduledAt)).sort((a, b) => a - b);
  expect(new Set(times).size).toBe(times.length);
  const [first = 0] = times;
  expect(times).toEqual(times.map((_time, index) => first + index * 200));
}, 60_000);

test("while a worker crashes again and again, its history tells what became of its runs", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`job("early", "always", () => { setTimeout(() => { throw new Error("crash"); }); });`),
  );
  await space.run(["worker.ts", "--restart-delay", "1h"]);
  await until("it waits", async () => (await space.status("worker")).state === "backing-off");
  expect(await runsOf(space)).toMatchObject([{ job: "early" }, { job: "early" }]);
  const { code, stdout, stderr } = await space.djob(["runs", "worker"]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(
      /^warning: from its history, because there is no worker .* Error: crash\n$/,
    ),
  });
  expect(stdout).toContain(" early ");
});

describe("times that came while no daemon ran", () => {
  test.each([
    ["none", ["skipped"]],
    ["last", ["succeeded", "skipped"]],
    ["all", ["succeeded"]],
  ])("are %s", async (catchUp, outcomes) => {
    const space = workspace();
    // A minute is late, not missed: so the last of these times lies further back.
    const at = (agoMs: number) => new Date(Date.now() - agoMs).toISOString();
    const text = (past: boolean) =>
      module(
        `job("report", { at: ${JSON.stringify(past ? [at(180_000), at(150_000), at(120_000)] : ["2999-01-01T00:00:00Z"])}, catchUp: "${catchUp}" }, () => {});\njob("other", "@yearly", () => {});`,
      );
    space.write("worker.ts", text(true));
    await space.run(["worker.ts"]);
    // Declared just now, it owes nothing of its past.
    expect(await runsOf(space)).toEqual([]);
    await space.djob(["stop", "worker"]);
    const db = new (await import("bun:sqlite")).Database(`${space.state}/worker.db`);
    db.run("UPDATE jobs SET accounted = ?", [Date.now() - 600_000]);
    db.close();
    await space.run(["worker.ts"]);
    const runs = await until("all three are recorded", async () => {
      const found = await runsOf(space);
      return found.length === 3 && found.every(({ outcome }) => outcome !== null) && found;
    });
    expect([...new Set(runs.map(({ outcome }) => outcome))]).toEqual(outcomes);
    for (const { outcome, reason, trigger } of runs)
      expect({ reason, trigger }).toEqual(
        outcome === "skipped"
          ? { reason: "not-caught-up", trigger: "schedule" }
          : { reason: null, trigger: "catch-up" },
      );
  });
});

test("a failed attempt is tried again, also by a daemon that is started later", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`job("flaky", { cron: "0 0 1 1 *", retry: { attempts: 2, delay: "3s", jitter: 0 } }, ({ attempt, input }) => {
      if (attempt === 1) throw new Error("first");
      return { attempt, input };
    });`),
  );
  await space.run(["worker.ts"]);
  expect((await space.djob(["trigger", "worker", "flaky", "--input", '{"x":1}'])).code).toBe(0);
  await until("it waits for its second attempt", async () => (await runsOf(space))[0]?.reason === "retrying");
  await space.djob(["restart", "worker"]);
  const [run] = await until("it has succeeded", async () => {
    const runs = await runsOf(space);
    return runs[0]?.outcome === "succeeded" && runs;
  });
  expect(run).toMatchObject({ attempt: 2, trigger: "retry", result: { attempt: 2, input: { x: 1 } } });
  expect(await runsOf(space)).toHaveLength(1);
});

test("a paused job is skipped until it is resumed, also after a restart", async () => {
  const space = workspace();
  space.write("worker.ts", module(`job("poll", "every 100ms", () => {});`));
  await space.run(["worker.ts"]);
  expect((await space.djob(["pause", "worker", "poll"])).code).toBe(0);
  await space.djob(["restart", "worker"]);
  await until("a time was skipped", async () => (await runsOf(space))[0]?.reason === "paused");
  expect((await space.status("worker")).jobs[0]?.state).toBe("paused");
  expect((await space.djob(["resume", "worker", "poll"])).code).toBe(0);
  await until("it runs again", async () => (await runsOf(space))[0]?.outcome === "succeeded");
});

test("@reboot runs once for each boot, whatever the daemon does", async () => {
  const space = workspace();
  space.write("worker.ts", module(`job("boot", "@reboot", () => {});\njob("other", "@daily", () => {});`));
  await space.run(["worker.ts"]);
  await until("it has run", async () => (await runsOf(space, "boot"))[0]?.outcome === "succeeded");
  await space.djob(["restart", "worker"]);
  await space.djob(["reload", "worker"]);
  expect(await runsOf(space, "boot")).toHaveLength(1);
  const { stdout } = await space.djob(["why", "worker", "boot"]);
  expect(stdout).toContain("- It comes again after the next boot of the machine.");
});
