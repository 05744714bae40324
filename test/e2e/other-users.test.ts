// What another user of the machine has put in root's way: links to a crontab, links in a project. And what root reads of
// several users at once.
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { isRoot, openToOthers } from "./account.ts";
import { type Workspace, workspace } from "./harness.ts";

const nobody = 65_534;

/** A directory that belongs to another user. */
function theirs(space: Workspace, name: string): string {
  openToOthers(space);
  const path = space.path(name);
  mkdirSync(path);
  chownSync(path, nobody, nobody);
  return path;
}

if (isRoot) {
  test("root believes no crontab that it is led to by another user's link", async () => {
    const space = workspace();
    const crontab = space.write("real/crontab", "@daily root true\n");
    const check = async (path: string) => await space.djob(["check", "--system-crontab", path]);
    symlinkSync("real/crontab", space.path("own"));
    expect((await check("own")).code).toBe(0);
    symlinkSync(crontab, space.path("foreign"));
    lchownSync(space.path("foreign"), nobody, nobody);
    const foreign = await check("foreign");
    expect(foreign.code).toBe(9);
    expect(foreign.stderr).toContain(`refusing the crontab ${space.path("foreign")}: `);
    expect(foreign.stderr).toContain(`it belongs to user ${nobody}`);
    // A link of root's, by way of another user's directory, to a file of root's.
    symlinkSync(crontab, `${theirs(space, "between")}/crontab`);
    symlinkSync("between/crontab", space.path("by-way"));
    const between = await check("by-way");
    expect(between.code).toBe(9);
    expect(between.stderr).toContain(`${space.path("between")}: it belongs to user ${nobody}`);
  });

  test("djob types --install writes nothing as root into another user's project", async () => {
    const space = workspace();
    const target = space.path("target");
    mkdirSync(target, { mode: 0o755 });
    const project = theirs(space, "project");
    symlinkSync(target, `${project}/node_modules`);
    const { code, stderr } = await space.djob(["types", "--install"], { cwd: project });
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining("permission denied") });
    expect(readdirSync(target)).toEqual([]);
    const other = theirs(space, "other");
    expect((await space.djob(["types", "--install"], { cwd: other })).code).toBe(0);
    expect(statSync(`${other}/node_modules/djob/package.json`).uid).toBe(nobody);
  });

  describe("daemons of several users in one directory", () => {
    const asNobody = ["--user", String(nobody), "--group", String(nobody)];
    const started = async (mode: number) => {
      const space = workspace();
      openToOthers(space);
      mkdirSync(space.state);
      chmodSync(space.state, mode);
      chmodSync(
        space.write(
          "worker.ts",
          'import { job } from "djob";\njob("work", "every 1h", ({ log }) => log.info("done"));\n',
        ),
        0o644,
      );
      await space.run(["worker.ts", "--name", "roots"]);
      await space.run(["worker.ts", "--name", "theirs", ...asNobody]);
      return space;
    };

    test("djob logs --run reads the run histories of all that do not run", async () => {
      const space = await started(0o711);
      for (const name of ["theirs", "roots"]) {
        expect((await space.djob(["trigger", name, "work", "--wait"])).code).toBe(0);
        expect((await space.djob(["stop", name])).code).toBe(0);
      }
      const [run] = JSON.parse((await space.djob(["runs", "theirs", "--json"])).stdout) as { id: string }[];
      const { code, stdout } = await space.djob(["logs", "theirs", "roots", "--run", run?.id ?? ""]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^theirs \| .* \[work\] done$/m);
    });

    test("one that can't reach its run history works on without", async () => {
      const space = await started(0o700);
      const { history } = JSON.parse((await space.djob(["status", "theirs", "--json"])).stdout);
      expect(history).toMatchObject({ state: "memory", reason: expect.stringContaining("EACCES") });
    });
  });
}
