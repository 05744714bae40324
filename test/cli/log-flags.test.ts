// What --since, --until, --grep and --run mean, and what is said of those that mean nothing.
import { expect, test } from "bun:test";
import { patternOf } from "../../src/cli/log-pattern.ts";
import { placed } from "../../src/cli/log-run.ts";
import { momentOf } from "../../src/cli/log-times.ts";
import type { RunReport } from "../../src/control/jobs.ts";

const now = new Date(2026, 10, 26, 15, 30, 20, 500);

test.each([
  ["2h", new Date(2026, 10, 26, 13, 30, 20, 500)],
  ["1m30s", new Date(2026, 10, 26, 15, 28, 50, 500)],
  ["2h ago", new Date(2026, 10, 26, 13, 30, 20, 500)],
  ["-2h", new Date(2026, 10, 26, 13, 30, 20, 500)],
  ["now", now],
  ["today", new Date(2026, 10, 26)],
  ["yesterday", new Date(2026, 10, 25)],
  ["yesterday 10:00", new Date(2026, 10, 25, 10)],
  ["10:00", new Date(2026, 10, 26, 10)],
  ["9:05:07", new Date(2026, 10, 26, 9, 5, 7)],
  ["2026-11-24", new Date(2026, 10, 24)],
  ["2026-11-24 09:30", new Date(2026, 10, 24, 9, 30)],
  ["2026-11-24T09:30:00Z", new Date("2026-11-24T09:30:00Z")],
  ["2026-11-24T09:30:00+02:00", new Date("2026-11-24T07:30:00Z")],
  ["@1795665600", new Date(1_795_665_600_000)],
  ["@1795665600.25", new Date(1_795_665_600_250)],
])("%s", (text, expected) => {
  expect(new Date(momentOf("since", text, now.getTime()))).toEqual(expected);
});

test.each([
  "",
  "2",
  "soon",
  "ago",
  "25:00",
  "2026-02-30",
  "2026-11-24T25:00",
  "tomorrow",
  "2h2h",
  "@",
  "20000w",
])("--since %j is refused", (text) => {
  expect(() => momentOf("since", text, now.getTime())).toThrow(
    `cannot use --since ${JSON.stringify(text)}: `,
  );
});

test.each([
  ["a(b", 1],
  ["a)b", 1],
  ["*a", 0],
  ["a**", 2],
  ["[z-a]", 3],
  ["x[abc", 1],
  ["ab\\", 2],
  ["(a)(b|c", 3],
  ["日本(", 4],
])("the caret under %s is at column %d", (text, column) => {
  const lines = /^cannot use --grep: \S.*\n {2}(.*)\n {2}( *)\^$/.exec(messageOf(() => patternOf(text)));
  expect(lines?.[1]).toBe(text);
  expect(lines?.[2]?.length).toBe(column);
});

test("a regular expression is one of JavaScript's, and its lines are lines", () => {
  expect(patternOf("^b$").test("a\nb\nc")).toBe(true);
  expect(patternOf("(?<year>\\d{4})").test("2026")).toBe(true);
});

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "";
}

const at = (time: string) => `2026-11-26T${time}.000Z`;

function run(scheduled: string, started: string | null, ended: string | null): RunReport {
  return {
    id: `x@${at(scheduled)}`,
    job: "x",
    scheduledAt: at(scheduled),
    startedAt: started && at(started),
    endedAt: ended && at(ended),
    attempt: 1,
    trigger: "schedule",
    outcome: null,
    reason: null,
    error: null,
    exitCode: null,
    signal: null,
    result: null,
    times: 1,
    through: null,
  };
}

test("a run goes on from its start to its end, and for a moment after it, but not into the next one", () => {
  const one = run("10:00:00", "10:00:01", "10:00:30");
  const alone = placed(one.id, "x", [
    one,
    run("09:00:00", "09:00:00", "09:00:10"),
    run("11:00:00", null, null),
  ]);
  expect(alone).toEqual({
    wanted: { id: one.id, job: "x", fromMs: Date.parse(at("10:00:01")), toMs: Date.parse(at("10:00:31")) },
    note: null,
  });
  const next = placed(one.id, "x", [
    one,
    { ...run("10:00:30", "10:00:30", null), startedAt: "2026-11-26T10:00:30.400Z" },
  ]);
  expect(next.wanted.toMs).toBe(Date.parse("2026-11-26T10:00:30.399Z"));
  expect(placed(one.id, "x", [run("10:00:00", "10:00:01", null)]).wanted.toMs).toBe(Number.POSITIVE_INFINITY);
});

test("that runs went on at the same time is told, and that one is not known", () => {
  const one = run("10:00:00", "10:00:01", "10:00:30");
  const other = run("09:59:00", "09:59:00", "10:00:05");
  expect(placed(one.id, "x", [other, one]).note).toContain(
    `another run of x went on at the same time (${other.id})`,
  );
  expect(placed(one.id, "x", [other]).note).toContain("the run history does not know it");
  expect(placed(one.id, "x", null).note).toContain("the run history does not know it");
  expect(placed(one.id, "x", [run("10:00:00", null, null)]).note).toContain("it never started");
});
