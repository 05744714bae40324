// The script of djob install for SysV init, as service(8) calls it: its actions with the LSB's exit codes.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { djobPath, type Result, type Workspace, workspace } from "./harness.ts";

const idle = 'import { job } from "djob"; job("hourly", "0 * * * *", () => {});';

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
