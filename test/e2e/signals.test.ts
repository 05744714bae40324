// What each signal does, row by row: to a daemon in the background and in the foreground, with a supervisor and without.
import { describe, expect, onTestFinished, test } from "bun:test";
import { openSync, renameSync, statSync } from "node:fs";
import { djobPath, isAlive, stateOf, until, type Workspace, workspace } from "./harness.ts";
import { descriptorsOf } from "./proc.ts";

interface Daemon {
  readonly pid: number;
  readonly workerPid: number;
}

const modes: ReadonlyArray<[mode: string, flags: readonly string[], supervised: boolean]> = [
  ["in the background, supervised", [], true],
  ["in the background, alone", ["--restart", "never"], false],
  [
    "in the foreground, supervised",
    ["--foreground", "--restart", "on-failure", "--log", "state/worker.log"],
    true,
  ],
  ["in the foreground, alone", ["--foreground", "--log", "state/worker.log"], false],
];

/** Its run takes 100 ms to end once it is aborted; `deaf`: it never does. */
const code = (deaf: boolean) => `import { job } from "djob";
job("run", "always", ({ signal }) => new Promise((resolve) => {
  console.log("begun");
  signal.addEventListener("abort", () => ${deaf ? "console.log('deaf')" : "setTimeout(() => { console.log('last words'); resolve(null); }, 100)"});
}));
job("tick", "every 20ms", () => console.log("ticked"));`;

async function started(space: Workspace, flags: readonly string[], deaf = false): Promise<Daemon> {
  space.write("worker.ts", code(deaf));
  const all = ["worker.ts", "--stop-timeout", "20s", ...flags];
  if (flags.includes("--foreground")) {
    space.write("state/.keep", "");
    const out = openSync("/dev/null", "w");
    const child = Bun.spawn([djobPath, "run", ...all], {
      cwd: space.dir,
      env: space.environment(),
      stdio: ["ignore", out, out],
    });
    onTestFinished(async () => {
      if (child.exitCode === null) child.kill("SIGKILL");
      await child.exited;
    });
  } else await space.run(all);
  await until("its run has begun", () => space.read("worker.log").includes("begun"));
  return (await space.status("worker")) as unknown as Daemon;
}

const logOf = (space: Workspace) => space.read("worker.log");

async function gone(space: Workspace, { pid, workerPid }: Daemon): Promise<void> {
  await until("all of it is gone", () => !isAlive(pid) && !isAlive(workerPid));
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
}

describe.each(modes)("%s", (_mode, flags, supervised) => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s stops it in good order", async (signal) => {
    const space = workspace();
    const daemon = await started(space, flags);
    process.kill(daemon.pid, signal);
    await gone(space, daemon);
    expect(logOf(space)).toContain(`stopping (${signal})`);
    expect(logOf(space)).toMatch(/last words\n(.*\n)*.*INFO {2}stopped/);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s for the second time ends it now", async (signal) => {
    const space = workspace();
    const daemon = await started(space, flags, true);
    const firstMs = performance.now();
    process.kill(daemon.pid, "SIGTERM");
    await until("its run is told", () => logOf(space).includes("deaf"));
    // Two at once are one: timeout(1) signals a process and its group.
    await until("it is another one", () => performance.now() - firstMs > 50);
    const sentMs = performance.now();
    process.kill(daemon.pid, signal);
    await gone(space, daemon);
    expect(performance.now() - sentMs).toBeLessThan(3_000);
    expect(logOf(space)).toContain(`${signal} for the second time: ending now`);
  });

  test("SIGHUP reloads it under the same pid", async () => {
    const space = workspace();
    const daemon = await started(space, flags);
    space.write("worker.ts", code(false).replaceAll("ticked", "ticked anew"));
    process.kill(daemon.pid, "SIGHUP");
    await until("the new code runs", () => logOf(space).includes("ticked anew"));
    const after = (await space.status("worker")) as unknown as Daemon;
    expect(after.pid).toBe(daemon.pid);
    expect(after.workerPid === daemon.workerPid).toBe(!supervised);
  });

  test("SIGUSR1 opens the log anew in each process", async () => {
    const space = workspace();
    const daemon = await started(space, flags);
    const log = `${space.state}/worker.log`;
    renameSync(log, `${log}.1`);
    process.kill(daemon.pid, "SIGUSR1");
    await until("the worker writes to the new one", () => space.read("worker.log").includes("ticked"));
    for (const pid of new Set([daemon.pid, daemon.workerPid])) {
      const open = descriptorsOf(pid);
      expect([open[1], open[2]]).toEqual([log, log]);
    }
    const size = statSync(`${log}.1`).size;
    const count = space.read("worker.log").length;
    await until("it writes on", () => space.read("worker.log").length > count);
    expect(statSync(`${log}.1`).size).toBe(size);
  });

  test("SIGUSR2 has it write its state, its jobs and its runs to the log", async () => {
    const space = workspace();
    const daemon = await started(space, flags);
    process.kill(daemon.pid, "SIGUSR2");
    await until("it has", () => /"runningMs": \d+/.test(logOf(space)));
    expect(logOf(space).includes("supervisor: {")).toBe(supervised);
    expect(logOf(space)).toContain('"id": "run@');
    expect(logOf(space)).toContain('"schedule": "every 20ms"');
    expect(isAlive(daemon.workerPid)).toBe(true);
  });
});

test("USR2 tells of a worker that does not answer", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("spin", "always", () => { console.log("spins"); Bun.sleepSync(3_000); });`,
  );
  const pid = await space.run(["worker.ts"]);
  await until("it spins", () => logOf(space).includes("spins"));
  process.kill(pid, "SIGUSR2");
  await until("it is told", () => /the worker \(pid \d+\) does not answer/.test(logOf(space)));
  await space.djob(["stop", "worker", "--stop-timeout", "10ms"]);
});

test("a storm of USR1, USR2 and HUP while it starts, reloads and restarts kills nothing", async () => {
  const space = workspace();
  const daemon = await started(space, []);
  const storm = async (until: () => Promise<boolean>) => {
    for (let over = false; !over; ) {
      for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.kill(daemon.pid, signal);
      await Bun.sleep(2);
      over = await until();
    }
  };
  const status = async () =>
    (await space.status("worker")) as unknown as Daemon & { restarts: number; state: string };
  process.kill(daemon.workerPid, "SIGKILL");
  await storm(async () => {
    const { restarts, state } = await status();
    return restarts === 1 && state === "running";
  });
  const before = await status();
  process.kill(daemon.pid, "SIGHUP");
  await storm(async () => {
    const { workerPid, state } = await status();
    return workerPid !== before.workerPid && state === "running";
  });
  expect(await status()).toMatchObject({ pid: daemon.pid, restarts: 1, lastExit: "SIGKILL" });
});

describe("djob signal", () => {
  const listening = `import { job } from "djob"; job("idle", "@yearly", () => {});
  process.on("SIGWINCH", () => console.log("worker: WINCH"));
  Bun.spawn(["sh", "-c", "trap 'echo child: WINCH' WINCH; echo child; while :; do sleep 0.05; done"], { stdout: "inherit" });`;

  async function listener(space: Workspace): Promise<Daemon> {
    space.write("worker.ts", listening);
    await space.run(["worker.ts"]);
    await until("the child is there", () => logOf(space).includes("child\n"));
    return (await space.status("worker")) as unknown as Daemon;
  }

  test.each(["USR2", "SIGUSR2", "usr2", "12"])(
    "takes %s, and sends it to the daemon's own process",
    async (name) => {
      const space = workspace();
      const { pid } = await listener(space);
      const { code: status, stdout } = await space.djob(["signal", "worker", name, "--json"]);
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ name: "worker", signal: "SIGUSR2", pids: [pid] });
      await until("it is there", () => logOf(space).includes("supervisor: {"));
    },
  );

  test("--worker sends it to the worker alone, --all to everything", async () => {
    const space = workspace();
    const { pid, workerPid } = await listener(space);
    const { stdout } = await space.djob(["signal", "worker", "WINCH", "--worker", "--json"]);
    expect(JSON.parse(stdout).pids).toEqual([workerPid]);
    await until("the worker has it", () => logOf(space).includes("worker: WINCH"));
    expect(logOf(space)).not.toContain("child: WINCH");
    const all = await space.djob(["signal", "worker", "WINCH", "--all", "--json"]);
    const { pids } = JSON.parse(all.stdout) as { pids: number[] };
    expect(pids.slice(-2)).toEqual([workerPid, pid]);
    expect(pids.length).toBeGreaterThan(2);
    await until("the child has it", () => logOf(space).includes("child: WINCH"));
  });

  test("STOP --all pauses everything, and CONT --all lets it go on", async () => {
    const space = workspace();
    const { pid, workerPid } = await listener(space);
    expect((await space.djob(["signal", "worker", "STOP", "--all"])).code).toBe(0);
    await until("both are stopped", () => [pid, workerPid].every((one) => stateOf(one) === "T"));
    expect((await space.djob(["signal", "worker", "CONT", "--all"])).code).toBe(0);
    await until("it answers", async () => (await space.status("worker")).state === "running");
  });

  test("to a daemon without a supervisor, --worker means the same process", async () => {
    const space = workspace();
    space.write("worker.ts", 'import { job } from "djob"; job("idle", "@yearly", () => {});');
    const pid = await space.run(["worker.ts", "--restart", "never"]);
    const { stdout } = await space.djob(["signal", "worker", "USR2", "--worker", "--json"]);
    expect(JSON.parse(stdout).pids).toEqual([pid]);
    const refused = await space.djob(["upgrade", "worker"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("cannot upgrade worker: it has no supervisor");
    expect(refused.stderr).toContain("djob restart worker");
  });

  test.each([
    ["no such daemon", ["signal", "nobody", "HUP"], 7],
    ["no such signal", ["signal", "worker", "FOO"], 2],
    ["no signal", ["signal", "worker"], 2],
    ["both recipients", ["signal", "worker", "HUP", "--worker", "--all"], 2],
  ])("%s: %j exits %i", async (_what, args, expected) => {
    expect((await workspace().djob(args)).code).toBe(expected);
  });
});
