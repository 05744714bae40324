// Commands that are another user than their daemon: read back from /proc.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Account, djobAs, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { environmentOf, procStatus, until, type Workspace, workspace } from "./harness.ts";
import { descriptorsOf, processStat } from "./proc.ts";

/** The number that a job's line in the log ends with. */
const pidIn = (space: Workspace, job: string) =>
  until(
    `${job} has told its pid`,
    () => new RegExp(`\\[${job}\\] (\\d+)$`, "m").exec(space.read("worker.log"))?.[1],
  );

const refused = async (space: Workspace, user: string) => {
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("a", { every: "1h", sh: "true", user: "${user}" });`,
  );
  return await space.djob(["run", "worker.ts"]);
};

test("an unknown user is a mistake of the module's, with its place", async () => {
  const { code, stderr } = await refused(workspace(), "nobody-here");
  expect(code).toBe(9);
  expect(stderr).toContain('cannot declare the job "a": there is no user "nobody-here" on this machine');
  expect(stderr).toMatch(/at \/.*\/worker\.ts:1:29/);
});

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  describe("as root, a command with a user", () => {
    test("is that user with all its groups, for good, and has nothing of djob's", async () => {
      const space = workspace();
      const { name, uid, gid, extraGroup } = account;
      space.write(
        "worker.ts",
        `import { job } from "djob";
        const sh = 'echo $$; echo "home is $HOME" > /dev/stderr; cat /dev/stdin; exec sleep 1000';
        job("named", { always: true, sh, stdin: "some input\\n", user: "${name}", env: { EXTRA: "more", SSH_AUTH_SOCK: "/own" } });
        job("grouped", { always: true, sh, user: "${name}:${extraGroup.name}", maxCpu: "1m", cwd: "/tmp" });
        job("number", { always: true, sh, user: "54321:12345" });
        job("same", { always: true, sh, user: "root" });`,
      );
      const session = ["XDG_RUNTIME_DIR=/run/user/0", "SUDO_USER=me", "SSH_AUTH_SOCK=/root/key", "SSH_TTY=x"];
      await space.run(["worker.ts", ...session.flatMap((variable) => ["--env", variable])]);
      const idsOf = (pid: number) => {
        const status = procStatus(pid);
        const groups = (status.get("Groups") ?? "").split(" ").filter(Boolean).map(Number);
        return { uid: status.get("Uid"), gid: status.get("Gid"), groups: groups.toSorted((a, b) => a - b) };
      };
      const four = (id: number) => Array(4).fill(id).join("\t");
      const named = Number(await pidIn(space, "named"));
      const sorted = (...ids: number[]) => [...new Set(ids)].toSorted((a, b) => a - b);
      await until("it is its program", () => procStatus(named).get("Name") === "sleep");
      expect(idsOf(named)).toEqual({ uid: four(uid), gid: four(gid), groups: sorted(gid, extraGroup.gid) });
      expect(procStatus(named).get("CapPrm")).toBe("0000000000000000");
      expect(environmentOf(named)).toMatchObject({
        HOME: `/home/${name}`,
        USER: name,
        LOGNAME: name,
        SHELL: "/bin/sh",
        EXTRA: "more",
        SSH_AUTH_SOCK: "/own",
        DJOB_JOB: "named",
      });
      expect(Object.keys(environmentOf(named))).not.toContainAnyValues([
        ...["XDG_RUNTIME_DIR", "SUDO_USER", "SSH_TTY", "DJOB_STAGE"],
      ]);
      expect(Object.keys(descriptorsOf(named))).toEqual(["0", "1", "2"]);
      expect(processStat(named)).toMatchObject({ group: named, session: named, terminal: 0 });
      const grouped = Number(await pidIn(space, "grouped"));
      expect(idsOf(grouped)).toEqual({
        uid: four(uid),
        gid: four(extraGroup.gid),
        groups: sorted(extraGroup.gid),
      });
      const number = Number(await pidIn(space, "number"));
      expect(idsOf(number)).toEqual({ uid: four(54321), gid: four(12345), groups: [12345] });
      const same = Number(await pidIn(space, "same"));
      expect(idsOf(same)).toMatchObject({ uid: four(0), gid: four(0) });
      for (const line of [`[named] home is /home/${name}`, "[named] some input", "[number] home is /"])
        await until(`the log has ${line}`, () => space.read("worker.log").includes(line));
    });

    test("can't read what is root's, and fails clearly where it may not be, or may not run its program", async () => {
      const space = workspace();
      openToOthers(space);
      const { name } = account;
      space.write("private/file", "");
      await Bun.$`chmod 700 ${space.path("private")}`;
      space.write(
        "worker.ts",
        `import { job } from "djob";
        const jobs = { reads: { sh: "cat /etc/shadow" }, place: { sh: "true", cwd: "${space.path("private")}" },
          program: { command: ["${space.path("private/file")}"] }, missing: { command: ["no-such-program"] } };
        for (const [name, work] of Object.entries(jobs)) job(name, { cron: "@yearly", user: "${name}", ...work });`,
      );
      await space.run(["worker.ts"]);
      const outcome = async (job: string) => (await space.djob(["trigger", "worker", job, "--wait"])).stderr;
      const failures = await Promise.all(["reads", "place", "program", "missing"].map(outcome));
      expect(failures[0]).toContain("exit code 1");
      expect(space.read("worker.log")).toMatch(/\[reads\] cat: \/etc\/shadow: Permission denied/);
      expect(failures[1]).toContain(`it may not enter the directory ${space.path("private")}`);
      expect(failures[2]).toContain("it is not executable");
      expect(failures[3]).toContain("cannot run no-such-program: there is no such program");
    });

    test("is ended with its group by a timeout", async () => {
      const space = workspace();
      space.write(
        "worker.ts",
        `import { job } from "djob";
        job("slow", { cron: "@yearly", sh: "sleep 1000 & sleep 1000", timeout: "200ms", user: "${account.name}" });`,
      );
      await space.run(["worker.ts"]);
      const { stderr, code } = await space.djob(["trigger", "worker", "slow", "--wait"]);
      expect({ code, timedOut: /timed.out|timeout/.test(stderr) }).toEqual({ code: 1, timedOut: true });
      await until("nothing of it is left", () =>
        space.processes().every((pid) => procStatus(pid).get("Name") === "djob"),
      );
    });
  });

  describe("as another user, a command", () => {
    test("may be the same user, and nobody else", async () => {
      const space = workspace();
      openToOthers(space);
      await Bun.$`mkdir -p ${space.state} && chown ${account.uid}:${account.gid} ${space.state}`;
      const check = (user: string) => {
        space.write(
          "worker.ts",
          `import { job } from "djob"; job("a", { every: "1h", sh: "true", user: "${user}" });`,
        );
        return djobAs(account, space, ["check", "worker.ts"]);
      };
      expect((await check(account.name)).code).toBe(0);
      const { code, stderr } = await check("root");
      expect(code).toBe(9);
      expect(stderr).toContain(
        `a daemon of the user ${account.name} can't run a command as root: only root may become another user`,
      );
    });
  });
}
