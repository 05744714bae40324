// A daemon of another user in root's own directories, /run/djob and /var/log/djob, which only root may change: each start is
// in a mount namespace of its own, where both are empty.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { type Account, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { djobPath, procStatus, until, type Workspace, workerOf, workspace } from "./harness.ts";

const module = `import { job } from "djob";
  job("tick", "every 20ms", () => console.log("tick of " + process.getuid()));`;

/** Runs a shell script with /run and /var/log empty; $djob is what is tested. @returns what it has written */
function alone(space: Workspace, script: string): string {
  const prepare = "set -e; for each in /run /var/log; do mount -t tmpfs tmpfs $each; done";
  const child = Bun.spawnSync(["unshare", "-m", "sh", "-c", `${prepare}\n${script}`], {
    cwd: space.dir,
    env: space.environment({ DJOB_DIR: undefined, djob: djobPath }),
  });
  expect({ code: child.exitCode, stderr: child.stderr.toString() }).toEqual({ code: 0, stderr: "" });
  return child.stdout.toString();
}

const listFiles = "stat -c '%n %U %a' /run/djob /run/djob/* /var/log/djob /var/log/djob/*";

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  const prepared = () => {
    const space = workspace();
    openToOthers(space);
    space.write("worker.ts", module);
    space.write("jail/app/worker.ts", module);
    return space;
  };

  describe("in /run/djob and /var/log/djob", () => {
    test.each([
      ["--user", "worker.ts", []],
      ["--user and --chroot", "/app/worker.ts", ["--chroot", "jail"]],
    ] as const)("with %s it starts, reloads and ends, and leaves only its log", (_what, path, flags) => {
      const space = prepared();
      const text = alone(
        space,
        `$djob run ${path} --user ${account.name} ${flags.join(" ")} > /dev/null
        ${listFiles}
        $djob reload worker > /dev/null
        $djob stop worker > /dev/null
        echo "left: $(ls /run/djob /var/log/djob | xargs)"
        grep -c ' is ready: ' /var/log/djob/worker.log`,
      );
      expect(text.split("\n")).toEqual([
        "/run/djob root 700",
        "/run/djob/worker.pid root 644",
        "/run/djob/worker.sock root 600",
        "/var/log/djob root 755",
        `/var/log/djob/worker.log ${account.name} 640`,
        "left: /run/djob: /var/log/djob: worker.log",
        "2",
        "",
      ]);
      expect(readdirSync(space.path("jail")).filter((name) => name !== "var")).toEqual(["app"]);
    });

    test("a rotated log is made anew, for the same user", () => {
      const space = prepared();
      const text = alone(
        space,
        `$djob run worker.ts --user ${account.name} > /dev/null
        mv /var/log/djob/worker.log old
        kill -USR1 $(cat /run/djob/worker.pid)
        until grep -qs tick /var/log/djob/worker.log; do sleep 0.01; done
        ${listFiles} | tail -n 1
        $djob stop worker > /dev/null
        grep -c 'old log' old || true`,
      );
      expect(text).toBe(`/var/log/djob/worker.log ${account.name} 640\n0\n`);
    });

    test("a start that fails leaves nothing but its log", () => {
      const space = prepared();
      space.write("worker.ts", 'throw new Error("not today");');
      const text = alone(
        space,
        `$djob run worker.ts --user ${account.name} 2>&1 > /dev/null || echo "exit $?"
        ls /run/djob`,
      );
      expect(text).toContain("not today");
      expect(text).toEndWith("exit 9\n");
    });
  });

  test("a service manager's own directories of mode 0700 will do as well", async () => {
    const space = prepared();
    const [run, logs] = [space.path("run"), space.path("logs")];
    for (const path of [run, logs]) mkdirSync(path, { mode: 0o700 });
    const env = { DJOB_DIR: undefined, RUNTIME_DIRECTORY: run, LOGS_DIRECTORY: logs };
    const started = await space.djob(["run", "worker.ts", "--user", account.name], { env });
    expect({ code: started.code, stderr: started.stderr }).toEqual({ code: 0, stderr: "" });
    try {
      const status = JSON.parse((await space.djob(["status", "worker", "--json"], { env })).stdout);
      expect(status.paths).toMatchObject({ socket: `${run}/worker.sock`, log: `${logs}/worker.log` });
      expect(procStatus(status.pid).get("Uid")).toBe("0\t0\t0\t0");
      expect(procStatus(status.workerPid).get("Uid")).toBe(Array(4).fill(account.uid).join("\t"));
      expect(statSync(`${logs}/worker.log`).uid).toBe(account.uid);
    } finally {
      expect((await space.djob(["stop", "worker"], { env })).code).toBe(0);
    }
    expect([readdirSync(run), readdirSync(logs)]).toEqual([[], ["worker.log"]]);
  });

  test("a worker that dies comes back as the same user", async () => {
    const space = prepared();
    const pid = await space.run(["worker.ts", "--user", account.name]);
    const first = await workerOf(space, "worker");
    process.kill(first, "SIGKILL");
    const { workerPid } = await until("it is back", async () => {
      const status = await space.status("worker");
      return status.restarts === 1 && status.state === "running" ? status : null;
    });
    expect(workerPid).not.toBe(first);
    expect(procStatus(workerPid ?? -1).get("Uid")).toBe(Array(4).fill(account.uid).join("\t"));
    expect(procStatus(pid).get("Uid")).toBe("0\t0\t0\t0");
  });
}
