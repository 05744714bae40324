// Processes that a user's daemon has started and that have become another user, as sudo does: nobody but root can signal them.
import { expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { djobAs, isRoot, openToOthers } from "./account.ts";
import { isAlive, procStatus, until, type Workspace, workspace } from "./harness.ts";
import { program } from "./programs.ts";

const nobody = { uid: 65_534, gid: 65_534 };

/** A user's directory, and a program that becomes root when that user calls it. */
function prepared(): { space: Workspace; path: string; roots(): number[] } {
  const space = workspace();
  openToOthers(space);
  mkdirSync(space.state);
  chownSync(space.state, nobody.uid, nobody.gid);
  const path = program(space, "become-root");
  chmodSync(path, 0o4755);
  const roots = () =>
    space.processes().filter((pid) => isAlive(pid) && procStatus(pid).get("Name") === "become-root");
  return { space, path, roots };
}

function end(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

if (isRoot) {
  test("a start that fails tells its module's own error, although one of them can't be ended", async () => {
    const { space, path, roots } = prepared();
    space.write(
      "worker.ts",
      `const child = Bun.spawn([${JSON.stringify(path)}]);
      const { readFileSync } = await import("node:fs");
      while (!readFileSync("/proc/" + child.pid + "/status", "utf8").includes("Uid:\\t0\\t0\\t0")) await Bun.sleep(1);
      throw new Error("no database");`,
    );
    const { code, stderr } = await djobAs(nobody, space, ["run", "worker.ts"]);
    const left = roots();
    end(left);
    expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining("no database") });
    expect(left.length).toBe(1);
    await until("it is gone", () => space.processes().length === 0);
  });

  test("a supervisor that may not signal its program says so, and stops when that has ended", async () => {
    const { space, path, roots } = prepared();
    const run = ["run", "--name", "root", "--stop-timeout", "100ms", "--", path];
    expect(await djobAs(nobody, space, run)).toMatchObject({ code: 0 });
    const [pid = 0] = await until("it is root", () => roots().length === 1 && roots());
    await until("altogether", () => procStatus(pid).get("Uid")?.startsWith("0\t0"));
    const stopping = djobAs(nobody, space, ["stop", "root"]);
    await until("it is told", () => space.read("root.log").includes(`cannot send SIGKILL to pid ${pid}`));
    end([pid]);
    const { code, stdout } = await stopping;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("root stopped") });
  });
}
