// Crontabs as modules, as a user of cron or supercronic would bring them.
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { isRoot } from "./account.ts";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const everySecond = "* * * * * * *";
const logOf = (space: Workspace, name = "crontab") => space.read(`${name}.log`);
const namesOf = async (space: Workspace, name = "crontab") =>
  (await space.status(name)).jobs.map((job) => job.name);

test("a crontab runs: its time, its variables, its shell, its input, and its output in the log", async () => {
  const space = workspace();
  space.write(
    "crontab",
    `# what cron has run here for years
MAILTO=admin@example.com
GREETING = "hello  there"
@reboot echo "at boot: $GREETING" > /dev/stderr
${everySecond} cat; echo "$SHELL $0 $DJOB_JOB" %one %two \\%
SHELL=/bin/bash
CRON_TZ=Asia/Tokyo
0 9 * * mon-fri echo "\${BASH_VERSION:+bash} at $(pwd)"
`,
  );
  await space.run(["crontab", "--env", "GREETING=overridden", "--chdir", "/usr"]);
  const log = () => logOf(space);
  await until("both have run", () => /at boot/.test(log()) && /\] \/bin\/sh \/bin\/sh cat/.test(log()));
  expect(log()).toMatch(/INFO {2}\[echo "at boot: \$GREETING" > \/dev\/stderr\] at boot: hello {2}there$/m);
  expect(log()).toMatch(/\] one $/m);
  expect(log()).toMatch(/\] two %$/m);
  expect(log()).toMatch(/\] \/bin\/sh \/bin\/sh cat; echo "\$SHELL \$0 \$DJOB_JOB"$/m);
  expect(log().match(/WARN .*djob sends no mail/g)).toHaveLength(1);
  const jobs = (await space.status("crontab")).jobs;
  expect(jobs.map(({ schedule, tz }) => [schedule, tz])).toEqual([
    ["@reboot", null],
    ["* * * * * *", null],
    ["0 9 * * mon-fri", "Asia/Tokyo"],
  ]);
  const last = jobs.at(-1)?.name ?? "";
  expect((await space.djob(["trigger", "crontab", last, "--wait"])).code).toBe(0);
  expect(log()).toContain("] bash at /usr\n");
});

test("check and simulate tell what it would do, and what it may not be meant to", async () => {
  const space = workspace();
  space.write("boot.cron", "@reboot three\n");
  expect((await space.djob(["check", "boot.cron"])).stdout).toMatch(/three +@reboot +once for each boot/);
  space.write("jobs.cron", "MAILFROM=x\n0 0 1 1 * * one\n*/5 4 * * * two\n");
  const check = await space.djob(["check", "jobs.cron", "--json", "--tz", "UTC"]);
  const document = JSON.parse(check.stdout);
  expect(
    document.jobs.map(({ name, schedule }: { name: string; schedule: string }) => [name, schedule]),
  ).toEqual([
    ["one", "0 0 1 1 *"],
    ["two", "*/5 4 * * *"],
  ]);
  expect(document.warnings).toEqual([
    expect.stringMatching(/jobs\.cron:1: djob sends no mail/),
    expect.stringMatching(/jobs\.cron:2: of six fields the last is a year/),
  ]);
  const shown = await space.djob(["check", "jobs.cron"]);
  expect(shown.stderr).toContain("warning: ");
  const period = ["--from", "2026-06-01T00:00", "--to", "2026-06-02T00:00", "--tz", "UTC"];
  const { stdout, code } = await space.djob(["simulate", "jobs.cron", ...period]);
  expect(code).toBe(0);
  expect(stdout.trim().split("\n")).toHaveLength(12);
  expect(space.has("jobs.pid")).toBe(false);
});

test.each([
  ["run", "start"],
  ["check", "load"],
])("djob %s tells every bad line at once, with a caret, and exits 9", async (command, what) => {
  const space = workspace();
  const path = space.write(
    "crontab",
    "0 25 * * * a\n0 0 * * * fine\n@fortnightly b\nCRON_TZ=Nowhere\n0 0 30 2 * c\n",
  );
  const { code, stderr } = await space.djob([command, "crontab"]);
  expect(code).toBe(9);
  expect(stderr).toStartWith(`djob: cannot ${what} crontab: 4 lines can't be used\n`);
  expect(stderr).toContain(`hour '25' is not within 0-23\n  at ${path}:1:3\n  1 | 0 25 * * * a\n    |   ^\n`);
  for (const place of [3, 4, 5]) expect(stderr).toContain(`at ${path}:${place}:`);
  expect(stderr).toContain("4 | CRON_TZ=Nowhere\n    |         ^\n");
  expect(space.has("crontab.pid")).toBe(false);
});

test("one bad line is told as any module's mistake, and an empty crontab as nothing to do", async () => {
  const space = workspace();
  const path = space.write("crontab", "# nothing but\n\t61 * * * * a\n");
  expect((await space.djob(["run", "crontab"])).stderr).toBe(
    `djob: cannot start crontab: minute '61' is not within 0-59\n  at ${path}:2:2\n  2 | \t61 * * * * a\n    | \t^\n`,
  );
  space.write("crontab", "# nothing\nFOO=bar\n");
  const { code, stderr } = await space.djob(["run", "crontab"]);
  expect({ code, stderr }).toEqual({
    code: 9,
    stderr: expect.stringContaining("the crontab has no line that runs a command"),
  });
});

describe("a reload", () => {
  test("reads it anew, and a broken one keeps the old", async () => {
    const space = workspace();
    space.write("crontab", "@yearly one\n");
    const pid = await space.run(["crontab"]);
    space.write("crontab", "@yearly one\n@yearly two\n");
    expect((await space.djob(["reload", "crontab"])).code).toBe(0);
    expect(await namesOf(space)).toEqual(["one", "two"]);
    space.write("crontab", "@yearly one\n@yaerly two\n");
    const { code, stderr } = await space.djob(["reload", "crontab"]);
    expect(code).toBe(9);
    expect(stderr).toContain("there is no nickname @yaerly");
    expect(await namesOf(space)).toEqual(["one", "two"]);
    space.write("crontab", "@yearly three\n");
    process.kill(pid, "SIGHUP");
    await until("the third is there", async () => (await namesOf(space)).includes("three"));
  });

  test("in place does the same", async () => {
    const space = workspace();
    space.write("crontab", "@yearly one\n");
    const pid = await space.run(["crontab", "--restart", "never"]);
    space.write("crontab", "@yearly two\n0 0 0 0 0 x\n");
    process.kill(pid, "SIGHUP");
    await until("it goes on", () => logOf(space).includes("not reloaded, going on with the old code"));
    expect(logOf(space)).toContain("day of month '0' is not within 1-31");
    expect(await namesOf(space)).toEqual(["one"]);
    space.write("crontab", "@yearly two\n");
    process.kill(pid, "SIGHUP");
    await until("the second is there", async () => (await namesOf(space)).includes("two"));
    expect((await space.status("crontab")).pid).toBe(pid);
  });
});

test("crontabs and TypeScript are one daemon: the hooks of one hear of the other's jobs", async () => {
  const space = workspace();
  space.write("a.crontab", `${everySecond} exit 3\n`);
  space.write("b.cron", "@yearly exit 3\n");
  space.write(
    "c.ts",
    `import { hooks } from "djob"; hooks({ onFailure: ({ job, error }) => console.log("heard of", job, error.message) });`,
  );
  await space.run(["a.crontab", "c.ts", "b.cron"]);
  await until("the hook is called", () => logOf(space, "a").includes("heard of exit 3 exit code 3"));
  expect(await namesOf(space, "a")).toEqual(["exit 3", "exit 3 (@yearly)"]);
});

test("a bad crontab is found before any module's code has run", async () => {
  const space = workspace();
  space.write(
    "a.ts",
    `require("node:fs").writeFileSync("${space.path("loaded")}", ""); setInterval(() => {}, 1000);`,
  );
  space.write("b.crontab", "bad\n");
  expect((await space.djob(["run", "a.ts", "b.crontab"])).code).toBe(9);
  expect(await Bun.file(space.path("loaded")).exists()).toBe(false);
});

describe("what is a crontab", () => {
  test("is said where a file without an ending is none", async () => {
    const space = workspace();
    space.write("jobs", "*/5 * * * * backup\n");
    const { code, stderr } = await space.djob(["run", "jobs"]);
    expect(code).toBe(9);
    expect(stderr).toContain(
      "hint: it is taken for TypeScript: a crontab is a file named crontab, *.crontab, *.cron or *.tab, or any with --system-crontab",
    );
    space.write("worker", 'import { job } from "djob"; job("a", "@yearly", () => {});');
    expect((await space.djob(["check", "worker"])).code).toBe(0);
  });

  test("can be none of the modules with --system-crontab", async () => {
    const space = workspace();
    space.write("worker.ts", "setInterval(() => {}, 1000);");
    const { code, stderr } = await space.djob(["run", "worker.ts", "--system-crontab"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("none of the modules is one"),
    });
  });
});

test("djob install writes the flag, and a unit that keeps nothing from the commands", async () => {
  const space = workspace();
  const path = space.write("jobs", `@daily ${isRoot ? "root" : process.env["USER"]} true\n`);
  const args = ["install", "--print", "--init", "systemd", "--system-crontab", "--name", "cron", path];
  const { code, stdout } = await space.djob(args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ExecStart=.* run --foreground --.*--system-crontab.* \/.*\/jobs$/m);
  expect(stdout).not.toContain("NoNewPrivileges");
  await space.run(["--system-crontab", "--name", "cron", path]);
  expect((await space.djob(["install", "--print", "--init", "systemd", "cron"])).stdout).toContain(
    "--system-crontab",
  );
});

// Root believes only what is root's alone.
if (isRoot) {
  describe("as root, a crontab is refused", () => {
    const spoil: ReadonlyArray<
      readonly [what: string, why: string, act: (path: string, space: Workspace) => void]
    > = [
      [
        "that its group may write to",
        "others than root may write to it (its mode is 664)",
        (path) => chmodSync(path, 0o664),
      ],
      [
        "that everybody may write to",
        "others than root may write to it (its mode is 646)",
        (path) => chmodSync(path, 0o646),
      ],
      ["of another user", "it belongs to user 1234", (path) => chownSync(path, 1234, 0)],
      ["with a second name", "it has a second name", (path, space) => linkSync(path, space.path("other"))],
      [
        "below a directory of another user",
        "it belongs to user 1234, who could swap what is in it",
        (path, space) => {
          mkdirSync(space.path("theirs"));
          renameSync(path, space.path("theirs/crontab"));
          symlinkSync(space.path("theirs/crontab"), path);
          chownSync(space.path("theirs"), 1234, 0);
        },
      ],
    ];
    test.each(spoil)("%s", async (_what, why, act) => {
      const space = workspace();
      const path = space.write("crontab", "@daily true\n");
      expect((await space.djob(["check", "crontab"])).code).toBe(0);
      act(path, space);
      const { code, stderr } = await space.djob(["run", "crontab"]);
      expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining(why) });
      expect(stderr).toContain("hint: ");
    });

    test("also at a reload, and the old goes on", async () => {
      const space = workspace();
      const path = space.write("crontab", "@daily true\n");
      await space.run(["crontab"]);
      chmodSync(path, 0o666);
      const { code, stderr } = await space.djob(["reload", "crontab"]);
      expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining("refusing the crontab") });
      expect(await namesOf(space)).toEqual(["true"]);
    });

    test("unless the directory that everybody may write to is read-only, as a container's mounted configuration is", async () => {
      const space = workspace();
      mkdirSync(space.path("mounted"));
      // Files as Kubernetes mounts those of a ConfigMap.
      const mount = `cd ${space.path("mounted")} && mount -t tmpfs none . && cd ../mounted && mkdir ..data && echo "@daily true" > ..data/crontab &&
        ln -s ..data/crontab crontab && chmod 777 . ..data`;
      const check = `${djobPath} check crontab`;
      const call = async (script: string) => {
        const child = Bun.spawn(["unshare", "--mount", "sh", "-c", script], {
          env: space.environment(),
          stderr: "pipe",
        });
        return { code: await child.exited, stderr: await child.stderr.text() };
      };
      const writable = await call(`${mount} && ${check}`);
      expect(writable).toEqual({ code: 9, stderr: expect.stringContaining("everybody may write to it") });
      expect((await call(`${mount} && mount -o remount,ro . && ${check}`)).code).toBe(0);
    });

    test("unless it is a link to a file of root's", async () => {
      const space = workspace();
      mkdirSync(space.path("..data"));
      space.write("..data/crontab", "@daily true\n");
      symlinkSync("..data/crontab", space.path("crontab"));
      expect((await space.djob(["check", "crontab"])).code).toBe(0);
    });
  });
}
