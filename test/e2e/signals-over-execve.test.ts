// Signals that come while a daemon becomes another executable, or itself anew, under the same pid: none is lost, whenever it comes.
import { expect, test } from "bun:test";
import { existsSync, renameSync } from "node:fs";
import { generator, seed } from "./chance.ts";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { descriptorsOf } from "./proc.ts";

const waiting = `import { job } from "djob";
job("long", "always", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));`;
const random = generator(seed);

async function started(space: Workspace, ...flags: string[]): Promise<number> {
  space.write("worker.ts", waiting);
  return await space.run(["worker.ts", ...flags]);
}

/** A moment within the time that the rest takes, to the microsecond. */
function someTime(longestMs: number): void {
  const untilMs = performance.now() + random() * longestMs;
  while (performance.now() < untilMs);
}

/** @returns when the supervisor has said that it is about to become another executable */
async function beginUpgrade(space: Workspace): Promise<void> {
  const response = await fetch("http://djob/upgrade", { unix: socketOf(space), method: "POST" });
  expect(await response.json()).toMatchObject({ outcome: "replacing" });
}

const socketOf = (space: Workspace) => `${space.state}/worker.sock`;

/** The socket is closed as the last thing before the execve. */
async function beginReload(space: Workspace, pid: number): Promise<void> {
  process.kill(pid, "SIGHUP");
  const deadlineMs = performance.now() + 5_000;
  while (existsSync(socketOf(space)) && performance.now() < deadlineMs);
}

async function isUpgraded(space: Workspace, times: number): Promise<void> {
  await until("it is upgraded, and runs", async () => {
    const { upgrades, state } = (await space.status("worker")) as unknown as Record<string, unknown>;
    return upgrades === times && state === "running";
  });
}

const states = (space: Workspace) => space.read("worker.log").split("supervisor: {").length - 1;

test(`every TERM around an upgrade stops the daemon (seed ${seed})`, async () => {
  const space = workspace();
  for (let round = 0; round < 30; round += 1) {
    const pid = await started(space);
    await beginUpgrade(space);
    someTime(4);
    process.kill(pid, "SIGTERM");
    await until("it has stopped", () => !isAlive(pid));
    expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
    expect(space.read("worker.log")).toMatch(/INFO {2}stopped\n$/);
  }
}, 60_000);

test(`every other signal around an upgrade is heard once (seed ${seed})`, async () => {
  const space = workspace();
  const pid = await started(space);
  for (let round = 1; round <= 100; round += 1) {
    await beginUpgrade(space);
    someTime(4);
    process.kill(pid, "SIGUSR2");
    await until("it has been heard", () => states(space) >= round);
    expect(states(space)).toBe(round);
    await isUpgraded(space, round);
  }
  const count = () => space.read("worker.log").split("INFO  reloading").length - 1;
  for (let round = 1; round <= 10; round += 1) {
    await beginUpgrade(space);
    someTime(4);
    process.kill(pid, "SIGHUP");
    await until("it reloads", () => count() === round);
    await isUpgraded(space, 100 + round);
  }
  expect(count()).toBe(10);
}, 60_000);

test(`every TERM around a reload in place stops the daemon (seed ${seed})`, async () => {
  const space = workspace();
  for (let round = 0; round < 30; round += 1) {
    const pid = await started(space, "--restart", "never");
    await beginReload(space, pid);
    someTime(20);
    process.kill(pid, "SIGTERM");
    await until("it has ended", () => !isAlive(pid));
  }
}, 60_000);

test(`a USR1 around a reload in place has the log opened anew (seed ${seed})`, async () => {
  const space = workspace();
  const pid = await started(space, "--restart", "never");
  const log = `${space.state}/worker.log`;
  for (let round = 0; round < 15; round += 1) {
    await beginReload(space, pid);
    someTime(20);
    renameSync(log, `${log}.${round}`);
    process.kill(pid, "SIGUSR1");
    await until("it writes to the new one", () => existsSync(log) && descriptorsOf(pid)[1] === log);
    await until("it runs", async () => (await space.status("worker"))?.state === "running");
  }
  expect((await space.status("worker")).pid).toBe(pid);
}, 60_000);
