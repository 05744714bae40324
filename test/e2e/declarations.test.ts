// job(): every form that a schedule may have, and every mistake, told at the place of the call.
import { describe, expect, test } from "bun:test";
import { failToRun, mark, writeMarked } from "./failing.ts";
import { until, workspace } from "./harness.ts";

const declare = 'import { job } from "djob";\n';

describe("a job may be declared with", () => {
  test.each([
    ['"*/5 * * * *"', "*/5 * * * *", null],
    ['"@hourly"', "@hourly", null],
    ['"every 90s"', "every 1m30s", null],
    ['"at 2999-12-24T18:00:00Z"', "at 2999-12-24T18:00:00.000Z", null],
    ['"always"', "always", null],
    ['{ cron: "0 9 * * MON-FRI", tz: "Europe/Berlin" }', "0 9 * * MON-FRI", "Europe/Berlin"],
    ['{ cron: "@daily" }', "@daily", null],
    ['{ every: "1h30m" }', "every 1h30m", null],
    ["{ every: 250 }", "every 250ms", null],
    ['{ at: new Date("2999-01-01T00:00:00Z") }', "at 2999-01-01T00:00:00.000Z", null],
    ['{ at: "2999-01-01T00:00:00", tz: "Asia/Tokyo" }', "at 2998-12-31T15:00:00.000Z", null],
    ["{ always: true }", "always", null],
  ])("%s", async (schedule, shown, tz) => {
    const space = workspace();
    const handler = "({ signal }) => new Promise((end) => signal.addEventListener('abort', end))";
    space.write("worker.ts", `${declare}job("one", ${schedule}, ${handler});\n`);
    await space.run(["worker.ts"]);
    const [job] = await until("it is scheduled, or runs", async () => {
      const { jobs } = await space.status("worker");
      return (jobs[0]?.next !== null || jobs[0]?.state === "running") && jobs;
    });
    expect(job).toMatchObject({ name: "one", schedule: shown, tz });
  });
});

const mistakes: ReadonlyArray<readonly [what: string, call: string, message: string, hint: string | null]> = [
  [
    "an unknown option",
    `job(\n  "a",\n  { evry: "1h" } as never,\n  () => {},\n);`,
    'cannot declare the job "a": there is no option "evry"',
    'did you mean "every"?',
  ],
  [
    "a bad cron expression",
    'job("a", "61 * * * *", () => {});',
    `cannot use the cron expression "61 * * * *": minute '61' is not within 0-59`,
    null,
  ],
  [
    "a bad duration",
    'job("a", { every: "10 parsecs" }, () => {});',
    `cannot read the duration "10 parsecs": '10' has no unit`,
    'add a unit: "10s" (units: ms, s, m, h, d, w)',
  ],
  [
    "a number that is no interval",
    'job("a", { every: 1.5 }, () => {});',
    'cannot declare the job "a": its every is 1.5',
    'write a whole number of milliseconds, or a duration such as "10s"',
  ],
  [
    "a time zone that does not exist",
    'job("a", { cron: "@daily", tz: "Mars/Olympus" }, () => {});',
    'cannot use the time zone "Mars/Olympus": there is no such zone',
    "use an IANA name such as Europe/Berlin or UTC",
  ],
  [
    "a time that is none",
    'job("a", { at: new Date("soon") }, () => {});',
    'cannot declare the job "a": its at is Invalid Date',
    'write a valid Date, or ISO 8601 text such as "2026-12-24T18:00:00Z"',
  ],
  [
    "a schedule of no known form",
    'job("a", "10s", () => {});',
    'cannot read the schedule "10s": it has none of the known forms',
    'did you mean "every 10s"?',
  ],
  [
    "no handler",
    '(job as Function)("a", "every 1s");',
    'cannot declare the job "a": its handler is undefined, not a function',
    'write job("name", "every 10s", async () => { … })',
  ],
  [
    "a name that is no text",
    'job(42 as never, "every 1s", () => {});',
    "cannot declare a job named 42: a name is 1 to 128 characters of text, with no control characters and no space at its ends",
    null,
  ],
  [
    "two schedules",
    'job("a", { always: true, every: "1s" }, () => {});',
    'cannot declare the job "a": always stands alone, and it has every and always',
    "declare a second job for the other times",
  ],
  [
    "no schedule",
    'job("a", {}, () => {});',
    'cannot declare the job "a": it needs one of cron, every, at and always, and has none of them',
    null,
  ],
];

describe("a job with", () => {
  test.each(mistakes)("%s is an error at its call", async (_what, call, message, hint) => {
    const space = workspace();
    const marked = call.startsWith("(") ? `(${mark}${call.slice(1)}` : mark + call;
    const place = writeMarked(space, "worker.ts", `${declare}interface Unused { a: 1 }\n\n  ${marked}\n`);
    const said = await failToRun(space, ["worker.ts"]);
    expect(said).toStartWith(`djob: cannot start worker: ${message}\n  at ${place}\n`);
    expect(/^hint: (.*)$/m.exec(said)?.[1] ?? null).toBe(hint);
  });
});

test("two jobs of one name are an error, also in two modules of one daemon", async () => {
  const space = workspace();
  space.write("first.ts", `${declare}job("clean", "every 1h", () => {});\n`);
  const place = writeMarked(space, "second.ts", `${declare}\n${mark}job("clean", "every 2h", () => {});\n`);
  const said = await failToRun(space, ["first.ts", "second.ts"]);
  expect(said).toStartWith(
    `djob: cannot start first: cannot declare the job "clean": there is already a job of this name\n  at ${place}\n`,
  );
  expect(said).toEndWith("hint: give each job of a daemon a name of its own\n");
});

test("a mistake in a helper is told where the helper calls job()", async () => {
  const space = workspace();
  const helper = `${declare}export function every(text: string): void {\n  ${mark}job("a", text, () => {});\n}\n`;
  const place = writeMarked(space, "lib/every.ts", helper);
  space.write("worker.ts", 'import { every } from "./lib/every.ts";\nevery("now and then");\n');
  expect(await failToRun(space, ["worker.ts"])).toContain(`\n  at ${place}\n`);
});

test("a job() after an await is checked as well", async () => {
  const space = workspace();
  const text = `${declare}job("a", "every 1h", () => {});\nawait Bun.sleep(1);\n${mark}job("b", "every 1x", () => {});\n`;
  const place = writeMarked(space, "worker.ts", text);
  expect(await failToRun(space, ["worker.ts"])).toContain(`there is no unit 'x'\n  at ${place}\n`);
});

test("an always job that throws or returns is started again, later and later", async () => {
  const space = workspace();
  const text = `${declare}let starts = 0;
job("consumer", "always", () => {
  starts += 1;
  console.log("start " + starts);
  if (starts === 1) throw new Error("connection lost");
});\n`;
  space.write("worker.ts", text);
  await space.run(["worker.ts"]);
  const log = await until("it was started again", () => {
    const written = space.read("worker.log");
    return written.includes("[consumer] start 2") && written.includes("it returned") && written;
  });
  expect(log).toContain("[consumer] the run failed: Error: connection lost");
  expect(log).toMatch(/WARN {2}\[consumer\] it failed: starting it again in (?:1s|[5-9]\d\dms)/);
  expect(log).toMatch(/WARN {2}\[consumer\] it returned: starting it again in [12]s/);
});

test("a job at one time runs once, and its daemon ends when nothing else is left", async () => {
  const space = workspace();
  const text = `${declare}job("once", { at: new Date(Date.now() + 1_000) }, async () => { await Bun.sleep(1); console.log("ran"); });\n`;
  space.write("worker.ts", text);
  await space.run(["worker.ts"]);
  await until("it has ended", () => space.processes().length === 0);
  expect(space.has("worker.pid") || space.has("worker.sock")).toBe(false);
  expect(space.read("worker.log")).toMatch(/\[once\] ran\n\S+ INFO {2}ending: nothing is left to do\n$/);
  expect(space.read("worker.log").match(/\[once\] ran/g)).toHaveLength(1);
});
