// What must not end a daemon: its terminal's end, the end of the login session, and a SIGHUP at any moment of its start.
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { generator, seed } from "./chance.ts";
import { startDirty, tickingModule } from "./dirty-parent.ts";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { processTable } from "./proc.ts";

test("its terminal is closed and the session killed: it lives, and its jobs go on", async () => {
  const space = workspace();
  await using start = await startDirty(space);
  const shell = await start.parent.shell();
  await start.parent.hangUp();
  expect(start.parent.output).toContain("[shell ended by 1]");
  // What the login's end makes of everything else that is left of the session.
  for (const { pid, session } of processTable()) if (session === shell) process.kill(pid, "SIGKILL");
  await ticksAnew(space);
  expect(isAlive(start.pid)).toBe(true);
  expect(await space.status("worker")).toMatchObject({ state: "running", pid: start.pid });
});

test("a program that it started on the terminal's session survives with it", async () => {
  const space = workspace();
  const module = `import { job } from "djob"; const child = Bun.spawn(["cat"], { stdin: "pipe" });
    job("tick", "every 50ms", () => console.log("tick", child.pid, child.exitCode ?? "lives", "over"));`;
  await using start = await startDirty(space, { module });
  await start.parent.hangUp();
  const [child] =
    /(\d+) lives/
      .exec(await ticksAnew(space))
      ?.slice(1)
      .map(Number) ?? [];
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  await until("its program ends with it", () => child !== undefined && !isAlive(child));
});

/** In the order in which they are born. */
const roles = ["launcher", "leader", "worker"] as const;
const starts = 20;

test(`a SIGHUP at any moment of the start kills nothing (DJOB_TEST_SEED=${seed})`, async () => {
  const random = generator(seed);
  const space = workspace();
  space.write(
    "worker.ts",
    'import { job } from "djob"; await Bun.sleep(20); job("tick", "every 1h", () => {});',
  );
  const hit = { launcher: 0, leader: 0, worker: 0 };
  for (let count = 1; count <= starts; count += 1) {
    const name = `start-${count}`;
    const launcher = space.start(["run", "--name", name, "worker.ts"]);
    const exited = launcher.exited.then(() => true);
    await Promise.race([exited, until("it has the lock", () => space.has(`${name}.pid`))]);
    const seen: number[] = [];
    while (launcher.exitCode === null && launcher.signalCode === null) {
      const chain = [launcher.pid, ...childrenOf(launcher.pid)];
      for (const pid of chain) if (!seen.includes(pid)) seen.push(pid);
      const target = chain[Math.floor(random() * chain.length)] ?? launcher.pid;
      if (sendHangUp(target)) hit[roles[seen.indexOf(target)] ?? "worker"] += 1;
      // Busy for less than a millisecond, then a turn of the loop, which notices the launcher's end.
      const endMs = performance.now() + random();
      while (performance.now() < endMs);
      await new Promise(setImmediate);
    }
    const stderr = await launcher.stderr.text();
    expect({ name, code: launcher.exitCode, signal: launcher.signalCode, stderr }).toEqual({
      name,
      code: 0,
      signal: null,
      stderr: "",
    });
    const pid = Number(/\(pid (\d+)\)/.exec(await launcher.stdout.text())?.[1]);
    // The last of the signals may have come when it was ready already, and then it reloads.
    await until("it answers", async () => (await space.status(name)).jobs.length === 1);
    expect(await space.status(name)).toMatchObject({ pid });
  }
  for (const count of Object.values(hit)) expect(count).toBeGreaterThan(starts);
});

test("a SIGHUP at any moment of a reload kills nothing, nor does a SIGUSR1", async () => {
  const space = workspace();
  space.write("worker.ts", tickingModule);
  const pid = await space.run(["worker.ts"]);
  const reloads = () => space.read("worker.log").match(/worker is ready/g)?.length ?? 0;
  for (let reload = 1; reload <= 5; reload += 1) {
    const before = reloads();
    await until("it was reloaded", () => {
      // Each turn of this loop comes some milliseconds after the one before it.
      for (const signal of ["SIGHUP", "SIGUSR1"] as const) process.kill(pid, signal);
      return reloads() > before || !isAlive(pid);
    });
    expect(isAlive(pid)).toBe(true);
  }
  await ticksAnew(space);
  expect(await space.status("worker")).toMatchObject({ pid });
});

async function ticksAnew(space: Workspace): Promise<string> {
  const before = space.read("worker.log").length;
  return await until(
    "a job writes",
    () => /tick .* over\n(.*\n)*?.*tick .* over/.exec(space.read("worker.log").slice(before))?.[0],
  );
}

/** @returns false if it has ended since it was seen */
function sendHangUp(pid: number): boolean {
  try {
    return process.kill(pid, "SIGHUP");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}

function childrenOf(pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"),
    );
    return lists.flatMap((list) => list.trim().split(" ").filter(Boolean).map(Number));
  } catch {
    return [];
  }
}
