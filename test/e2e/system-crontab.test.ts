// djob in the place of cron: a system crontab with its user column, as process 1 of a container.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { type Account, djobAs, isRoot, makeAccount, openToOthers, removeAccount } from "./account.ts";
import { contained } from "./contained.ts";
import { environmentOf, procStatus, until, workspace } from "./harness.ts";
import { childrenOf, descriptorsOf, processTable } from "./proc.ts";

const everySecond = "* * * * * * *";

test("a user that there is not is told with its place", async () => {
  const space = workspace();
  const path = space.write("system", "@daily nobody-here true\n@daily /usr/bin/true\n");
  const { code, stderr } = await space.djob(["check", "system", "--system-crontab"]);
  expect(code).toBe(9);
  expect(stderr).toContain(`there is no user "nobody-here" on this machine\n  at ${path}:1:8\n`);
  expect(stderr).toContain(`@daily needs a user and a command\n  at ${path}:2:7\n`);
});

// Nobody else can become another user.
if (isRoot) {
  let account: Account;
  beforeAll(() => {
    account = makeAccount();
  });
  afterAll(() => removeAccount(account));

  describe("as process 1", () => {
    test("each line runs as its user, with cron's variables and what the container has", async () => {
      const space = workspace();
      const { name, uid, gid, extraGroup } = account;
      space.write(
        "crontab",
        `SHELL=/bin/sh
LOGNAME=pretender
@reboot ${name} echo "at boot in $(pwd)" > /dev/stderr; exec sleep 1000
HOME=/usr
${everySecond} ${name} test -t 0 || cat; id -un; pwd%from the line
17 * * * * root true
`,
      );
      const running = contained(space, "--system-crontab", "crontab", "--env", "FROM_CONTAINER=yes");
      const { shown, pid, end } = running;
      await until("both have run, to their ends", () =>
        ["at boot in /\n", "] from the line\n", `] ${name}\n`, "] /usr\n"].every((text) =>
          shown.out.includes(text),
        ),
      );
      const homeless = `the home /home/${name} of ${name} is not there: its commands run in /`;
      await until("its missing home is told", () => shown.err.includes(homeless));
      const first = await pid();
      const sleeper = await until("it sleeps", () =>
        descendantsOf(first).find((each) => procStatus(each).get("Name") === "sleep"),
      );
      const status = procStatus(sleeper);
      expect([status.get("Uid"), status.get("Gid")]).toEqual([
        Array(4).fill(uid).join("\t"),
        Array(4).fill(gid).join("\t"),
      ]);
      expect(
        status
          .get("Groups")
          ?.split(" ")
          .filter(Boolean)
          .map(Number)
          .toSorted((a, b) => a - b),
      ).toEqual([gid, extraGroup.gid].toSorted((a, b) => a - b));
      expect(environmentOf(sleeper)).toMatchObject({
        HOME: `/home/${name}`,
        LOGNAME: name,
        USER: name,
        SHELL: "/bin/sh",
        FROM_CONTAINER: "yes",
      });
      expect(Object.keys(descriptorsOf(sleeper))).toEqual(["0", "1", "2"]);
      process.kill(first, "SIGTERM");
      expect(await end()).toBe(0);
      expect(shown.out).toContain("stopping (SIGTERM)");
    });

    test("a HUP reads it anew", async () => {
      const space = workspace();
      const path = space.write("crontab", "@yearly root true\n");
      const { shown, pid, end } = contained(space, "--system-crontab", "crontab");
      await until("it is ready", () => shown.out.includes("is ready"));
      writeFileSync(path, `${everySecond} root echo again\n`);
      process.kill(await pid(), "SIGHUP");
      await until("the new line runs", () => shown.out.includes("] again\n"));
      process.kill(await pid(), "SIGTERM");
      expect(await end()).toBe(0);
    });
  });

  test("another user's daemon runs its own lines, and refuses those of others", async () => {
    const space = workspace();
    openToOthers(space);
    await Bun.$`mkdir -p ${space.state} && chown ${account.uid}:${account.gid} ${space.state}`;
    space.write("crontab", `@daily ${account.name} true\n`);
    const args = ["check", "--system-crontab", "crontab"];
    expect((await djobAs(account, space, args)).code).toBe(0);
    space.write("crontab", `@daily ${account.name} true\n@daily root true\n`);
    const { code, stderr } = await djobAs(account, space, args);
    expect(code).toBe(9);
    expect(stderr).toContain("can't run a command as root: only root may become another user");
    expect(stderr).toContain("crontab:2:8");
  });

  test("Debian's own crontab and those of its packages are read", async () => {
    const space = workspace();
    space.write(
      "debian",
      `# /etc/crontab: system-wide crontab
SHELL=/bin/sh
# You can also override PATH, but by default, newer versions inherit it from the environment
#PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin
# m h dom mon dow user	command
17 *	* * *	root	cd / && run-parts --report /etc/cron.hourly
25 6	* * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6	* * 7	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6	1 * *	root	test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
09,39 *     * * *     root   [ -x /usr/lib/php/sessionclean ] && if [ ! -d /run/systemd/system ]; then /usr/lib/php/sessionclean; fi
30 3 * * 0 root test -e /run/systemd/system || SERVICE_MODE=1 /usr/lib/x86_64-linux-gnu/e2fsprogs/e2scrub_all_cron
`,
    );
    const { code, stdout } = await space.djob(["check", "--system-crontab", "debian", "--json"]);
    expect(code).toBe(0);
    const { jobs, warnings } = JSON.parse(stdout);
    expect(warnings).toEqual([]);
    expect(jobs.map(({ schedule }: { schedule: string }) => schedule)).toEqual([
      "17 * * * *",
      "25 6 * * *",
      "47 6 * * 7",
      "52 6 1 * *",
      "09,39 * * * *",
      "30 3 * * 0",
    ]);
  });
}

function descendantsOf(pid: number): number[] {
  const all = [pid];
  for (const each of all) all.push(...childrenOf(each));
  return all.filter((each) => processTable().some((row) => row.pid === each));
}
