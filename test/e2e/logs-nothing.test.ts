// djob logs where nothing is found of what was asked for: exit code 1, as grep has it, and one line that says what there is.
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { until, type Workspace, workspace } from "./harness.ts";
import { tailing } from "./tailing.ts";

const at = (time: string) => `2026-11-26T${time}.000Z`;

function put(space: Workspace, files: Readonly<Record<string, string>>): void {
  mkdirSync(`${space.state}/worker.jobs`, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(`${space.state}/${name}`, content);
}

const log = `${at("01:00:00")} INFO  [poll] one\n{"time":"${at("02:00:00")}","level":"info","job":"re\\"port","message":"two"}\n`;

test.each([
  [["--job", "nope"], 'there is no job "nope" in the log of worker: it knows mail, poll, re"port'],
  [
    ["--job", "pol"],
    'there is no job "pol" in the log of worker: it knows mail, poll, re"port\nhint: did you mean poll?',
  ],
  [["--job", "poll", "--level", "error"], "nothing found in the log of worker with --job poll --level error"],
  [
    ["--run", `gone@${at("01:00:00")}`],
    'there is no job "gone" in the log of worker: it knows mail, poll, re"port',
  ],
  [
    ["--run", `poll@${at("01:00:00")}`],
    `nothing found in the log of worker with --run poll@${at("01:00:00")}`,
  ],
  [["--grep", "no such text", "-n", "5"], 'nothing found in the log of worker with --grep "no such text"'],
  [["--since", "2027-01-01"], "nothing found in the log of worker with --since 2027-01-01"],
  [["--until", "2025-01-01"], "nothing found in the log of worker with --until 2025-01-01"],
  [["--level", "warn"], "nothing found in the log of worker with --level warn"],
  [["--job", "\x1b[31mred"], 'there is no job "\\u001b[31mred" in the log'],
] as const)("%j", async (args, said) => {
  const space = workspace();
  put(space, { "worker.log": log, "worker.jobs/mail.log": `${at("01:30:00")} INFO  [mail] sent\n` });
  for (const json of [[], ["--json"]]) {
    const { code, stdout, stderr } = await space.djob(["logs", "worker", ...args, ...json]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`djob: ${said}`);
  }
});

test("of what was not asked for nothing is missed: an empty log, -n 0", async () => {
  const space = workspace();
  put(space, { "worker.log": "", "other.log": log });
  const empty = await space.djob(["logs", "worker"]);
  expect(empty).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "warning: there is nothing in the log of worker\n",
  });
  expect(await space.djob(["logs", "other", "-n", "0", "--job", "nope"])).toMatchObject({
    ...{ code: 0, stdout: "", stderr: "" },
  });
  expect(await space.djob(["logs", "worker", "other", "--job", "nope"])).toMatchObject({
    ...{ code: 1, stdout: "" },
    stderr: 'djob: there is no job "nope" in the log of worker, other: it knows poll, re"port\n',
  });
});

test("a job that a daemon has and that has not logged yet is known; -f tells of one that is not, and waits", async () => {
  const space = workspace();
  space.write("worker.ts", `import { job } from "djob"; job("quiet", "@yearly", () => {});`);
  await space.run(["worker.ts"]);
  expect(await space.djob(["logs", "worker", "--job", "quiet"])).toMatchObject({
    ...{ code: 1, stdout: "", stderr: "djob: nothing found in the log of worker with --job quiet\n" },
  });
  const known = tailing(space, ["worker", "--job", "quiet"]);
  const unknown = tailing(space, ["worker", "--job", "quite"]);
  await until("it is told", () => unknown.texts.err.includes("it knows quiet (did you mean quiet?)"));
  await until("the other follows", () => isWatching(known.pid));
  await Promise.all([known.end(), unknown.end()]);
  expect(known.texts).toEqual({ out: "", err: "" });
});

function isWatching(pid: number): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`).includes("inotify");
    } catch {
      return false;
    }
  });
}
