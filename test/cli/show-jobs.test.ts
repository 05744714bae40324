// Jobs and runs as people see them: aligned, on one line each, and without what would steer a terminal.
import { expect, test } from "bun:test";
import { pathTo, refused } from "../../src/cli/ask-daemon.ts";
import { sinceOf } from "../../src/cli/commands/runs.ts";
import { makeOutput, visible } from "../../src/cli/output.ts";
import { showJobs, showRuns, showWhy } from "../../src/cli/show-jobs.ts";
import { jobNamed, runOf, time } from "../control/fake-jobs.ts";

const output = makeOutput(false);
const nowMs = Date.parse(time);

test("a job that is paused or overdue says so", () => {
  const jobs = [jobNamed("a"), { ...jobNamed("b"), state: "paused", overdue: true, last: null } as const];
  const lines = showJobs(jobs, output).split("\n");
  expect(lines[0]).toMatch(/^JOB +SCHEDULE +STATE +NEXT RUN +LAST RUN$/);
  expect(lines[1]).toMatch(/^a +every 10s +idle +.* timed-out \(4ms\)$/);
  expect(lines[2]).toMatch(/^b +every 10s +paused, overdue +.* -$/);
});

test("a run has one line, whatever its error says", () => {
  const error = { name: "Error", message: "first\nsecond \u001b]0;title\u0007", stack: null };
  const runs = [
    runOf("a", { outcome: "failed", error }),
    runOf("b", { outcome: null, endedAt: null, startedAt: null, reason: "queued" }),
    runOf("c", {
      outcome: "skipped",
      startedAt: null,
      attempt: 0,
      reason: "paused",
      times: 7,
      through: time,
    }),
    runOf("d", { outcome: "failed", exitCode: 3 }),
  ];
  const [, a, b, c, d, ...rest] = showRuns(runs, output).split("\n");
  expect(rest).toEqual([]);
  expect(a).toEndWith(" Error: first …");
  expect(b).toMatch(/ b +waiting +- +manual +1 +queued$/);
  expect(c).toMatch(/ c +skipped +- +manual +- +paused; 7 times, through \S+ \S+$/);
  expect(d).toEndWith(" exit code 3");
  expect(showRuns([], output)).toBe("no runs");
});

test("why tells its findings first", () => {
  const report = { job: jobNamed("a"), nextTimes: [time], runs: [runOf("a")], findings: ["It is paused."] };
  const text = showWhy(report, output);
  expect(text.indexOf("- It is paused.")).toBeLessThan(text.indexOf("NEXT TIMES"));
});

test("text of a daemon's modules can't steer a terminal", () => {
  expect(visible("a\u001b[31mb\u0007\u009b\u202ec\td\n")).toBe("a\\u001b[31mb\\u0007\\u009b\\u202ec\td\n");
  const error = refused("worker", "trigger x", {
    error: { code: 404, message: "no \u001b[2J", hint: "\u001b" },
  });
  expect(error).toMatchObject({
    code: 1,
    message: "cannot trigger x: worker says: no \\u001b[2J",
    hint: "\\u001b",
  });
  expect(refused("worker", "trigger x", { error: 5 })).toMatchObject({ code: 1, hint: null });
});

test("a path holds any name", () => {
  expect(pathTo("jobs", "a/b@c ?#%", "why")).toBe("/jobs/a%2Fb%40c%20%3F%23%25/why");
  expect(pathTo("jobs", "...", "why")).toBe("/jobs/.../why");
});

test("a name that a URL would leave out reaches no other path", () => {
  for (const name of ["", ".", ".."])
    expect(() => pathTo("jobs", name, "pause")).toThrow("no job or run can be asked for by that name");
});

test("--since takes a duration before now, or a time", () => {
  expect(sinceOf("2h", nowMs)).toBe(nowMs - 7_200_000);
  expect(sinceOf("2026-11-24T09:30:00Z", 0)).toBe(nowMs);
  expect(sinceOf(null, nowMs)).toBeNull();
  for (const text of ["", "2", "yesterday", "2026-13-45", "-2h"])
    expect(() => sinceOf(text, nowMs)).toThrow("neither a duration nor a time");
});
