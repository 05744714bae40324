// Nothing is left behind: what jobs have started ends with the worker, whatever it has done to get away.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { lifeOf, says, workerOf } from "./life.ts";
import { processTable } from "./proc.ts";

/** Four children: plain, in a session of its own, double-forked, deaf to TERM; each writes its pid into a file. */
const parent = `import { job } from "djob";
const sh = (name, line, options = {}) =>
  Bun.spawn(["sh", "-c", line.replaceAll("PIDFILE", import.meta.dir + "/" + name + "." + process.pid)], options);
sh("plain", "echo $$ > PIDFILE; exec sleep 300");
sh("detached", "echo $$ > PIDFILE; exec sleep 300", { detached: true });
sh("double", "(setsid sh -c 'echo $$ > PIDFILE; exec sleep 300' &) ; exit 0");
sh("deaf", "trap '' TERM; echo $$ > PIDFILE; while :; do sleep 300; done");
job("idle", "every 1h", () => {});
console.log("begun", process.pid);`;

const kinds = ["plain", "detached", "double", "deaf"] as const;

/** The pids of the children of one worker. */
async function childrenOf(space: Workspace, worker: number): Promise<Record<(typeof kinds)[number], number>> {
  const read = (kind: string) => {
    const path = space.path(`${kind}.${worker}`);
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  };
  await until("all children run", () => kinds.every((kind) => read(kind) > 0 && isAlive(read(kind))));
  return { plain: read("plain"), detached: read("detached"), double: read("double"), deaf: read("deaf") };
}

const alive = (children: Record<string, number>) =>
  Object.keys(children).filter((kind) => isAlive(children[kind] ?? 0));

/** Ends what the daemon was told to leave. */
async function endAll(space: Workspace): Promise<void> {
  for (const pid of space.processes()) process.kill(pid, "SIGKILL");
  await until("they are gone", () => space.processes().length === 0);
}

async function begun(space: Workspace, flags: readonly string[] = []) {
  space.write("worker.ts", parent);
  const pid = await space.run(["worker.ts", "--stop-timeout", "200ms", ...flags]);
  const worker = await workerOf(space);
  return { pid, worker, children: await childrenOf(space, worker) };
}

test("djob stop ends them all, and a helper in the background lives as long as the worker", async () => {
  const space = workspace();
  const { children } = await begun(space);
  expect(alive(children)).toEqual([...kinds]);
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
  expect(alive(children)).toEqual([]);
  expect(space.processes()).toEqual([]);
});

test("a restart after a crash ends them all before the next worker starts", async () => {
  const space = workspace();
  const { pid, worker, children } = await begun(space);
  process.kill(worker, "SIGKILL");
  await says(space, "begun", 2);
  expect(alive(children)).toEqual([]);
  const next = await workerOf(space);
  expect(next).not.toBe(worker);
  expect((await lifeOf(space)).pid).toBe(pid);
  expect(alive(await childrenOf(space, next))).toEqual([...kinds]);
});

test("a reload ends the old worker's own children", async () => {
  const space = workspace();
  const { children } = await begun(space);
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  await until("the old ones are gone", () => alive(children).every((kind) => kind === "double"));
  const next = await childrenOf(space, await workerOf(space));
  expect(alive(next)).toEqual([...kinds]);
  await space.djob(["stop", "worker"]);
  expect([...alive(next), ...alive(children)]).toEqual([]);
});

test("--kill-mode group ends the worker's process group, and leaves who has left it", async () => {
  const space = workspace();
  const { children } = await begun(space, ["--kill-mode", "group"]);
  try {
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    expect(alive(children)).toEqual(["detached", "double"]);
  } finally {
    await endAll(space);
  }
});

test("--kill-mode worker ends the worker alone", async () => {
  const space = workspace();
  const { children } = await begun(space, ["--kill-mode", "worker"]);
  try {
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    expect(alive(children)).toEqual([...kinds]);
  } finally {
    await endAll(space);
  }
});

test("a thousand orphans leave no zombie", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("orphans", "at " + new Date(Date.now() + 1_000).toISOString(), async () => {
      const shell = Bun.spawn(["sh", "-c", "i=0; while [ $i -lt 1000 ]; do (: & ); i=$((i+1)); done"]);
      await shell.exited;
      console.log("all gone");
    });
    job("idle", "every 1h", () => {});`,
  );
  const pid = await space.run(["worker.ts"]);
  await says(space, "all gone", 1, 20_000);
  const worker = await workerOf(space);
  await until("no zombie is left", () =>
    processTable().every(({ parent: of, state }) => state !== "Z" || (of !== pid && of !== worker)),
  );
}, 30_000);

const deaf = `import { job } from "djob";
job("spin", "every 20ms", () => { console.log("begun"); while (true); });`;

async function spinning(space: Workspace, flags: readonly string[]): Promise<number> {
  space.write("worker.ts", deaf);
  const pid = await space.run(["worker.ts", ...flags]);
  await says(space, "begun");
  return pid;
}

test("djob stop of a worker whose loop is blocked says after the stop timeout that it was killed", async () => {
  const space = workspace();
  const pid = await spinning(space, ["--stop-timeout", "100ms"]);
  const { stdout } = await space.djob(["stop", "worker", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ pid, outcome: "killed" });
  expect(JSON.parse(stdout).durationMs).toBeWithin(100, 3_000);
  expect(space.read("worker.log")).toMatch(/ERROR killed: pid \d+ did not end in time/);
  expect(space.files()).toEqual(["worker.log"]);
});

test.each([
  ["djob run --retry", ["--retry", "TERM/1/KILL/1"], []],
  ["djob stop --retry", ["--stop-timeout", "1m"], ["--retry", "TERM/100ms/KILL/1"]],
] as const)("%s ends it step by step", async (_what, atRun, atStop) => {
  const space = workspace();
  await spinning(space, atRun);
  const { code, stdout } = await space.djob(["stop", "worker", ...atStop, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).outcome).toBe("killed");
  expect(JSON.parse(stdout).durationMs).toBeWithin(100, 4_000);
});

test.each([
  ["without a supervisor", ["--restart", "never"], null],
  ["whose supervisor is stopped", [], "SIGSTOP"],
] as const)("djob stop --retry takes the steps itself with a daemon %s", async (_what, flags, signal) => {
  const space = workspace();
  const pid = await spinning(space, flags);
  if (signal !== null) process.kill(pid, signal);
  const { code, stdout } = await space.djob(["stop", "worker", "--retry", "TERM/100ms/KILL/5", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ pid, outcome: "killed" });
  expect(JSON.parse(stdout).durationMs).toBeWithin(100, 3_000);
  await until("nothing is left", () => space.processes().length === 0);
  expect(space.files()).toEqual(["worker.log"]);
});

test.each(["TERM/x", "NOSIG/1", "5d/KILL"])("djob stop --retry %s is refused", async (schedule) => {
  const space = workspace();
  expect((await space.djob(["stop", "worker", "--retry", schedule])).code).toBe(2);
});

test("djob stop with --retry and --stop-timeout is refused", async () => {
  const space = workspace();
  const { code, stderr } = await space.djob(["stop", "worker", "--retry", "TERM/5", "--stop-timeout", "1s"]);
  expect(code).toBe(2);
  expect(stderr).toContain("say the same twice");
});

test("--stop-signal is what a plain script hears", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `process.on("SIGUSR2", () => { console.log("heard SIGUSR2"); process.exit(0); });
    process.on("SIGQUIT", () => { console.log("heard SIGQUIT"); process.exit(0); });
    setInterval(() => {}, 1000);`,
  );
  await space.run(["worker.ts", "--stop-signal", "QUIT"]);
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
  expect(space.read("worker.log")).toContain("heard SIGQUIT");
});

test("a second TERM ends it at once, with all that it has started", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    Bun.spawn(["sh", "-c", "trap '' TERM; while :; do sleep 300; done"]);
    job("deaf", "always", async () => { console.log("begun"); await Bun.sleep(60_000); });`,
  );
  const pid = await space.run(["worker.ts", "--stop-timeout", "1m"]);
  await says(space, "begun");
  process.kill(pid, "SIGTERM");
  await says(space, "stopping (SIGTERM)");
  const startMs = performance.now();
  // Two at once are one, as timeout(1) sends them.
  await until("some time has passed", () => performance.now() > startMs + 20);
  process.kill(pid, "SIGTERM");
  await until("it is gone", () => !isAlive(pid));
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(space.processes()).toEqual([]);
});
