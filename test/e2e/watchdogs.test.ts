// A run that blocks the event loop is named; a worker that does not answer is killed, one that is too large is exchanged.
import { expect, test } from "bun:test";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";

const spin = (durationMs: number) => `for (const end = Date.now() + ${durationMs}; Date.now() < end; );`;
const module = (...jobs: readonly string[]) => `import { job } from "djob";\n${jobs.join("\n")}`;

interface Watched {
  readonly workerPid: number;
  readonly restarts: number;
  readonly lastExit: string | null;
  readonly state: string;
}

const watched = async (space: Workspace) => (await space.status("worker")) as unknown as Watched;

test("a run that blocks the event loop before its first await is named, with how long", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`let first = true;
    job("heavy", "every 100ms", async () => { if (!first) return; first = false; ${spin(1_300)} });`),
  );
  await space.run(["worker.ts"]);
  const log = await until("it is named", () => /WARN {2}\[heavy\] .*/.exec(space.read("worker.log"))?.[0]);
  expect(log).toMatch(
    /the run blocked the event loop for 1\.[3-9] s: other jobs were late; isolate: true gives it a thread of its own$/,
  );
});

test("one that blocks it after an await is named once", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`job("late", "always", async () => {
    for (let round = 0; round < 2; round += 1) { await Bun.sleep(400); ${spin(1_600)} }
    await Bun.sleep(300);
    console.log("all done"); await new Promise(() => {}); });`),
  );
  await space.run(["worker.ts", "--stop-timeout", "0s"]);
  await until("it is done", () => space.read("worker.log").includes("all done"));
  const lines = space.read("worker.log").match(/.*event loop.*/g);
  expect(lines).toHaveLength(1);
  expect(lines?.[0]).toMatch(
    /WARN {2}\[late\] the event loop was blocked for 1\.\d s at least while this run/,
  );
});

test.each([
  ["blocks its event loop for ever", `setTimeout(() => {}, 1); await Bun.sleep(20); for (;;);`, "hang"],
  ["waits in the kernel", `Bun.sleepSync(60_000);`, "hang"],
])("a worker that %s is dumped and restarted, and the run is named", async (_what, code, name) => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`import { existsSync, writeFileSync } from "node:fs";
    job("fine", "every 50ms", () => console.log("fine"));
    job("${name}", "every 100ms", async () => {
      if (existsSync("${space.path("seen")}")) return;
      writeFileSync("${space.path("seen")}", ""); ${code} });`),
  );
  const pid = await space.run(["worker.ts", "--watchdog", "1s"]);
  const killed =
    "the worker ended (it did not answer for 1s (watchdog), in the run of hang): starting it again now";
  const log = await until("it is restarted", () => {
    const [, after = ""] = space.read("worker.log").split(killed);
    return after.includes("[fine] fine") ? space.read("worker.log") : null;
  });
  expect(log).toContain("what the kernel knows of pid ");
  expect(log).toMatch(/State: [RS] \((running|sleeping)\)/);
  expect(await space.status("worker")).toMatchObject({
    pid,
    state: "running",
    restarts: 1,
    lastExit: "it did not answer for 1s (watchdog), in the run of hang",
  } as object);
});

test("a worker that was stopped is restarted, a supervisor that was stopped restarts nothing", async () => {
  const space = workspace();
  space.write("worker.ts", module(`job("say", "every 50ms", () => console.log("said"));`));
  const pid = await space.run(["worker.ts", "--watchdog", "1s", "--restart", "never"]);
  const before = await watched(space);
  process.kill(pid, "SIGSTOP");
  const laterMs = performance.now() + 2_500;
  await until("a while has passed", () => performance.now() > laterMs);
  process.kill(pid, "SIGCONT");
  const muchLaterMs = performance.now() + 1_500;
  await until("another while has passed", () => performance.now() > muchLaterMs);
  expect(await watched(space)).toMatchObject({ workerPid: before.workerPid, restarts: 0 });
  process.kill(before.workerPid, "SIGSTOP");
  await until("it is killed", () => !isAlive(before.workerPid));
  const after = await until("there is another", async () => {
    const status = await watched(space);
    return status.state === "running" ? status : null;
  });
  expect(after).toMatchObject({
    restarts: 1,
    lastExit: "it did not answer for 1s (watchdog), while no run was going on",
  });
  expect(after.workerPid).not.toBe(before.workerPid);
});

test("a worker above --max-memory makes room for another one, in good order", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    module(`import { existsSync, writeFileSync } from "node:fs";
    const kept: Uint8Array[] = [];
    job("keep", "always", async ({ signal }) => {
      if (!existsSync("${space.path("seen")}")) kept.push(new Uint8Array(250 << 20).fill(1));
      writeFileSync("${space.path("seen")}", "");
      console.log("kept", kept.length);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      console.log("ended well");
    });`),
  );
  const pid = await space.run(["worker.ts", "--max-memory", "200M"]);
  await until("the new one runs", () => space.read("worker.log").includes("[keep] kept 0"));
  const log = space.read("worker.log");
  const why = /it used (\d+)M, more than --max-memory 200M, for 3 s/.exec(log);
  expect(Number(why?.[1])).toBeGreaterThan(250);
  expect(log).toContain("[keep] ended well");
  expect(log).not.toContain("ERROR");
  await until("it is told", async () => (await watched(space)).restarts === 1);
  expect(await space.status("worker")).toMatchObject({ pid, state: "running", lastExit: why?.[0] } as object);
});

test.each([
  [["--watchdog", "10"], "cannot use --watchdog"],
  [["--watchdog", "500ms"], "--watchdog 500ms is shorter than 1s"],
  [["--max-memory", "many"], '--max-memory "many" is not a number of bytes'],
  [["--max-memory", "1M"], "--max-memory 1M is less than a worker needs"],
])("%p is refused", async (flags, why) => {
  const space = workspace();
  space.write("worker.ts", module());
  const { code, stderr } = await space.djob(["run", ...flags, "worker.ts"]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(why) });
});
