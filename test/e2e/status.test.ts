// djob status and djob list: for people, for programs, and with the codes of the LSB.
import { describe, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { isAlive, until, workerOf, workspace } from "./harness.ts";
import { childrenOf, processStat } from "./proc.ts";

const two = `import { job } from "djob";
job("tick", "every 100ms", () => {});
job("report", { cron: "0 9 * * MON-FRI", tz: "Europe/Berlin" }, () => {});`;
const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
/** Without its date, if that is today's. */
const moment = `(?:${time}|\\d\\d:\\d\\d:\\d\\d)`;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe("djob status NAME", () => {
  test("shows a table of jobs with schedule, state, next and last run", async () => {
    const space = workspace();
    const module = space.write("worker.ts", two);
    const pid = await space.run(["worker.ts"]);
    await until("it has run", async () => (await space.status("worker")).jobs[0]?.last);
    const { code, stdout } = await space.djob(["status", "worker"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^● worker is running \\(pid ${pid}, since ${time} \\(\\d+s\\)\\)$`, "m"),
    );
    expect(stdout).toContain(`  module   ${module}\n`);
    expect(stdout).toMatch(/^JOB +SCHEDULE +STATE +NEXT RUN +LAST RUN$/m);
    expect(stdout).toMatch(
      new RegExp(`^tick +every 100ms +idle +${moment} \\(in 0s\\) +${moment} succeeded \\(.+\\)$`, "m"),
    );
    expect(stdout).toMatch(
      new RegExp(`^report +0 9 \\* \\* MON-FRI Europe/Berlin +idle +${moment} \\(in .+\\) +-$`, "m"),
    );
  });

  test("--json prints exactly the documented fields", async () => {
    const space = workspace();
    const module = space.write("worker.ts", two);
    const pid = await space.run(["worker.ts"]);
    const [worker] = childrenOf(pid);
    const document = await until("it has run", async () => {
      const status = JSON.parse((await space.djob(["status", "worker", "--json"])).stdout);
      return status.jobs[0].last ? status : null;
    });
    expect(document).toMatchObject({
      name: "worker",
      state: "running",
      pid,
      workerPid: worker,
      startedAt: expect.stringMatching(iso),
      restarts: 0,
      lastExit: null,
      foreground: false,
      stopTimeoutMs: 10_000,
      reason: null,
      responsive: true,
      modules: [module],
      jobs: [
        {
          name: "tick",
          schedule: "every 100ms",
          tz: null,
          state: expect.stringMatching(/^(idle|running)$/),
          next: expect.stringMatching(iso),
          last: {
            scheduledAt: expect.stringMatching(iso),
            outcome: "succeeded",
            durationMs: expect.any(Number),
          },
        },
        { name: "report", schedule: "0 9 * * MON-FRI", tz: "Europe/Berlin", state: "idle", last: null },
      ],
    });
    expect(document.paths).toMatchObject({
      pidfile: `${space.state}/worker.pid`,
      log: `${space.state}/worker.log`,
      socket: `${space.state}/worker.sock`,
      history: `${space.state}/worker.db`,
    });
  });

  test("exits 3 when it is not running, 1 when it died, 4 when its pidfile can't be trusted", async () => {
    const space = workspace();
    space.write("worker.ts", two);
    const pid = await space.run(["worker.ts"]);
    const absent = await space.djob(["status", "worke"]);
    expect(absent.code).toBe(3);
    expect(absent.stderr).toBe("djob: no daemon named worke; running: worker\nhint: did you mean worker?\n");
    process.kill(pid, "SIGKILL");
    // Its lock is free when the last of its threads is gone.
    const dead = await until("its lock is free", async () => {
      const result = await space.djob(["status", "worker"]);
      return result.code !== 0 && result;
    });
    expect(dead.code).toBe(1);
    expect(dead.stderr).toContain(`worker is not running: it died and left ${space.state}/worker.pid`);
    const json = await space.djob(["status", "worker", "--json"]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: "worker", state: "stopped", pid: null });
    symlinkSync("/nowhere", `${space.state}/link.pid`);
    expect((await space.djob(["status", "link"])).code).toBe(4);
  });

  test("tells of a daemon that is still loading", async () => {
    const space = workspace();
    space.write("worker.ts", "console.log('loading'); await Bun.sleep(60_000);");
    const start = space.djob(["run", "worker.ts"]);
    await until("it loads", () => space.read("worker.log").includes("loading"));
    expect(await space.status("worker")).toMatchObject({ state: "starting", jobs: [] });
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    expect((await start).code).toBe(9);
  });

  test("says so when it does not answer", async () => {
    const space = workspace();
    space.write("worker.ts", two);
    const pid = await space.run(["worker.ts"]);
    process.kill(pid, "SIGSTOP");
    const { code, stdout } = await space.djob(["status", "worker"]);
    process.kill(pid, "SIGCONT");
    expect(code).toBe(0);
    expect(stdout).toContain(`worker is running (pid ${pid})`);
    expect(stdout).toContain("It does not answer");
  });
});

describe("a daemon that has given up", () => {
  test("is failed, and why is known to status and list until the next start or stop", async () => {
    const space = workspace();
    space.write("worker.ts", `${two} setTimeout(() => process.exit(3), 50);`);
    await space.run(["worker.ts", "--restart-delay", "10ms", "--restart-max", "1/1h"]);
    await until("it has given up", () => space.processes().length === 0);
    const reason = "it ended 2 times within 1h, the last time by: exit code 3";
    expect(space.read("worker.log")).toContain(`ERROR giving up: ${reason}\n`);
    const { code, stderr } = await space.djob(["status", "worker"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `djob: worker has failed: ${reason}; none is running\n`,
    });
    const failed = {
      name: "worker",
      state: "failed",
      pid: null,
      workerPid: null,
      restarts: 1,
      lastExit: "exit code 3",
      reason,
    };
    expect(await space.status("worker")).toMatchObject(failed);
    expect((await space.djob(["list"])).stdout).toMatch(/^worker +failed +- /m);
    // Without a supervisor, nobody writes why; what was written before is not true of this one.
    const pid = await space.run(["worker.ts", "--restart", "never"]);
    process.kill(pid, "SIGKILL");
    await until("it is dead", () => !isAlive(pid));
    await until("its lock is free", async () => (await space.status("worker")).state === "stopped");
    expect(await space.status("worker")).toMatchObject({ reason: null });

    await space.run(["worker.ts", "--restart-delay", "10ms", "--restart-max", "1/1h"]);
    await until("it has given up", () => space.processes().length === 0);
    expect((await space.djob(["stop", "worker"])).stderr).toContain(`worker has failed: ${reason}`);
    expect(space.files()).toEqual(["worker.log"]);
  });
});

describe("djob status --process", () => {
  test("shows what ps axj shows, and finds a daemon proper", async () => {
    const space = workspace();
    space.write("worker.ts", two);
    const pid = await space.run(["worker.ts"]);
    const { parent: ppid, group: pgid, session: sid } = processStat(pid);
    const worker = await workerOf(space, "worker");
    const { code, stdout } = await space.djob(["status", "worker", "--process"]);
    expect(code).toBe(0);
    const [header, row, workerRow] = stdout.split("\n");
    expect(header?.split(/ +/)).toEqual(["PPID", "PID", "PGID", "SID", "TTY", "TPGID", "NAME"]);
    expect(row?.split(/ +/)).toEqual([ppid, pid, pgid, sid, "?", -1, "worker"].map(String));
    expect(workerRow?.split(/ +/)).toEqual(
      [pid, worker, worker, sid, "?", -1, "worker", "(its", "worker)"].map(String),
    );
    for (const column of ["PPID", "PID", "PGID", "SID", "TTY", "TPGID"]) {
      expect(stdout.match(new RegExp(`^✔ +${column} `, "gm"))).toHaveLength(2);
    }
    expect(stdout).not.toContain("✘");
    const { process: found, workerProcess } = JSON.parse(
      (await space.djob(["status", "worker", "--process", "--json"])).stdout,
    );
    expect(found).toEqual({
      ppid,
      pid,
      pgid,
      sid,
      tty: "?",
      tpgid: -1,
    });
    expect(workerProcess).toEqual({ ppid: pid, pid: worker, pgid: worker, sid, tty: "?", tpgid: -1 });
  });

  test("shows one process where there is no supervisor", async () => {
    const space = workspace();
    space.write("worker.ts", two);
    const pid = await space.run(["worker.ts", "--restart", "never"]);
    const { stdout } = await space.djob(["status", "worker", "--process"]);
    expect(stdout.match(/^✔ /gm)).toHaveLength(6);
    expect(stdout).not.toContain("✘");
    const document = JSON.parse((await space.djob(["status", "worker", "--process", "--json"])).stdout);
    expect(document).toMatchObject({ pid, workerPid: pid, process: { pid }, workerProcess: null });
  });
});

describe("djob list", () => {
  test("has a line for each daemon, also for one that died", async () => {
    const space = workspace();
    const module = space.write("worker.ts", two);
    const [a, b] = [
      await space.run(["worker.ts", "--name", "a"]),
      await space.run(["worker.ts", "--name", "b"]),
    ];
    process.kill(b, "SIGKILL");
    await until("it is dead", () => !isAlive(b));
    const { code, stdout } = await space.djob(["list"]);
    expect(code).toBe(0);
    const [header, ...rows] = stdout.trimEnd().split("\n");
    expect(header?.split(/ +/)).toEqual(["NAME", "STATE", "PID", "JOBS", "UP", "MODULES"]);
    expect(rows[0]).toMatch(new RegExp(`^a +running +${a} +2 +\\d+s +${RegExp.escape(module)}$`));
    expect(rows[1]).toMatch(/^b +stopped +- +0 +- +-$/);
    expect(rows).toHaveLength(2);
    for (const command of ["list", "status"]) {
      const documents = JSON.parse((await space.djob([command, "--json"])).stdout);
      expect(documents).toMatchObject([
        { name: "a", state: "running", pid: a },
        { name: "b", state: "stopped" },
      ]);
    }
  });

  test("says what to do when there is none", async () => {
    const space = workspace();
    expect((await space.djob(["list"])).stdout).toContain("start one with: djob run worker.ts");
    expect(JSON.parse((await space.djob(["list", "--json"])).stdout)).toEqual([]);
  });

  test("one file that can't be trusted does not hide the other daemons", async () => {
    const space = workspace();
    space.write("worker.ts", two);
    await space.run(["worker.ts"]);
    symlinkSync("/nowhere", `${space.state}/link.pid`);
    writeFileSync(`${space.state}/odd name.pid`, "garbage");
    const { code, stdout, stderr } = await space.djob(["list"]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^worker +running /m);
    expect(stdout).not.toContain("odd");
    expect(stderr).toContain(`refusing to use ${space.state}/link.pid: it is a symbolic link`);
    expect(JSON.parse((await space.djob(["list", "--json"])).stdout)).toMatchObject([{ name: "worker" }]);
  });
});

test("what a module says steers nobody's terminal: neither in the error of a start nor in the status", async () => {
  const space = workspace();
  const title = "\\u001b]0;mine\\u0007";
  space.write("bad.ts", `throw new Error("bad ${title}");`);
  const { code, stderr } = await space.djob(["run", "bad.ts"]);
  expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining("bad \\u001b]0;mine\\u0007") });
  space.write(
    "worker.ts",
    `process.on("SIGUSR2", () => { throw new Error("crashed ${title}"); }); setInterval(() => {}, 1e6);`,
  );
  await space.run(["worker.ts"]);
  process.kill(await workerOf(space, "worker"), "SIGUSR2");
  await until("it is started again", async () => (await space.status("worker")).restarts === 1);
  const { stdout } = await space.djob(["status", "worker"]);
  expect(stdout).toContain("crashed \\u001b]0;mine\\u0007");
  expect(stderr + stdout).not.toContain("\u001b");
});
