// What becomes of runs: policies, hooks, pings, and the forms in which jobs come.
import { describe, expect, test } from "bun:test";
import { until, workspace } from "./harness.ts";
import { runsOf } from "./isolated.ts";

const module = (text: string) => `import { job, hooks } from "djob";\nvoid [job, hooks];\n${text}`;

test("state is kept with a success, and not with a failure; lastSuccess is told", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`job("count", "0 0 1 1 *", (context) => {
      context.state = { n: (context.state?.n ?? 0) + 1 };
      if (context.input === "fail") throw new Error("no");
      return [context.state.n, context.lastSuccess !== null];
    });`),
  );
  await space.run(["worker.ts"]);
  const trigger = async (...input: string[]) =>
    (await space.djob(["trigger", "worker", "count", "--wait", ...input])).code;
  expect(await trigger()).toBe(0);
  expect(await trigger("--input", '"fail"')).toBe(1);
  await space.djob(["restart", "worker"]);
  expect(await trigger()).toBe(0);
  const results = (await runsOf(space)).map(({ outcome, result }) => [outcome, result]);
  expect(results).toEqual([
    ["succeeded", [2, true]],
    ["failed", null],
    ["succeeded", [1, false]],
  ]);
});

test("a timeout aborts the run's signal, and a command's whole group; cancel does the same", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`const sleep = ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
job("late", { cron: "0 0 1 1 *", timeout: "200ms" }, sleep);
job("command", { cron: "0 0 1 1 *", timeout: "300ms", sh: "echo begun; sleep 1000 & sleep 1000" });
job("endless", "0 0 1 1 *", sleep);`),
  );
  await space.run(["worker.ts"]);
  for (const job of ["late", "command"])
    expect((await space.djob(["trigger", "worker", job, "--wait"])).code).toBe(1);
  expect((await space.djob(["trigger", "worker", "endless"])).code).toBe(0);
  const [going] = await runsOf(space, "endless");
  expect((await space.djob(["cancel", "worker", going?.id ?? ""])).code).toBe(0);
  await until("it is cancelled", async () => (await runsOf(space, "endless"))[0]?.outcome === "cancelled");
  const outcomes = (await runsOf(space)).map(({ job, outcome, reason }) => [job, outcome, reason]);
  expect(outcomes).toEqual([
    ["endless", "cancelled", "asked"],
    ["command", "timed-out", null],
    ["late", "timed-out", null],
  ]);
  expect(space.read("worker.log")).toContain("INFO  [command] begun\n");
});

describe("overlap", () => {
  test("queue keeps the order, and replace cancels the run before", async () => {
    const space = workspace();
    space.write(
      "worker.ts",
      module(`const nap = ({ signal }) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, 1_500);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); });
});
job("queued", { cron: "0 0 1 1 *", overlap: "queue", maxQueued: 2 }, nap);
job("replaced", { cron: "0 0 1 1 *", overlap: "replace" }, nap);`),
    );
    await space.run(["worker.ts"]);
    const codes: Array<number | null> = [];
    for (const job of ["queued", "queued", "queued", "queued", "replaced", "replaced"])
      codes.push((await space.djob(["trigger", "worker", job])).code);
    expect(codes).toEqual([0, 0, 0, 1, 0, 0]);
    const outcomesOf = async (job: string) =>
      (await runsOf(space, job)).map(({ outcome, reason }) => [outcome, reason]);
    await until("all have ended", async () => (await runsOf(space)).every(({ outcome }) => outcome !== null));
    expect(await outcomesOf("queued")).toEqual([
      ["skipped", "queue-full"],
      ["succeeded", null],
      ["succeeded", null],
      ["succeeded", null],
    ]);
    expect(await outcomesOf("replaced")).toEqual([
      ["succeeded", null],
      ["cancelled", "replaced"],
    ]);
  });
});

test("jobs of one concurrency group run one after another", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`let going = 0;
const work = async () => { going += 1; if (going > 1) throw new Error("together"); await Bun.sleep(100); going -= 1; };
for (const name of ["a", "b", "c"]) job(name, { every: "300ms", concurrency: "database" }, work);`),
  );
  await space.run(["worker.ts"]);
  const runs = await until("each has run", async () => {
    const found = (await runsOf(space)).filter(({ outcome }) => outcome !== null && outcome !== "skipped");
    return found.length > 6 && found;
  });
  expect([...new Set(runs.map(({ outcome }) => outcome))]).toEqual(["succeeded"]);
});

test("hooks are told of failures, recoveries and skips, with the last lines; what they throw harms nothing", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`hooks({ onFailure: ({ job, lastLines, error }) => { console.log("daemon heard", job, error.message, lastLines.length); throw new Error("hook"); } });
job("shaky", { cron: "0 0 1 1 *", onRecovered: () => console.log("recovered"), onSuccess: async ({ outcome }) => console.log("own", outcome) },
  ({ input, log }) => { log.info("one"); if (input) throw new Error("bad"); });`),
  );
  await space.run(["worker.ts"]);
  await space.djob(["trigger", "worker", "shaky", "--input", "1", "--wait"]);
  await space.djob(["trigger", "worker", "shaky", "--wait"]);
  await until("both hooks were called", () => space.read("worker.log").includes("recovered"));
  const log = space.read("worker.log");
  expect(log).toContain("daemon heard shaky bad 2");
  expect(log).toContain("the hook onFailure failed: Error: hook");
  expect(log).toContain("own succeeded");
});

test("a dead-man's switch hears of the start, the end and the failure, in order", async () => {
  const heard: string[] = [];
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      heard.push(`${new URL(request.url).pathname} ${(await request.text()).replace(/^\S+ /, "")}`);
      return new Response("OK");
    },
  });
  const space = workspace();
  space.write(
    "worker.ts",
    module(`job("watched", { cron: "0 0 1 1 *", ping: "http://127.0.0.1:${server.port}/abc" },
  ({ input, log }) => { log.info("working"); if (input) throw new Error("bad"); });`),
  );
  await space.run(["worker.ts"]);
  await space.djob(["trigger", "worker", "watched", "--wait"]);
  await space.djob(["trigger", "worker", "watched", "--input", "1", "--wait"]);
  await until("all were heard", () => heard.length === 4);
  expect(heard.slice(0, 3)).toEqual(["/abc/start ", "/abc INFO  [watched] working", "/abc/start "]);
  expect(heard[3]).toStartWith("/abc/fail INFO  [watched] working\n");
  expect(heard[3]).toContain("Error: bad");
});

test("a module in the form of Cloudflare's cron triggers", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `export default {
  crons: ["0 0 1 1 *", "*/5 * * * *"],
  async scheduled(controller, env, context) {
    const { cron, type, scheduledTime } = controller;
    context.waitUntil(Bun.sleep(20).then(() => console.log("waited for", cron, type, typeof scheduledTime, env.DJOB_TEST !== undefined)));
  },
};`,
  );
  await space.run(["worker.ts"]);
  expect((await space.status("worker")).jobs.map(({ name }) => name)).toEqual([
    "scheduled 0 0 1 1 *",
    "scheduled */5 * * * *",
  ]);
  expect((await space.djob(["trigger", "worker", "scheduled 0 0 1 1 *", "--wait"])).code).toBe(0);
  expect(space.read("worker.log")).toContain("waited for 0 0 1 1 * scheduled number true");
});
