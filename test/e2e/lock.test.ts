// The lock is the truth: of many starts one wins, a dead daemon holds nothing, and nobody is signalled on a pidfile's word.
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAlive, until, type Workspace, workerOf, workspace } from "./harness.ts";
import { program } from "./programs.ts";

const module = 'import { job } from "djob"; job("tick", "every 1h", () => {});';

test("of 200 starts of one name at once one wins, and 199 name its pid", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const results = await Promise.all(Array.from({ length: 200 }, () => space.djob(["run", "worker.ts"])));
  const won = results.filter(({ code }) => code === 0);
  expect(won.length).toBe(1);
  const pid = Number(/\(pid (\d+)\)/.exec(won[0]?.stdout ?? "")?.[1]);
  const lost = results.filter(({ code }) => code === 8);
  expect(lost.length).toBe(199);
  for (const { stderr } of lost) expect(stderr).toContain(`worker is already running (pid ${pid})`);
  const worker = await workerOf(space, "worker");
  expect(space.processes().sort()).toEqual([pid, worker].sort());
  expect(space.read("worker.pid")).toBe(`${pid}\n`);
}, 60_000);

test("starts and stops at once end with at most one daemon, which answers", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const codes = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const call = index % 2 === 0 ? ["run", "worker.ts"] : ["stop", "worker"];
      const { code, stderr } = await space.djob(call);
      return `${call[0]} ${code} ${code === 1 || code === 9 || code === 70 ? stderr : ""}`.trim();
    }),
  );
  // A stop that comes between a launcher's lock and its daemon's pid says so, and so does a start that a stop cut
  // short; everything else has a code of its own.
  const known =
    /^(run [08]$|run 9 djob: cannot start worker: it was stopped \(|stop [07]$|stop 1 djob: cannot stop worker: it is being started)/;
  for (const code of codes) expect(code).toMatch(known);
  expect(codes.filter((code) => /^run [09]/.test(code)).length).toBeGreaterThan(0);
  const status = await space.djob(["status", "worker"]);
  const left = space.processes();
  expect(left.length).toBe(status.code === 0 ? 2 : 0);
});

test("whoever only looks never makes a start fail", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  mkdirSync(space.state, { mode: 0o700 });
  writeFileSync(`${space.state}/worker.pid`, "");
  let looking = true;
  const lookers = Array.from({ length: 4 }, async () => {
    for (let looks = 0; ; looks += 1) {
      if (!looking) return looks;
      const { code } = await space.djob(["status", "worker"]);
      expect([0, 1, 3]).toContain(code ?? -1);
    }
  });
  try {
    for (let count = 0; count < 10; count += 1) {
      await space.run(["worker.ts"]);
      const { code, stderr } = await space.djob(["stop", "worker"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
  } finally {
    looking = false;
    await Promise.allSettled(lookers);
  }
  for (const looks of await Promise.all(lookers)) expect(looks).toBeGreaterThan(2);
});

test("after SIGKILL it is dead with a pidfile, stop clears that up, and a start is clean", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  await kill(await space.run(["worker.ts"]));
  expect(space.has("worker.pid")).toBe(true);
  expect((await space.djob(["status", "worker"])).code).toBe(1);
  expect(JSON.parse((await space.djob(["list", "--json"])).stdout)).toMatchObject([
    { name: "worker", state: "stopped", pid: null },
  ]);
  const { code, stderr } = await space.djob(["stop", "worker"]);
  expect(code).toBe(7);
  expect(stderr).toContain("worker is not running");
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
  expect((await space.djob(["status", "worker"])).code).toBe(3);
  expect(await kill(await space.run(["worker.ts"]))).toBe(true);
  const again = await space.run(["worker.ts"]);
  expect(await space.status("worker")).toMatchObject({ state: "running", pid: again });
});

test("a stop right after its supervisor was killed finds it gone, not starting, and its worker with it", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  for (let count = 0; count < 5; count += 1) {
    process.kill(await space.run(["worker.ts"]), "SIGKILL");
    const { code, stderr } = await space.djob(["stop", "worker"]);
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining("worker is not running") });
    expect(space.processes()).toEqual([]);
  }
});

test("a stop does not wait for the daemon that was started in the place of the one that it was to stop", async () => {
  const space = workspace();
  const deaf = `import { job } from "djob"; job("deaf", "always", () => new Promise(() => console.log("begun")));`;
  space.write("worker.ts", deaf);
  const first = await space.run(["worker.ts"]);
  await until("its job runs", () => space.read("worker.log").includes("begun"));
  const stop = space.start(["stop", "worker", "--stop-timeout", "20s", "--json"]);
  await until("it is being stopped", () => space.read("worker.log").includes("stopping"));
  // The one that waits is to find the lock taken again.
  process.kill(stop.pid, "SIGSTOP");
  await kill(first);
  await until("its worker has followed", () => space.processes().every((pid) => pid === stop.pid));
  space.write("worker.ts", module);
  const second = await space.run(["worker.ts"]);
  const continuedMs = performance.now();
  process.kill(stop.pid, "SIGCONT");
  const told = JSON.parse(await stop.stdout.text());
  expect([await stop.exited, told.pid]).toEqual([0, first]);
  // Far sooner than the stop timeout.
  expect(performance.now() - continuedMs).toBeLessThan(10_000);
  expect(await space.status("worker")).toMatchObject({ state: "running", pid: second });
});

test("a daemon that ends leaves the pidfile and the socket of its successor alone", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const first = await space.run(["worker.ts"]);
  rmSync(`${space.state}/worker.pid`);
  const second = await space.run(["worker.ts"]);
  process.kill(first, "SIGTERM");
  await until("the first ends", () => !isAlive(first));
  expect(space.read("worker.pid")).toBe(`${second}\n`);
  expect(await space.status("worker")).toMatchObject({ state: "running", pid: second });
});

test("a daemon that ends leaves a foreign file in its pidfile's place alone", async () => {
  const space = workspace();
  space.write("worker.ts", module);
  const pid = await space.run(["worker.ts"]);
  writeFileSync(`${space.state}/other`, "not djob's\n");
  renameSync(`${space.state}/other`, `${space.state}/worker.pid`);
  process.kill(pid, "SIGTERM");
  await until("it ends", () => !isAlive(pid));
  expect(space.read("worker.pid")).toBe("not djob's\n");
});

test.each([3, 9])(
  "a foreign process that holds the lock as descriptor %d is never signalled",
  async (descriptor) => {
    const space = workspace();
    space.write("worker.ts", module);
    mkdirSync(space.state, { mode: 0o700 });
    const pidfile = `${space.state}/worker.pid`;
    await using holder = new Holder(space, pidfile, descriptor);
    await until(
      "it holds the lock",
      () => existsSync(pidfile) && readFileSync(pidfile, "utf8") === `${holder.pid}\n`,
    );
    const { code, stderr } = await space.djob(["stop", "worker", "--stop-timeout", "100ms"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`pid ${holder.pid} in it is not proven to be the daemon`);
    expect((await space.djob(["run", "worker.ts"])).code).toBe(8);
    const status = await space.djob(["status", "worker"]);
    expect(status.code).toBe(4);
    expect(status.stderr).toContain("held by a process that is not proven to be the daemon");
    expect(isAlive(holder.pid)).toBe(true);
    expect(readFileSync(pidfile, "utf8")).toBe(`${holder.pid}\n`);
  },
);

/** test/fixtures/lock-holder.c: locks the file, writes its own pid, and ends with its standard input. */
class Holder implements AsyncDisposable {
  readonly #child;

  constructor(space: Workspace, pidfile: string, descriptor: number) {
    this.#child = Bun.spawn([program(space, "lock-holder"), pidfile, String(descriptor)], { stdin: "pipe" });
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.end();
    expect(await this.#child.exited).toBe(0);
  }
}

async function kill(pid: number): Promise<boolean> {
  process.kill(pid, "SIGKILL");
  return await until("it is dead", () => !isAlive(pid));
}
