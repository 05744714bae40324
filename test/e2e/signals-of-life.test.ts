// What tells others that jobs live: pings, which neither a stop nor a reload loses, metrics, and jobs that are overdue.
import { describe, expect, onTestFinished, test } from "bun:test";
import { join } from "node:path";
import { until, type Workspace, workspace } from "./harness.ts";

/** Answers some time after a request has come. @returns its address, and what was asked in which order */
function healthchecks(delayMs: number): { url: string; asked: string[] } {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      asked.push(`${new URL(request.url).pathname} ${await request.text()}`.trimEnd());
      await Bun.sleep(delayMs);
      return new Response();
    },
  });
  onTestFinished(() => void server.stop(true));
  return { url: `http://127.0.0.1:${server.port}/ping`, asked };
}

const ways = [
  ["with a supervisor", []],
  ["without one", ["--restart", "never"]],
] as const;

async function metricsOf(space: Workspace): Promise<string> {
  const response = await fetch("http://djob/metrics", { unix: join(space.state, "worker.sock") });
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return await response.text();
}

describe.each(ways)("%s", (_way, flags) => {
  test("what is still to be told when the daemon is stopped is told: a ping with the run's last lines, and a hook's words", async () => {
    const space = workspace();
    const { url, asked } = healthchecks(200);
    space.write(
      "worker.ts",
      `import { job } from "djob";
      const onSuccess = async () => { await Bun.sleep(100); await fetch(${JSON.stringify(`${url}/hook`)}); };
      job("last", { cron: "0 0 1 1 *", ping: ${JSON.stringify(url)}, onSuccess }, ({ signal, log }) => new Promise((resolve) =>
        signal.addEventListener("abort", () => { log.info("good bye"); resolve(null); })));`,
    );
    await space.run(["worker.ts", ...flags]);
    await space.djob(["trigger", "worker", "last"]);
    const { code } = await space.djob(["stop", "worker"]);
    expect(code).toBe(0);
    expect(asked.sort()).toEqual([
      expect.stringMatching(/^\/ping \S+ INFO {2}\[last\] good bye$/),
      "/ping/hook",
      "/ping/start",
    ]);
  });

  test("metrics count runs, and tell what is overdue", async () => {
    const space = workspace();
    space.write(
      "worker.ts",
      `import { job } from "djob";
      job("good", { cron: "0 0 1 1 *", expectEvery: "1h", jitter: "1h" }, () => {});
      job("bad", { cron: "0 0 1 1 *", expectEvery: "50ms" }, () => { throw new Error("no"); });`,
    );
    await space.run(["worker.ts", ...flags]);
    for (const job of ["good", "bad", "good"]) await space.djob(["trigger", "worker", job, "--wait"]);
    const text = await until("it is overdue", async () => {
      const metrics = await metricsOf(space);
      return metrics.includes('djob_job_overdue{job="bad"} 1') && metrics;
    });
    expect(text).toContain("\ndjob_up 1\n");
    expect(text).toContain('\ndjob_job_runs_total{job="good",outcome="succeeded"} 2\n');
    expect(text).toContain('\ndjob_job_runs_total{job="bad",outcome="failed"} 1\n');
    expect(text).toContain('\ndjob_job_overdue{job="good"} 0\n');
    expect(text).toMatch(/^djob_job_last_success_timestamp_seconds\{job="good"\} \d+\.\d+$/m);
    const jobs = JSON.parse((await space.djob(["jobs", "worker", "--json"])).stdout);
    expect(jobs[0].delayMs).toBeGreaterThan(0);
    expect(jobs).toMatchObject([
      { overdue: false, lastSuccess: expect.any(String), delayMs: expect.any(Number) },
      { overdue: true, lastSuccess: null, delayMs: 0 },
    ]);
    const { stdout } = await space.djob(["why", "worker", "good"]);
    expect(stdout).toMatch(/^- Its jitter starts it \S.* after its times on this machine\.$/m);
    expect(stdout).toMatch(/^good .* later\)/m);
  });
});

test("a ping of a run that ends on old code after a reload arrives", async () => {
  const space = workspace();
  const { url, asked } = healthchecks(200);
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("slow", { cron: "0 0 1 1 *", ping: ${JSON.stringify(url)} }, () => Bun.sleep(300));`,
  );
  await space.run(["worker.ts"]);
  await space.djob(["trigger", "worker", "slow"]);
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  await until("its end is told", () => asked.length === 2);
  expect(asked).toEqual(["/ping/start", "/ping"]);
});

test("a run that waits for its next attempt is kept for a job that is declared a moment later, over reloads", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("gone", { cron: "0 0 1 1 *", retry: { attempts: 2, delay: "1h" } }, () => { throw new Error("no"); });`,
  );
  await space.run(["worker.ts"]);
  await space.djob(["trigger", "worker", "gone"]);
  await until("it waits", () => space.read("worker.log").includes("next attempt in"));
  space.write("worker.ts", `import { job } from "djob"; job("other", "0 0 1 1 *", () => {});`);
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  // It has not been forgotten: a module that declares it again gets it back.
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("other", "0 0 1 1 *", () => {});
    setTimeout(() => job("gone", { cron: "0 0 1 1 *", retry: { attempts: 2, delay: "1h" } }, () => {}), 50);`,
  );
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  const [run] = await until("it waits again", async () => {
    const { code, stdout } = await space.djob(["runs", "worker", "gone", "--json"]);
    const runs = code === 0 ? JSON.parse(stdout) : [];
    return runs.length > 0 && runs;
  });
  expect(run).toMatchObject({ job: "gone", outcome: null, reason: "retrying", attempt: 2 });
});
