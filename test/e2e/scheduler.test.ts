// Jobs on a real clock: each form of schedule, what a failing job does to the others, and how quiet an idle daemon is.
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { isAlive, procStatus, stateOf, until, workspace } from "./harness.ts";

const importJob = 'import { job } from "djob";\n';

test("each form of a schedule runs, and never early", async () => {
  const space = workspace();
  const at = new Date(Date.now() + 1_500).toISOString();
  space.write(
    "worker.ts",
    `${importJob}
    const note = ({ name, scheduledAt }) =>
      console.log(name, Date.now() >= scheduledAt.getTime() ? "in time" : "EARLY", scheduledAt.getTime() % 200);
    job("interval", "every 200ms", note);
    job("options", { every: 200 }, note);
    job("once", { at: "${at}" }, note);
    job("always", "always", note);
    job("yearly", "0 0 1 1 *", note);`,
  );
  await space.run(["worker.ts"]);
  await until("the single time has come", () => space.read("worker.log").includes("[once]"));
  const log = space.read("worker.log");
  for (const name of ["interval", "options"]) expect(log).toContain(`[${name}] ${name} in time 0\n`);
  expect(log).toContain("[always] always in time");
  expect(log).not.toContain("EARLY");
  expect(log.split("[once]")).toHaveLength(2);
  const { jobs } = await space.status("worker");
  expect(jobs.map(({ name, state }) => [name, state])).toEqual([
    ["interval", "idle"],
    ["options", "idle"],
    ["once", "done"],
    ["always", "backing-off"],
    ["yearly", "idle"],
  ]);
});

test("a job that throws is logged with its stack, in any way of throwing, and the others go on", async () => {
  const space = workspace();
  const module = space.write(
    "worker.ts",
    `${importJob}
job("sync", "every 50ms", () => { throw new Error("at once"); });
job("async", "every 50ms", async () => { await Bun.sleep(1); throw new TypeError("later"); });
job("text", "every 50ms", () => { throw "no error at all"; });
job("odd", "every 50ms", () => { throw { [Symbol.for("nodejs.util.inspect.custom")]() { throw 1; } }; });
let runs = 0;
job("good", "every 50ms", () => { runs += 1; if (runs === 10) console.log("ten good runs"); });`,
  );
  const pid = await space.run(["worker.ts"]);
  await until("the good job went on", () => space.read("worker.log").includes("ten good runs"));
  const log = space.read("worker.log");
  expect(log).toMatch(/ERROR \[sync\] the run failed: Error: at once\n +at /);
  expect(log).toMatch(/ERROR \[async\] the run failed: TypeError: later\n +at /);
  expect(log).toContain(`${module}:3:`);
  expect(log).toContain("ERROR [text] the run failed: 'no error at all'\n");
  expect(log).toContain("ERROR [odd] the run failed: ");
  expect(await space.status("worker")).toMatchObject({
    pid,
    jobs: [{ last: { outcome: "failed" } }, {}, {}, {}, {}],
  });
});

test("a job does not overlap itself, and what it skips is in the log", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${importJob}
    let going = 0;
    job("long", "every 50ms", async () => {
      going += 1;
      if (going > 1) console.log("OVERLAP");
      await Bun.sleep(180);
      going -= 1;
    });`,
  );
  await space.run(["worker.ts"]);
  const skipped = /WARN +\[long\] skipped the run of \S+Z: the run before it is still going on/g;
  await until("six were skipped", () => (space.read("worker.log").match(skipped)?.length ?? 0) >= 6);
  expect(space.read("worker.log")).not.toContain("OVERLAP");
});

test("an always-on job that waits for nothing but its signal keeps the daemon alive", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${importJob}
    job("consumer", "always", ({ signal }) => new Promise((resolve) => {
      console.log("waiting");
      signal.addEventListener("abort", () => { console.log("let go"); resolve(); });
    }));`,
  );
  const pid = await space.run(["worker.ts"]);
  await until("it waits", () => space.read("worker.log").includes("waiting"));
  expect(await space.status("worker")).toMatchObject({ pid, jobs: [{ state: "running" }] });
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
  expect(space.read("worker.log")).toContain("[consumer] let go");
  expect(isAlive(pid)).toBe(false);
});

test("a job can be declared while the daemon runs", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${importJob}
    job("first", "always", ({ signal }) => {
      job("second", "every 50ms", () => console.log("declared later"));
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    });`,
  );
  await space.run(["worker.ts"]);
  await until("it runs", () => space.read("worker.log").includes("[second] declared later"));
  expect((await space.status("worker")).jobs).toHaveLength(2);
});

test("an idle daemon with a thousand hourly jobs does not wake up", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${importJob} for (let i = 0; i < 1000; i += 1) job("job-" + i, (i % 60) + " * * * *", () => {});`,
  );
  const pid = await space.run(["worker.ts"]);
  await until("it has settled", () => stateOf(pid) === "S");
  let from = { timeMs: performance.now(), switches: switchesOf(pid) };
  const quiet = () => {
    if (performance.now() < from.timeMs + 3_000) return null;
    const switches = switchesOf(pid);
    const within = switches - from.switches;
    from = { timeMs: performance.now(), switches };
    // A minute's first second starts some jobs, which is one window of three at most.
    return within <= 4 ? within + 1 : null;
  };
  expect(await until("three quiet seconds", quiet, 20_000)).toBeLessThanOrEqual(5);
}, 25_000);

test("a hundred thousand jobs that wait take a tenth of a gigabyte, and not a fifth", async () => {
  const space = workspace();
  const schedule = "0 0 1 1 *";
  space.write(
    "worker.ts",
    `${importJob} for (let i = 0; i < 100_000; i += 1) job("job-" + i, "${schedule}", () => {});
    job("entered", "@reboot", () => console.log("all are entered"));`,
  );
  const pid = await space.run(["worker.ts", "--restart", "never"]);
  await until("they are in the run history", () => space.read("worker.log").includes("all are entered"));
  const ownMegabytes = () => Number.parseInt(procStatus(pid).get("RssAnon") ?? "", 10) / 1024;
  await until("it has given back what their declaration took", () => ownMegabytes() < 110);
}, 20_000);

function switchesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(procStatus(Number(thread)).get("voluntary_ctxt_switches")))
    .reduce((sum, switches) => sum + switches, 0);
}
