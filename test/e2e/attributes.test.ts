// How the kernel treats a daemon and what it starts: each flag read back from /proc.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { isRoot } from "./account.ts";
import { djobPath, procStatus, until, type Workspace, workspace } from "./harness.ts";

/** Starts a child that stays, and says both pids. */
const parent = `
  const child = Bun.spawn(["sleep", "1000"]);
  console.log("report " + process.pid + " " + child.pid);
  process.on("exit", () => child.kill("SIGKILL"));
  setInterval(() => {}, 1e6);`;

interface Attributes {
  readonly nice: number;
  readonly realtimePriority: number;
  readonly policy: number;
  readonly ioPriority: string;
  readonly processors: string | undefined;
  readonly oomScore: string;
  readonly noNewPrivileges: string | undefined;
  readonly limits: string;
}

function attributesOf(pid: number): Attributes {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  // proc_pid_stat(5) counts from 1, and the first two are cut off.
  const field = (number: number) => fields[number - 3] ?? Number.NaN;
  return {
    nice: field(19),
    realtimePriority: field(40),
    policy: field(41),
    ioPriority: Bun.spawnSync(["ionice", "-p", String(pid)])
      .stdout.toString()
      .trim(),
    processors: procStatus(pid).get("Cpus_allowed_list"),
    oomScore: readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim(),
    noNewPrivileges: procStatus(pid).get("NoNewPrivs"),
    limits: readFileSync(`/proc/${pid}/limits`, "utf8").replaceAll(/ +/g, " "),
  };
}

/** The daemon's worker and its child. */
function pidsIn(space: Workspace): number[] {
  const [, ...pids] = /report (\d+) (\d+)$/m.exec(space.read("worker.log")) ?? [];
  expect(pids).toHaveLength(2);
  return pids.map(Number);
}

// All of these flags are root's.
if (isRoot) {
  describe("flags that say how the kernel treats a daemon", () => {
    test("hold for its worker and for what that starts", async () => {
      const space = workspace();
      space.write("worker.ts", parent);
      const limits = [
        "--rlimit",
        "nofile=500:600",
        "--rlimit",
        "core=1M:unlimited",
        "--rlimit=cpu=unlimited",
      ];
      const flags = ["--nice", "-5", "--ioprio", "be:6", "--sched", "batch", "--cpus", "0", "--oom-score=77"];
      await space.run(["worker.ts", ...flags, ...limits, "--no-new-privs"]);
      for (const pid of pidsIn(space)) {
        const attributes = attributesOf(pid);
        expect(attributes).toMatchObject({
          nice: -5,
          realtimePriority: 0,
          policy: 3,
          ioPriority: "best-effort: prio 6",
          processors: "0",
          oomScore: "77",
          noNewPrivileges: "1",
        });
        expect(attributes.limits).toContain("Max open files 500 600 files");
        expect(attributes.limits).toContain("Max core file size 1048576 unlimited bytes");
        expect(attributes.limits).toContain("Max cpu time unlimited unlimited seconds");
      }
    });

    test("hold in every thread of the worker", async () => {
      const space = workspace();
      space.write("worker.ts", parent);
      await space.run(["worker.ts", "--nice", "4", "--cpus", "0"]);
      const [pid = 0] = pidsIn(space);
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
        expect(status).toMatch(/^Cpus_allowed_list:\t0$/m);
        const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
        expect(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]).toBe("4");
      }
    });

    test("a real-time policy and an idle I/O class", async () => {
      const space = workspace();
      space.write("worker.ts", parent);
      await space.run(["worker.ts", "--sched", "rr:7", "--ioprio", "idle"]);
      for (const pid of pidsIn(space)) {
        expect(attributesOf(pid)).toMatchObject({ policy: 2, realtimePriority: 7, ioPriority: "idle" });
      }
    });

    test("in the foreground, too", async () => {
      const space = workspace();
      space.write("worker.ts", parent);
      const flags = ["--nice", "3", "--oom-score", "100", "--rlimit", "nofile=400", "--log", "state.log"];
      const child = space.start(["run", "--foreground", "worker.ts", ...flags]);
      const log = await until("it is ready", () => {
        const text = Bun.spawnSync(["cat", space.path("state.log")]).stdout.toString();
        return text.includes("is ready") && text;
      });
      const pid = Number(/report (\d+)/.exec(log)?.[1]);
      expect(attributesOf(pid)).toMatchObject({ nice: 3, oomScore: "100" });
      expect(attributesOf(pid).limits).toContain("Max open files 400 400 files");
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    });

    test("without them, a daemon is treated as whoever starts it", async () => {
      const space = workspace();
      space.write("worker.ts", parent);
      await space.run(["worker.ts"]);
      const own = attributesOf(process.pid);
      for (const pid of pidsIn(space)) {
        const { nice, policy, processors, oomScore, noNewPrivileges } = attributesOf(pid);
        expect({ nice, policy, processors, oomScore, noNewPrivileges }).toEqual({
          nice: own.nice,
          policy: own.policy,
          processors: own.processors,
          oomScore: own.oomScore,
          noNewPrivileges: own.noNewPrivileges,
        });
      }
    });
  });

  /** Calls dist/djob with a root that lacks a capability. */
  const djobWithout = async (capability: string, space: Workspace, args: readonly string[]) => {
    const limited = ["setpriv", "--bounding-set", `-${capability}`, djobPath, ...args];
    const child = Bun.spawn(["sh", "-c", 'ulimit -n 1000; exec "$@"', "sh", ...limited], {
      cwd: space.dir,
      env: space.environment(),
      stdin: "ignore",
      stderr: "pipe",
    });
    return { stderr: await child.stderr.text(), code: await child.exited };
  };

  test("a root without the capability gets exit 4, and nothing is made", async () => {
    const space = workspace();
    space.write("worker.ts", parent);
    const { code, stderr } = await djobWithout("sys_nice", space, ["run", "worker.ts", "--nice", "-5"]);
    expect(stderr).toContain("cannot use --nice: root lacks CAP_SYS_NICE here");
    expect(code).toBe(4);
    expect(space.has("")).toBe(false);
  });

  test("a limit that only the kernel knows to be too high is told, with exit 9, and nothing is left", async () => {
    const space = workspace();
    space.write("worker.ts", parent);
    const args = ["run", "worker.ts", "--rlimit", "nofile=1001"];
    const { code, stderr } = await djobWithout("sys_resource", space, args);
    expect(stderr).toContain("cannot start worker: cannot set the limit nofile to 1001:1001: ");
    expect(code).toBe(9);
    expect(space.files()).toEqual(["worker.log"]);
  });
}

test.each([
  ["--nice", "20"],
  ["--ioprio", "worst"],
  ["--sched", "fifo"],
  ["--rlimit", "nofile=lots"],
  ["--cpus", "0-"],
  ["--oom-score", "1001"],
  ["--user", "www:"],
])("%s %s is a usage error, and nothing is made", async (flag, value) => {
  const space = workspace();
  space.write("worker.ts", parent);
  const { code, stderr } = await space.djob(["run", "worker.ts", flag, value]);
  expect(code).toBe(2);
  expect(stderr).toContain(`${flag} `);
  expect(stderr).toContain(value);
  expect(space.has("")).toBe(false);
});
