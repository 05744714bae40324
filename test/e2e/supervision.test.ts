// A worker that ends is started again, by its policy, and log and status tell how it ended.
import { expect, test } from "bun:test";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { lifeOf, says, workerOf } from "./life.ts";

const steady = `import { job } from "djob"; job("steady", "always", async ({ signal }) => {
  console.log("begun", process.pid);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});`;

/** Ends once, in the life in which there is no file of that name yet. */
const once = (how: string) => `import { job } from "djob";
import { existsSync, writeFileSync } from "node:fs";
const first = !existsSync(import.meta.dir + "/ended");
console.log("begun", process.pid);
job("end", "every 20ms", () => {
  if (!first || existsSync(import.meta.dir + "/ended")) return;
  writeFileSync(import.meta.dir + "/ended", "");
  ${how}
});`;

const ends: ReadonlyArray<readonly [what: string, how: string, lastExit: string]> = [
  ["SIGKILL", 'process.kill(process.pid, "SIGKILL");', "SIGKILL"],
  ["SIGSEGV", 'process.kill(process.pid, "SIGSEGV");', "SIGSEGV"],
  ["process.abort()", "process.abort();", "SIGABRT"],
  [
    "an uncaught exception",
    'setTimeout(() => { throw new TypeError("no sky"); });',
    "uncaught exception: TypeError: no sky",
  ],
  [
    "an unhandled rejection",
    'void Promise.reject(new Error("no sea"));',
    "unhandled rejection: Error: no sea",
  ],
  ["exit code 3", "process.exit(3);", "exit code 3"],
  [
    "out of memory",
    "setTimeout(() => { const all = []; for (;;) all.push(new ArrayBuffer(2 ** 40)); });",
    "uncaught exception: RangeError: Out of memory",
  ],
];

test.each(ends)(
  "%s: the worker is started again, and it is told by its name",
  async (_what, how, lastExit) => {
    const space = workspace();
    space.write("worker.ts", once(how));
    const pid = await space.run(["worker.ts"]);
    await says(space, "begun", 2);
    await workerOf(space);
    expect(await lifeOf(space)).toMatchObject({ pid, state: "running", restarts: 1, reason: null });
    expect((await lifeOf(space)).lastExit).toStartWith(lastExit);
    expect(space.read("worker.log")).toContain(`ERROR the worker ended (${lastExit}`);
    expect(space.read("worker.log")).toContain("): starting it again now\n");
    const shown = (await space.djob(["status", "worker"])).stdout;
    expect(shown).toContain(lastExit);
    expect(shown).toMatch(/restarts +1/);
  },
);

test.each([
  ["on-failure", "exit(0)", "ends"],
  ["always", "exit(0)", "again"],
  ["on-failure", "exit(4)", "again"],
  ["never", "exit(4)", "ends"],
] as const)("--restart %s after process.%s: %s", async (policy, how, what) => {
  const space = workspace();
  space.write("worker.ts", once(`process.${how};`));
  const pid = await space.run(["worker.ts", "--restart", policy]);
  if (what === "again") {
    await says(space, "begun", 2);
    expect((await lifeOf(space)).pid).toBe(pid);
  } else {
    await until("it is gone", () => !isAlive(pid));
    expect(space.read("worker.log").match(/begun/g)).toHaveLength(1);
    expect(space.files()).toEqual(["worker.log"]);
  }
});

const hopeless = `import { job } from "djob"; import { existsSync } from "node:fs";
console.log("begun");
job("end", "every 10ms", () => { if (existsSync(import.meta.dir + "/mended")) return; process.kill(process.pid, "SIGKILL"); });`;

test("a daemon that keeps crashing waits longer each time, then fails and says why", async () => {
  const space = workspace();
  space.write("worker.ts", hopeless);
  const pid = await space.run(["worker.ts", "--restart-delay", "20ms", "--restart-max", "3/1m"]);
  await until("it has given up", () => !isAlive(pid));
  const log = space.read("worker.log");
  expect(log.match(/begun/g)).toHaveLength(4);
  const delays = [...log.matchAll(/starting it again (now|in (\d+)ms)/g)].map(([, , ms]) => Number(ms ?? 0));
  expect(delays).toHaveLength(3);
  expect(delays[0]).toBe(0);
  expect(delays[1]).toBeWithin(0, 21);
  expect(delays[2]).toBeWithin(0, 41);
  const why = "it ended 4 times within 1m, the last time by: SIGKILL";
  expect(log).toContain(`ERROR giving up: ${why}`);

  const json = await space.djob(["status", "worker", "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    state: "failed",
    pid: null,
    restarts: 3,
    lastExit: "SIGKILL",
    reason: why,
  });
  const shown = await space.djob(["status", "worker"]);
  expect(shown.code).toBe(1);
  expect(shown.stderr).toContain(`worker has failed: ${why}`);
  expect((await space.djob(["list"])).stdout).toMatch(/worker +failed/);

  const stopped = await space.djob(["stop", "worker"]);
  expect(stopped.code).toBe(7);
  expect(stopped.stderr).toContain(why);
  expect(space.files()).toEqual(["worker.log"]);
  expect((await space.djob(["status", "worker"])).code).toBe(3);
});

test("the next djob run makes a failed daemon forget why", async () => {
  const space = workspace();
  space.write("worker.ts", hopeless);
  const pid = await space.run(["worker.ts", "--restart-max", "0/1m"]);
  await until("it has given up", async () => (await lifeOf(space)).state === "failed");
  await until("it has ended", () => !isAlive(pid));
  space.write("mended", "");
  const next = await space.run(["worker.ts", "--restart", "never"]);
  expect(await lifeOf(space)).toMatchObject({ state: "running", reason: null });
  process.kill(next, "SIGKILL");
  await until("it is dead", () => !isAlive(next));
  expect(await lifeOf(space)).toMatchObject({ state: "stopped", reason: null });
});

async function orphaned(space: Workspace, pid: number): Promise<void> {
  const workers = space.processes().filter((other) => other !== pid);
  expect(workers).toHaveLength(1);
  process.kill(pid, "SIGKILL");
  await until("the worker has ended as well", () => space.processes().length === 0);
}

test.each([
  ["idles", steady],
  [
    "blocks its loop",
    `import { job } from "djob"; job("spin", "always", () => { console.log("begun"); while (true); });`,
  ],
])("a worker that %s ends with its supervisor, and the next start works", async (_what, code) => {
  const space = workspace();
  space.write("worker.ts", code);
  const pid = await space.run(["worker.ts"]);
  await says(space, "begun");
  await orphaned(space, pid);
  expect((await space.djob(["status", "worker"])).code).toBe(1);
  space.write("worker.ts", steady);
  await space.run(["worker.ts"]);
});

test("a worker that is still loading ends with its supervisor", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    'console.log("begun", process.ppid); await new Promise((resolve) => setTimeout(resolve, 60_000));',
  );
  const launcher = space.start(["run", "worker.ts"]);
  await says(space, "begun");
  const supervisor = Number(/begun (\d+)/.exec(space.read("worker.log"))?.[1]);
  process.kill(supervisor, "SIGKILL");
  expect(await launcher.exited).toBe(9);
  await until("nothing is left", () => space.processes().length === 0);
  space.write("worker.ts", steady);
  await space.run(["worker.ts"]);
});

test("a worker that crashes while it loads again is started again, with a delay", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { appendFileSync, readFileSync } from "node:fs";
    import { job } from "djob";
    appendFileSync(import.meta.dir + "/lives", ".");
    const life = readFileSync(import.meta.dir + "/lives", "utf8").length;
    if (life === 2) throw new Error("second life");
    console.log("life", life);
    job("end", "every 10ms", () => { if (life === 1) process.exit(5); });`,
  );
  await space.run(["worker.ts", "--restart-delay", "10ms"]);
  await says(space, "life 3");
  await workerOf(space);
  expect(await lifeOf(space)).toMatchObject({ state: "running", restarts: 2 });
  expect((await lifeOf(space)).lastExit).toContain("it could not be loaded: Error: second life");
});
