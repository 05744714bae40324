// djob install and uninstall: what they print and refuse, a crontab through crontab(1), and the script's actions with the
// LSB's exit codes.
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { djobPath, type Result, type Workspace, workspace } from "./harness.ts";

const idle = 'import { job } from "djob"; job("hourly", "0 * * * *", () => {});';

/** A directory with programs that take the place of the machine's; to be put before PATH. */
function programs(space: Workspace, texts: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(texts))
    chmodSync(space.write(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755);
  return [space.path("bin"), process.env["PATH"]].join(delimiter);
}

/** A crontab(1) that keeps the crontab in a file of the workspace. */
const crontabProgram = (space: Workspace) => `file='${space.path("crontab")}'
case "$1" in
  -l) cat "$file" 2>/dev/null || { echo "no crontab for $LOGNAME" >&2; exit 1; } ;;
  -) cat > "$file" ;;
  *) exit 2 ;;
esac`;

describe("djob install --print", () => {
  test("shows a unit with absolute paths, and writes nothing", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const { code, stdout, stderr } = await space.djob(
      ["install", "--print", "--init", "systemd", "worker.ts", "--log", "my.log", "--stop-timeout", "20s"],
      { env: { DJOB_DIR: undefined } },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const dir = realpathSync(space.dir);
    expect(stdout).toContain(
      `ExecStart=${realpathSync(djobPath)} run --foreground --name=worker --log=${dir}/my.log --stop-timeout=20s ${dir}/worker.ts\n`,
    );
    expect(stdout).toContain("\nTimeoutStopSec=25s\n");
    expect(existsSync("/etc/systemd/system/djob-worker.service")).toBe(false);
  });

  test.each([
    ["openrc", "#!/sbin/openrc-run"],
    ["sysv", "#!/bin/sh"],
    ["launchd", "<?xml "],
    ["crontab", "@reboot "],
  ])("shows what %s wants", async (kind, start) => {
    const space = workspace();
    space.write("worker.ts", idle);
    const { code, stdout } = await space.djob(["install", "--print", "--init", kind, "worker.ts"]);
    expect(code).toBe(0);
    expect(stdout).toStartWith(start);
    // DJOB_DIR is not set at boot.
    expect(stdout).toContain(`--dir=${space.state}`);
  });

  test("prints one JSON document", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const { stdout } = await space.djob(["install", "--print", "--json", "--init", "crontab", "worker.ts"]);
    expect(JSON.parse(stdout)).toMatchObject({ name: "worker", init: "crontab" });
  });

  test("takes the modules and flags of a daemon that runs, and those given besides", async () => {
    const space = workspace();
    const module = space.write("worker.ts", idle);
    await space.run([
      "worker.ts",
      "--name",
      "shop",
      "--umask",
      "027",
      "--tz",
      "Asia/Tokyo",
      "--stop-timeout",
      "20s",
    ]);
    const { code, stdout } = await space.djob([
      ...["install", "--print", "--init", "sysv", "shop"],
      ...["--stop-timeout", "5s"],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `"$djob" run --ok --name=shop --dir=${space.state} --umask=027 --tz=Asia/Tokyo --stop-timeout=5s ${module}\n`,
    );
  });
});

describe("djob install refuses", () => {
  const refused = async (args: readonly string[], module = idle): Promise<Result> => {
    const space = workspace();
    space.write("worker.ts", module);
    return await space.djob(["install", "--init", "crontab", ...args], {
      env: { PATH: programs(space, { crontab: `echo touched > '${space.path("touched")}'; exit 1` }) },
    });
  };

  test.each([
    [2, ["worker.ts", "--umask", "9"], "--umask"],
    [2, ["worker.ts", "--foreground"], "there is no flag --foreground"],
    [2, ["worker.ts", "--init=upstart"], "is given twice"],
    [2, ["worker.ts", "--env", "A=b\nc"], "control character"],
    [7, ["shop"], "cannot install shop: there is no such file, and no daemon named shop"],
    [9, ["missing.ts"], "missing.ts"],
  ] as ReadonlyArray<readonly [number, readonly string[], string]>)(
    "with exit code %p: %p",
    async (code, args, message) => {
      const result = await refused(args);
      expect(result.code).toBe(code);
      expect(result.stderr).toContain(message);
    },
  );

  test("an init system that it does not know", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const { code, stderr } = await space.djob(["install", "--init", "upstart", "worker.ts"]);
    expect(code).toBe(2);
    expect(stderr).toContain("the kinds are systemd, openrc, sysv, launchd, crontab");
  });
});

describe("a crontab", () => {
  test("gets a line that starts the daemon, and loses it again", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    space.write("crontab", "# mine\n5 4 * * * x % y\n");
    const env = { PATH: programs(space, { crontab: crontabProgram(space) }) };
    const call = (...args: string[]) => space.djob(args, { env });

    expect(await call("install", "--init", "crontab", "worker.ts")).toMatchObject({ code: 0 });
    const crontab = readFileSync(space.path("crontab"), "utf8");
    const [first, second, line = "", end] = crontab.split("\n");
    expect([first, second, end]).toEqual(["# mine", "5 4 * * * x % y", ""]);
    expect(line).toMatch(/^@reboot \/.* # djob worker$/);

    const booted = Bun.spawnSync(["sh", "-c", line.slice("@reboot ".length)], {
      cwd: "/",
      env: space.environment({ DJOB_DIR: undefined }),
    });
    expect(booted.exitCode).toBe(0);
    expect(await space.status("worker")).toMatchObject({ state: "running" });

    const removed = await call("uninstall", "worker");
    expect(removed).toMatchObject({ code: 0, stderr: "" });
    expect(removed.stdout).toContain("removed a line of your crontab");
    expect(readFileSync(space.path("crontab"), "utf8")).toBe("# mine\n5 4 * * * x % y\n");
    expect(await space.status("worker")).toMatchObject({ state: "running" });
  });

  test("and --now starts it, unless it runs already", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const env = { PATH: programs(space, { crontab: crontabProgram(space) }) };
    const args = ["install", "--init", "crontab", "--now", "--json", "worker.ts"];
    const { code, stdout } = await space.djob(args, { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ name: "worker", init: "crontab", path: null, started: true });
    expect(await space.status("worker")).toMatchObject({ state: "running" });
    expect(await space.djob(args, { env })).toMatchObject({ code: 8 });
  });

  test("stays as it was when the daemon can't be started", async () => {
    const space = workspace();
    space.write("worker.ts", 'throw new Error("not today");');
    const env = { PATH: programs(space, { crontab: crontabProgram(space) }) };
    const { code, stderr } = await space.djob(["install", "--init", "crontab", "--now", "worker.ts"], {
      env,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("not today");
    expect(readFileSync(space.path("crontab"), "utf8")).toBe("");
  });
});

test("files that others may change, and variables that they may see, are pointed out", async () => {
  const space = workspace();
  const module = space.write("worker.ts", idle);
  chmodSync(module, 0o666);
  const env = { PATH: programs(space, { crontab: crontabProgram(space) }) };
  const { code, stderr } = await space.djob(["install", "--init", "crontab", "worker.ts", "--env", "A=b"], {
    env,
  });
  expect(code).toBe(0);
  expect(stderr).toContain("put secrets into a file of mode 0600");
  const pointedOut = stderr.includes(`but ${module} is not root's alone: everybody may write to it`);
  expect(pointedOut).toBe(process.geteuid?.() === 0);
});

test("a directory that has a running daemon's name is not taken for its module", async () => {
  const space = workspace();
  space.write("shop/worker.ts", idle);
  await space.run(["shop/worker.ts", "--name", "shop"]);
  const { code, stdout } = await space.djob(["install", "--print", "--init", "crontab", "shop"]);
  expect(code).toBe(0);
  expect(stdout).toContain("--name=shop ");
});

test("what is not installed can't be uninstalled, but for --ok", async () => {
  const space = workspace();
  const env = { PATH: programs(space, { crontab: crontabProgram(space) }) };
  const { code, stderr } = await space.djob(["uninstall", "no-such-daemon"], { env });
  expect(code).toBe(1);
  expect(stderr).toContain("cannot uninstall no-such-daemon: djob install has not installed it");
  expect(await space.djob(["uninstall", "no-such-daemon", "--ok"], { env })).toMatchObject({ code: 0 });
  expect(await space.djob(["uninstall", "../x"], { env })).toMatchObject({ code: 2 });
});

describe("the SysV script", () => {
  /** Calls the script as service(8) does at boot: from /, with next to no environment. */
  function service(space: Workspace, script: string, ...actions: string[]): Result {
    const marker = space.environment()["DJOB_TEST"] ?? "";
    const env = { DJOB_TEST: marker, DJOB_DIR: "/nowhere", NO_COLOR: "1" };
    const child = Bun.spawnSync(["/bin/sh", script, ...actions], { cwd: "/", env });
    const [stdout, stderr] = [child.stdout.toString(), child.stderr.toString()];
    return { code: child.exitCode, signal: child.signalCode ?? null, stdout, stderr };
  }

  async function scriptFor(space: Workspace, ...args: string[]): Promise<string> {
    const { code, stdout } = await space.djob(["install", "--print", "--init", "sysv", ...args]);
    expect(code).toBe(0);
    return space.write("init.d/djob-worker", stdout);
  }

  test("starts, stops and restarts the daemon, with the LSB's exit codes", async () => {
    const space = workspace();
    space.write("my jobs/worker.ts", `${idle} console.log(process.env.A);`);
    const script = await scriptFor(space, "my jobs/worker.ts", "--env", "A=$x 'y' \"z\"");
    const call = (...actions: string[]) => service(space, script, ...actions).code;
    const pid = async () => (await space.status("worker")).pid;

    expect(call("status")).toBe(3);
    expect(call("stop")).toBe(0);
    expect(call("try-restart")).toBe(0);
    expect(call("status")).toBe(3);
    expect(call("start")).toBe(0);
    expect(space.read("worker.log")).toContain("$x 'y' \"z\"");
    const first = await pid();
    expect(call("start")).toBe(0);
    expect(await pid()).toBe(first);
    expect(call("status")).toBe(0);
    expect(call("restart")).toBe(0);
    const second = await pid();
    expect(second).not.toBe(first);
    expect(call("try-restart")).toBe(0);
    const third = await pid();
    expect(third).not.toBe(second);
    expect(call("stop")).toBe(0);
    expect(call("stop")).toBe(0);
    expect(call("status")).toBe(3);
    expect(call("force-reload")).toBe(0);
    expect(call("status")).toBe(0);
    process.kill((await pid()) ?? Number.NaN, "SIGKILL");
    expect(call("stop")).toBe(0);
    expect(call("restart")).toBe(0);
    expect(call("stop")).toBe(0);
    for (const wrong of [["frobnicate"], [], ["start", "now"]]) {
      const { code, stderr } = service(space, script, ...wrong);
      expect(code).toBe(2);
      expect(stderr).toContain("{start|stop|status|restart|try-restart|reload|force-reload}");
    }
  });

  test("a daemon that does not become ready is a failure, and its error is shown", async () => {
    const space = workspace();
    space.write("worker.ts", 'throw new Error("not today");');
    const { code, stderr } = service(space, await scriptFor(space, "worker.ts"), "start");
    expect(code).toBe(1);
    expect(stderr).toContain("not today");
  });

  test("reloads the daemon without a gap, and says when it does not run or its code is broken", async () => {
    const space = workspace();
    const saying = (what: string) => space.write("worker.ts", `${idle} console.log("this is ${what}");`);
    saying("old");
    const script = await scriptFor(space, "worker.ts");
    const call = (action: string) => service(space, script, action);
    expect(call("reload").code).toBe(7);
    expect(call("start").code).toBe(0);
    const { pid } = await space.status("worker");
    const readyLines = () => space.read("worker.log").match(/ is ready: /g)?.length;

    for (const [action, what] of [
      ["reload", "new"],
      ["force-reload", "newer"],
    ] as const) {
      saying(what);
      expect(call(action).code).toBe(0);
      expect(space.read("worker.log")).toContain(`this is ${what}\n`);
    }
    expect(readyLines()).toBe(3);
    space.write("worker.ts", "const a = ;\n");
    const { code, stderr } = call("reload");
    expect(code).toBe(1);
    expect(stderr).toContain("the old code goes on");
    expect(await space.status("worker")).toMatchObject({ state: "running", pid, restarts: 0 });
    expect(readyLines()).toBe(3);
    expect(call("stop").code).toBe(0);
    expect(call("reload").code).toBe(7);
  });

  test("says that djob is gone", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    const text = readFileSync(await scriptFor(space, "worker.ts"), "utf8");
    const script = space.write(
      "init.d/gone",
      text.replace(/^djob=.*$/m, `djob=${dirname(djobPath)}/no-djob`),
    );
    expect(service(space, script, "start").code).toBe(5);
    expect(service(space, script, "status").code).toBe(4);
  });
});
