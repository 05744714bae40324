// From lines to jobs: names that stay, options as job() takes them, and which files are crontabs at all.
import { describe, expect, test } from "bun:test";
import { AccountError, type CommandUser } from "../../../../src/runtime/command/account.ts";
import { describeFailure } from "../../../../src/runtime/failure.ts";
import { declareCrontab } from "../../../../src/runtime/loading/crontab/declare.ts";
import { isCrontab } from "../../../../src/runtime/loading/crontab/kind.ts";
import { failureOfProblems, readCrontab } from "../../../../src/runtime/loading/crontab/source.ts";
import { Registry } from "../../../../src/runtime/registry.ts";
import { planText, planTimeZone } from "../../../../src/schedule/plan.ts";

const findUser = (name: string): CommandUser => {
  if (name === "nobody-here") throw new AccountError(`there is no user ${name}`, "give another");
  return {
    uid: 7,
    gid: 7,
    name,
    home: name === "homeless" ? "/no/such/home" : "/usr",
    shell: "/bin/zsh",
    isOther: true,
  };
};

function declare(text: string | Uint8Array, isSystem = false, registry = new Registry("here", findUser)) {
  const read = () => (typeof text === "string" ? Buffer.from(text) : text);
  const source = readCrontab("/srv/crontab", { isSystem, read });
  const declared = declareCrontab(source, registry);
  const problems = [...source.problems, ...declared.problems];
  return { jobs: registry.jobs, problems, warnings: [...source.warnings, ...declared.warnings] };
}

const namesOf = (text: string) => declare(text).jobs.map(({ name }) => name);

describe("a job's name", () => {
  test("is its command, on one line, without what it reads, and without the log's brackets", () => {
    expect(namesOf("0 0 * * * \tbackup  --full\t/srv%input\n@daily [ -x a ] && b")).toEqual([
      "backup --full /srv",
      "( -x a ) && b",
    ]);
  });

  test("is cut with a hash of the whole, so that other lines do not change it", () => {
    const long = `/usr/local/bin/run ${"x".repeat(80)}`;
    const [first, second] = namesOf(`@daily ${long} one\n@daily ${long} two`);
    expect(first).toMatch(/^\/usr\/local\/bin\/run x{41}… [0-9a-f]{8}$/);
    expect(second).not.toBe(first);
    expect(namesOf(`@hourly other\n\n5 5 * * * ${long} two`)).toContain(second ?? "");
  });

  test("has its time added for the second line of the same command, then a number", () => {
    const time = "0 9 * * 1-5";
    expect(namesOf(`@daily a\n${time} a\n${time} a\n${time} a`)).toEqual([
      "a",
      `a (${time})`,
      `a (${time}) #2`,
      `a (${time}) #3`,
    ]);
  });

  test("differs by the user, too, and from that of other modules' jobs", () => {
    const registry = new Registry("here", findUser);
    registry.add("a", "every 1h", () => {});
    const { jobs } = declare("@daily www a\n@daily mail a", true, registry);
    expect(jobs.map(({ name }) => name)).toEqual(["a", "a (@daily)", "a (@daily, mail)"]);
  });

  test("is never too long, and splits no character", () => {
    const times = Array.from({ length: 60 }, (_, minute) => minute).join(",");
    const command = `x${"𝄞".repeat(60)}`;
    const names = namesOf(`@daily ${command}\n${times} * * * * ${command}\n${times} * * * * ${command}`);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name.isWellFormed()).toBe(true);
  });
});

test.each(["CRON_TZ=Nowhere", "RANDOM_DELAY=soon", "= nothing"])(
  "the lines after a bad variable are not blamed for %p",
  (variable) => {
    const { problems, jobs } = declare(`CRON_TZ=Asia/Tokyo\n${variable}\n@daily a\n@daily b\n`);
    expect(problems.map(({ line }) => line)).toEqual([2]);
    expect(jobs.map(({ plan }) => planTimeZone(plan))).toEqual(["Asia/Tokyo", "Asia/Tokyo"]);
  },
);

describe("a line's job", () => {
  test("runs SHELL -c in the daemon's directory, with the variables of the lines before it", () => {
    const { jobs } = declare("FOO=bar\nUSER=me\nCRON_TZ=Asia/Tokyo\nRANDOM_DELAY=5\n@daily date +\\%F%in\n");
    const [{ plan, work }] = jobs as [(typeof jobs)[0]];
    expect(work).toMatchObject({
      type: "command",
      argv: ["/bin/sh", "-c", "date +%F"],
      env: { FOO: "bar", USER: "me", CRON_TZ: "Asia/Tokyo", RANDOM_DELAY: "5", SHELL: "/bin/sh" },
      cwd: null,
      stdin: "in\n",
      user: null,
    });
    expect([planText(plan), planTimeZone(plan), plan.jitterMs]).toEqual(["@daily", "Asia/Tokyo", 300_000]);
  });

  test("runs in HOME where the file sets it, by the shell that it sets", () => {
    const [job] = declare("HOME=/tmp\nSHELL=/bin/bash\n@reboot x").jobs;
    expect(job?.work).toMatchObject({
      argv: ["/bin/bash", "-c", "x"],
      cwd: "/tmp",
      env: { SHELL: "/bin/bash" },
    });
    expect(job && planText(job.plan)).toBe("@reboot");
  });

  test("of a system crontab is its user, in that user's home, whoever the file says it is", () => {
    const { jobs, problems } = declare("LOGNAME=x\nUSER=y\nHOME=/tmp\n@daily www a\n", true);
    expect(problems).toEqual([]);
    expect(jobs[0]?.work).toMatchObject({
      cwd: "/tmp",
      env: { HOME: "/tmp", SHELL: "/bin/sh" },
      user: { uid: 7, name: "www" },
    });
    expect(jobs[0]?.work).not.toHaveProperty("env.LOGNAME");
    expect(declare("@daily root a\n", true).jobs[0]?.work).toMatchObject({ cwd: "/usr" });
  });

  test("of a user without a home runs in /, with a warning", () => {
    const { warnings, jobs } = declare("@daily homeless a\n", true);
    expect(jobs[0]?.work).toMatchObject({ cwd: "/" });
    expect(warnings).toEqual([
      "/srv/crontab:1: the home /no/such/home of homeless is not there: its commands run in /",
    ]);
  });
});

test("unknown users and times that never come are told with all the rest, and a caret each", () => {
  const text = "0 0 30 2 * root a\n@daily nobody-here b\n61 * * * * root c\n";
  const { problems } = declare(text, true);
  const sorted = problems.toSorted((one, other) => one.line - other.line);
  const path = "/srv/crontab";
  expect(describeFailure(failureOfProblems(sorted.map((each) => ({ ...each, path }))))).toBe(
    `3 lines can't be used
cannot use the cron expression "0 0 30 2 *": it never comes, no month in it has such a day
  at /srv/crontab:1:1
  1 | 0 0 30 2 * root a
    | ^
hint: check the day of month (third field) against the month (fourth field)
there is no user nobody-here
  at /srv/crontab:2:8
  2 | @daily nobody-here b
    |        ^
hint: give another
minute '61' is not within 0-59
  at /srv/crontab:3:1
  3 | 61 * * * * root c
    | ^`,
  );
});

test("of very many mistakes the first twenty are shown, and nothing that a terminal would obey", () => {
  const { problems } = declare(`${"bad \u001b[2J line\n".repeat(50)}`);
  const text = describeFailure(failureOfProblems(problems.map((each) => ({ ...each, path: "/c" }))));
  expect(text.match(/at \/c:\d+:1/g)).toHaveLength(20);
  expect(text).toContain("the first 20 are shown, and 30 more are wrong");
  expect(text).not.toContain("\u001b");
});

test("a comment may be in any encoding, what is run may not", () => {
  const text = Buffer.from("# t\xe4glich\n@daily gr\xf6\xdfe\n@daily fine\n", "latin1");
  const { jobs, problems } = declare(text);
  expect(jobs.map(({ name }) => name)).toEqual(["fine"]);
  expect(problems).toMatchObject([{ line: 2, message: "the line is not UTF-8" }]);
});

test.each<[path: string, isSystem: boolean, expected: boolean]>([
  ["/srv/crontab", false, true],
  ["/etc/crontab", false, true],
  ["/srv/app.crontab", false, true],
  ["/srv/app.cron", false, true],
  ["/srv/root.tab", false, true],
  ["/etc/cron.d/php", false, true],
  ["/etc/cron.d/e2scrub_all", false, true],
  ["/var/spool/cron/crontabs/www-data", false, true],
  ["/srv/jobs", true, true],
  ["/srv/jobs.txt", true, true],
  ["/srv/jobs", false, false],
  ["/srv/worker.ts", true, false],
  ["/etc/cron.d/worker.mjs", true, false],
  ["/srv/crontab.ts", false, false],
])("that %s is a crontab, with --system-crontab: %p, is %p", (path, isSystem, expected) => {
  expect(isCrontab(path, isSystem)).toBe(expected);
});
