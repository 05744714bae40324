// djob upgrade: another executable under a daemon whose jobs go on, and all that must not happen meanwhile.
import { expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { djobPath, isAlive, type Result, until, type Workspace, workspace } from "./harness.ts";
import { openThreadsOf, processTable } from "./proc.ts";
import { program } from "./programs.ts";

const ticking = `import { job } from "djob"; job("tick", "every 20ms", () => console.log("ticked"));
job("long", "always", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));`;

interface Status {
  readonly pid: number;
  readonly workerPid: number;
  readonly upgrades: number;
  readonly restarts: number;
  readonly state: string;
  readonly startedAt: string;
}

/** A djob of the workspace's own, which may be replaced. */
function installed(space: Workspace) {
  const path = space.path("djob");
  copyFileSync(djobPath, path);
  const call = async (args: readonly string[]): Promise<Result> => {
    const child = Bun.spawn([path, ...args], {
      cwd: space.dir,
      env: space.environment(),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  };
  return {
    path,
    call,
    /** As package managers do: the new file takes the name of the old. */
    replace(change: (path: string) => void = () => {}) {
      copyFileSync(djobPath, `${path}.new`);
      change(`${path}.new`);
      renameSync(`${path}.new`, path);
    },
    async run(...flags: string[]): Promise<Status> {
      space.write("worker.ts", ticking);
      const { code, stderr } = await call(["run", "worker.ts", ...flags]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return await statusOf(space);
    },
  };
}

async function statusOf(space: Workspace): Promise<Status> {
  return (await space.status("worker")) as unknown as Status;
}

const ticks = (space: Workspace) =>
  space
    .read("worker.log")
    .split("\n")
    .filter((line) => line.includes("[tick] ticked"))
    .map((line) => Date.parse(line.slice(0, 24)));

const descriptorCount = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

const executableOf = (pid: number) => readFileSync(`/proc/${pid}/exe`);

test("keeps pid, worker, lock and every run, and is the new executable", async () => {
  const space = workspace();
  const djob = installed(space);
  const before = await djob.run();
  const build = Bun.spawnSync(
    [process.execPath, "scripts/build.ts", "--outfile", space.path("other"), "--version", "99.0.0"],
    { cwd: join(import.meta.dir, "../.."), stderr: "inherit" },
  );
  expect(build.exitCode).toBe(0);
  djob.replace((path) => renameSync(space.path("other"), path));
  const count = ticks(space).length;
  const { code, stdout, stderr } = await space.djob(["upgrade", "worker", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { version, commit } = JSON.parse((await space.djob(["version", "--json"])).stdout);
  expect(JSON.parse(stdout)).toMatchObject({
    name: "worker",
    pid: before.pid,
    workerPid: before.workerPid,
    from: { version, commit },
    to: { version: "99.0.0" },
  });
  const { pid, workerPid, startedAt } = before;
  expect(await statusOf(space)).toMatchObject({
    pid,
    workerPid,
    startedAt,
    upgrades: 1,
    restarts: 0,
    version: "99.0.0",
  });
  await until("it runs on", () => ticks(space).length > count + 20);
  const times = ticks(space).slice(1);
  const gaps = times.slice(1).map((timeMs, index) => timeMs - (times[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(200);
  expect(executableOf(pid).equals(readFileSync(djob.path))).toBe(true);
  expect(space.read("worker.log")).toMatch(/INFO {2}upgraded from djob .+ to 99\.0\.0 \(/);
  expect((await djob.call(["run", "worker.ts"])).code).toBe(8);
  expect(openThreadsOf(pid)).not.toEqual([]);
  expect((await djob.call(["stop", "worker"])).stdout).toContain(`(pid ${pid}) cleanly`);
  expect(isAlive(workerPid)).toBe(false);
});

test("afterwards it restarts, reloads and reopens as ever, with the new executable", async () => {
  const space = workspace();
  const djob = installed(space);
  const { pid, workerPid } = await djob.run();
  djob.replace();
  expect((await space.djob(["upgrade", "worker"])).code).toBe(0);
  process.kill(workerPid, "SIGKILL");
  const restarted = await until("it is restarted", async () => {
    const status = await statusOf(space);
    return status.restarts === 1 && status.state === "running" && status;
  });
  expect(restarted).toMatchObject({ pid, upgrades: 1, lastExit: "SIGKILL" });
  expect((await space.djob(["reload", "worker"])).code).toBe(0);
  expect((await statusOf(space)).workerPid).not.toBe(restarted.workerPid);
  renameSync(space.path("state/worker.log"), space.path("state/worker.log.1"));
  expect((await space.djob(["signal", "worker", "USR1"])).code).toBe(0);
  await until("it writes to the new log", () => space.read("worker.log").includes("ticked"));
});

test("the worker still ends with its supervisor", async () => {
  const space = workspace();
  const djob = installed(space);
  const { pid, workerPid } = await djob.run();
  expect((await space.djob(["upgrade", "worker"])).code).toBe(0);
  process.kill(pid, "SIGKILL");
  await until("both are gone", () => !isAlive(pid) && !isAlive(workerPid));
});

test("twenty upgrades in a row leave no descriptor behind, and the worker as it was", async () => {
  const space = workspace();
  const djob = installed(space);
  const { pid, workerPid } = await djob.run();
  expect((await djob.call(["upgrade", "worker"])).code).toBe(0);
  const count = descriptorCount(pid);
  for (let round = 0; round < 20; round += 1) {
    djob.replace();
    expect((await djob.call(["upgrade", "worker"])).code).toBe(0);
  }
  expect(await statusOf(space)).toMatchObject({ pid, workerPid, upgrades: 21, state: "running" });
  await until("no more are open than after the first", () => descriptorCount(pid) <= count);
});

test("signals that come while it is upgraded end nothing, and a TERM at any moment stops it", async () => {
  const space = workspace();
  const djob = installed(space);
  for (let round = 0; round < 10; round += 1) {
    const { pid } = await djob.run();
    const upgrading = djob.call(["upgrade", "worker"]);
    let ended = false;
    void upgrading.then(() => {
      ended = true;
    });
    while (!ended) {
      for (const signal of ["SIGUSR1", "SIGUSR2", "SIGCHLD"] as const) process.kill(pid, signal);
      await Bun.sleep(1);
    }
    expect(await upgrading).toMatchObject({ code: 0 });
    expect(await statusOf(space)).toMatchObject({ pid, upgrades: 1, restarts: 0, state: "running" });
    const reloading = djob.call(["upgrade", "worker"]);
    await Bun.sleep(round * 5);
    process.kill(pid, "SIGHUP");
    // A reload that has begun comes first.
    expect([0, 1]).toContain((await reloading).code ?? -1);
    await until("it runs", async () => (await statusOf(space))?.state === "running");
    expect(await statusOf(space)).toMatchObject({ pid, restarts: 0 });
    const again = djob.call(["upgrade", "worker"]);
    await Bun.sleep(round * 5);
    process.kill(pid, "SIGTERM");
    await until("it has stopped", () => !isAlive(pid));
    await again;
    expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
  }
}, 90_000);

test.each([
  ["never answers", "deaf", "it did not tell its version within 5 s"],
  ["does not stop answering", "endless", "it does not stop telling its version"],
])("refuses a program that %s, and leaves none of it behind", async (_what, name, why) => {
  const space = workspace();
  const djob = installed(space);
  const { pid, workerPid } = await djob.run();
  djob.replace((path) => copyFileSync(program(space, name), path));
  const { code, stderr } = await space.djob(["upgrade", "worker"]);
  expect({ code, told: stderr.includes(why) }).toEqual({ code: 1, told: true });
  expect(await statusOf(space)).toMatchObject({ pid, workerPid, upgrades: 0, state: "running" });
  const children = processTable().filter(({ parent }) => parent === pid);
  expect(children.map((child) => child.pid)).toEqual([workerPid]);
});

test.each<[what: string, change: (path: string) => void, why: string]>([
  ["a truncated file", (path) => truncateSync(path, 1_000_000), "asked for its version"],
  ["an empty file", (path) => truncateSync(path, 0), "it is no executable of this system"],
  ["a script", (path) => writeFileSync(path, "#!/bin/sh\nexit 1\n"), "it is no executable of this system"],
  ["another program", (path) => copyFileSync("/bin/true", path), "it is no djob"],
  ["a program that fails", (path) => copyFileSync("/bin/false", path), "it ended with exit code 1"],
  ["a file that others may write", (path) => chmodSync(path, 0o777), "others may write to it"],
  ["a file that may not be executed", (path) => chmodSync(path, 0o644), "it is not executable"],
])("refuses %s, and all goes on", async (_what, change, why) => {
  const space = workspace();
  const djob = installed(space);
  const { pid, workerPid } = await djob.run();
  djob.replace(change);
  const { code, stderr } = await space.djob(["upgrade", "worker"]);
  expect(code).toBe(1);
  expect(stderr).toContain("cannot upgrade worker: refusing to use the executable");
  expect(stderr).toContain(why);
  const count = ticks(space).length;
  await until("it runs on", () => ticks(space).length > count + 2);
  expect(await statusOf(space)).toMatchObject({ pid, workerPid, upgrades: 0, state: "running" });
  djob.replace();
  expect((await space.djob(["upgrade", "worker"])).code).toBe(0);
});
