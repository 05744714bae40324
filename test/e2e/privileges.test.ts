// A daemon that root starts and that becomes another user: read back from /proc, from its files, and by its modules.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
} from "node:fs";
import { type Account, djobAs, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { environmentOf, procStatus, until, type Workspace, workspace } from "./harness.ts";

/** Says who it is, as the module sees it, and stays. */
const reporter = `
  const { HOME, USER, LOGNAME, SHELL, XDG_RUNTIME_DIR = null, DJOB_ATTRIBUTES = null } = process.env;
  const variables = { HOME, USER, LOGNAME, SHELL, XDG_RUNTIME_DIR, DJOB_ATTRIBUTES };
  console.log("report " + JSON.stringify({ pid: process.pid, variables, cwd: process.cwd() }));
  setInterval(() => console.log("tick"), 20);`;

interface Report {
  readonly pid: number;
  readonly variables: Readonly<Record<string, string | null>>;
  readonly cwd: string;
}

/** What the module of a running daemon has said of itself. */
function reportIn(log: string): Report {
  const text = [...log.matchAll(/report (\{.*\})$/gm)].at(-1)?.[1];
  expect(text).toBeString();
  return JSON.parse(text ?? "");
}

function reportOf(space: Workspace): Report {
  return reportIn(space.read("worker.log"));
}

function ownerOf(path: string): { uid: number; gid: number } {
  const { uid, gid } = statSync(path);
  return { uid, gid };
}

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
    space.write("worker.ts", reporter);
    return space;
  };

  describe("--user", () => {
    test("changes user, group and all groups in every thread, for good", async () => {
      const space = prepared();
      await space.run(["worker.ts", "--user", account.name]);
      const { pid } = reportOf(space);
      const { uid, gid, extraGroup } = account;
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
        expect(status).toMatch(new RegExp(`^Uid:(\\t${uid}){4}$`, "m"));
        expect(status).toMatch(new RegExp(`^Gid:(\\t${gid}){4}$`, "m"));
        expect(status).toMatch(/^CapEff:\t0+$/m);
        expect(status).toMatch(/^CapPrm:\t0+$/m);
      }
      const groups = procStatus(pid).get("Groups")?.split(" ").map(Number);
      expect(groups?.sort()).toEqual([gid, extraGroup.gid].sort());
      // The files of a process that is not dumpable are root's.
      for (const file of ["environ", "comm", "io"])
        expect(ownerOf(`/proc/${pid}/${file}`)).toEqual({ uid, gid });
    });

    test("with a group, by numbers, or by --group", async () => {
      const { name, uid, extraGroup } = account;
      for (const flags of [
        ["--user", `${name}:${extraGroup.name}`],
        ["--user", `${uid}:${extraGroup.gid}`],
        ["--user", String(uid), "--group", extraGroup.name],
      ]) {
        const space = prepared();
        await space.run(["worker.ts", ...flags]);
        const status = procStatus(reportOf(space).pid);
        expect(status.get("Uid")).toBe(Array(4).fill(uid).join("\t"));
        expect(status.get("Gid")).toBe(Array(4).fill(extraGroup.gid).join("\t"));
        expect(status.get("Groups")).toBe(String(extraGroup.gid));
      }
    });

    test("by a number that has no account", async () => {
      const space = prepared();
      await space.run(["worker.ts", "--user", "64123:64124"]);
      const { pid, variables } = reportOf(space);
      expect(procStatus(pid).get("Uid")).toBe(Array(4).fill(64_123).join("\t"));
      expect(procStatus(pid).get("Groups")).toBe("64124");
      expect(variables).toMatchObject({ HOME: "/", USER: "64123", LOGNAME: "64123", SHELL: "/bin/sh" });
    });

    test("sets HOME, USER, LOGNAME and SHELL, unless --env says otherwise, and takes root's own away", async () => {
      const space = prepared();
      const env = {
        HOME: "/root",
        USER: "root",
        XDG_RUNTIME_DIR: "/run/user/0",
        DJOB_ATTRIBUTES: '{"nice":5}',
      };
      await space.run(["worker.ts", "--user", account.name, "--env", "SHELL=/bin/true"], { env });
      const { pid, variables } = reportOf(space);
      const { name } = account;
      const own = { HOME: `/home/${name}`, USER: name, LOGNAME: name, SHELL: "/bin/true" };
      expect(variables).toEqual({ ...own, XDG_RUNTIME_DIR: null, DJOB_ATTRIBUTES: null });
      expect(environmentOf(pid)).toMatchObject(own);
    });

    test("outlives a reload", async () => {
      const space = prepared();
      const pid = await space.run(["worker.ts", "--user", account.name]);
      space.write("worker.ts", `console.log("reloaded");${reporter}`);
      process.kill(pid, "SIGHUP");
      await until("the new code is there", () => /reloaded.*report/s.test(space.read("worker.log")));
      expect(procStatus(reportOf(space).pid).get("Uid")).toBe(Array(4).fill(account.uid).join("\t"));
    });

    test("in the foreground", async () => {
      const space = prepared();
      const child = space.start([
        "run",
        "--foreground",
        "worker.ts",
        "--user",
        account.name,
        "--log",
        "state/f.log",
      ]);
      await until("it is ready", () => space.read("f.log").includes("is ready"));
      const { pid, cwd } = reportIn(space.read("f.log"));
      expect(procStatus(pid).get("Uid")).toBe(Array(4).fill(account.uid).join("\t"));
      expect(cwd).toBe(space.dir);
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    });

    test("may not enter a working directory that is root's alone: exit 9, and nothing is left", async () => {
      const space = prepared();
      mkdirSync(space.path("private"), { mode: 0o700 });
      const flags = ["--user", account.name, "--chdir", "private"];
      const { code, stderr } = await space.djob(["run", "worker.ts", ...flags]);
      expect(code).toBe(9);
      expect(stderr).toContain(
        `cannot use the working directory ${space.path("private")}: permission denied`,
      );
      expect(space.files()).toEqual(["worker.log"]);
    });
  });

  test("--group alone leaves root its user, and takes all its other groups", async () => {
    const space = prepared();
    await space.run(["worker.ts", "--group", account.extraGroup.name]);
    const status = procStatus(reportOf(space).pid);
    expect(status.get("Uid")).toBe("0\t0\t0\t0");
    expect(status.get("Gid")).toBe(Array(4).fill(account.extraGroup.gid).join("\t"));
    expect(status.get("Groups")).toBe(String(account.extraGroup.gid));
  });

  describe("the log of a daemon that is another user", () => {
    test("belongs to that user, and so does --log-err; a later start takes them as they are", async () => {
      const space = prepared();
      mkdirSync(space.path("logs"), { mode: 0o755 });
      const flags = ["--user", account.name, "--log", "logs/out", "--log-err", "logs/err"];
      const { uid, gid } = account;
      for (const _start of [1, 2]) {
        await space.run(["worker.ts", ...flags]);
        for (const path of ["logs/out", "logs/err"]) expect(ownerOf(space.path(path))).toEqual({ uid, gid });
        expect(statSync(space.path("logs/out")).mode & 0o777).toBe(0o640);
        expect((await space.djob(["stop", "worker"])).code).toBe(0);
      }
    });

    test("is refused when the daemon is to be somebody else", async () => {
      const space = prepared();
      await space.run(["worker.ts", "--user", account.name]);
      await space.djob(["stop", "worker"]);
      for (const flags of [[], ["--user", "64123:64123"]]) {
        const { code, stderr } = await space.djob(["run", "worker.ts", ...flags]);
        expect(code).toBe(4);
        expect(stderr).toContain(`worker.log: it belongs to user ${account.uid}`);
      }
    });

    test("is reopened after a rotation that has made a new one for that user, as logrotate's create does", async () => {
      const space = prepared();
      mkdirSync(space.path("logs"), { mode: 0o755 });
      const pid = await space.run(["worker.ts", "--user", account.name, "--log", "logs/out"]);
      renameSync(space.path("logs/out"), space.path("logs/out.1"));
      closeSync(openSync(space.path("logs/out"), "wx", 0o640));
      chownSync(space.path("logs/out"), account.uid, account.gid);
      process.kill(pid, "SIGUSR1");
      await until("it writes to the new log", () => statSync(space.path("logs/out")).size > 0);
      expect(readFileSync(space.path("logs/out.1"), "utf8")).not.toContain("writing on to the old log");
    });

    test("can be reached in a directory that djob makes for it, which others can't list", async () => {
      const space = workspace();
      await space.djob(["run", space.write("worker.ts", reporter), "--user", account.name]);
      expect(statSync(space.state).mode & 0o777).toBe(0o711);
    });
  });

  describe("--chroot", () => {
    const jailed = () => {
      const space = prepared();
      space.write("jail/app/helper.ts", "export const helped: string = 'helped';");
      space.write(
        "jail/app/worker.ts",
        `import { helped } from "./helper.ts"; console.log(helped); ${reporter}`,
      );
      return space;
    };

    test("makes another root directory, with modules and --chdir inside", async () => {
      const space = jailed();
      const flags = ["--chroot", "jail", "--chdir", "/app", "--user", account.name];
      await space.run(["/app/worker.ts", ...flags]);
      const { pid, cwd } = reportOf(space);
      expect(readlinkSync(`/proc/${pid}/root`)).toBe(space.path("jail"));
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(space.path("jail/app"));
      expect(cwd).toBe("/app");
      expect(procStatus(pid).get("Uid")).toBe(Array(4).fill(account.uid).join("\t"));
      expect(space.read("worker.log")).toContain("INFO  helped\n");
      // A directory that is open would lead out.
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => statSync(`/proc/${pid}/fd/${fd}`));
      expect(open.filter((stats) => stats.isDirectory())).toEqual([]);
    });

    test("starts in its /, also in the foreground", async () => {
      const space = jailed();
      const flags = ["--foreground", "--chroot", "jail", "--log", "state/worker.log"];
      const child = space.start(["run", "app/worker.ts", ...flags]);
      await until("it is ready", () => space.read("worker.log").includes("is ready"));
      expect(reportOf(space).cwd).toBe("/");
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    });

    test("a module that is only outside is not found: exit 9", async () => {
      const space = jailed();
      const { code, stderr } = await space.djob(["run", space.path("worker.ts"), "--chroot", "jail"]);
      expect(code).toBe(9);
      expect(stderr).toContain("there is no such file");
    });

    test("a working directory that is only outside is a usage error: exit 2", async () => {
      const space = jailed();
      const flags = ["--chroot", "jail", "--chdir", space.path("jail/app")];
      const { code, stderr } = await space.djob(["run", "/app/worker.ts", ...flags]);
      expect(code).toBe(2);
      expect(stderr).toContain("is not a directory");
    });

    test("a root directory of the daemon's own user is refused: exit 4", async () => {
      const space = jailed();
      chownSync(space.path("jail"), account.uid, account.gid);
      const flags = ["--chroot", "jail", "--user", account.name];
      const { code, stderr } = await space.djob(["run", "/app/worker.ts", ...flags]);
      expect(code).toBe(4);
      expect(stderr).toContain(`it belongs to user ${account.uid}`);
    });
  });

  test("who is not root gets exit 4, and nothing is made", async () => {
    const space = prepared();
    for (const flags of [["--user", "root"], ["--chroot", "/"], ["--nice", "5"], ["--no-new-privs"]]) {
      const { code, stdout, stderr } = await djobAs(account, space, ["run", "worker.ts", ...flags]);
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      expect(stderr).toContain("only root may use --user, ");
    }
    expect(existsSync(space.state)).toBe(false);
  });
} else {
  test("who is not root gets exit 4, and nothing is made", async () => {
    const space = workspace();
    space.write("worker.ts", reporter);
    const { code, stderr } = await space.djob(["run", "worker.ts", "--user", "root"]);
    expect(code).toBe(4);
    expect(stderr).toContain("only root may use --user, ");
    expect(space.has("worker.log")).toBe(false);
  });
}
