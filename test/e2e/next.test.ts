// djob next: the times of a schedule, its words, its warnings, and what it refuses.
import { expect, test } from "bun:test";
import { workspace } from "./harness.ts";

interface NextDocument {
  readonly schedule: string;
  readonly resolved: string | null;
  readonly tz: string;
  readonly words: string;
  readonly times: readonly string[];
  readonly local: readonly string[];
  readonly changes: ReadonlyArray<{ readonly time: string; readonly change: string }>;
  readonly notes: readonly string[];
}

async function next(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return workspace().djob(["next", ...args], { env });
}

async function document(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<NextDocument> {
  const { code, stdout, stderr } = await next([...args, "--json"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

const springArgs = ["30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28T12:00", "--count", "2"];

test("a time that a spring gap moved is marked, with the zone's offset", async () => {
  const { code, stdout, stderr } = await next(springArgs);
  expect(code).toBe(0);
  expect(stdout.split("\n")).toEqual([
    "30 2 * * *  Europe/Berlin",
    "At 02:30",
    "  2026-03-29T03:30:00+02:00  in 14h 30m  moved: the clocks go forward over the time itself",
    "  2026-03-30T02:30:00+02:00  in 1d 13h",
    "",
  ]);
  expect(stderr).toContain(
    "warning: on 2026-03-29 the clocks go forward and there is no 02:30: it runs at 03:30",
  );
});

test("the document has the times in UTC, what the change did, and the notes", async () => {
  expect(await document(springArgs)).toEqual({
    schedule: "30 2 * * *",
    resolved: null,
    tz: "Europe/Berlin",
    words: "At 02:30",
    times: ["2026-03-29T01:30:00.000Z", "2026-03-30T00:30:00.000Z"],
    local: ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"],
    changes: [{ time: "2026-03-29T01:30:00.000Z", change: "moved" }],
    notes: [
      "on 2026-03-29 the clocks go forward and there is no 02:30: it runs at 03:30",
      "on 2026-10-25 the clocks go back and 02:30 comes twice: it runs at the first",
      "on 2027-03-28 the clocks go forward and there is no 02:30: it runs at 03:30",
    ],
  });
});

test("times that a fall-back repeats are marked", async () => {
  const from = ["--tz", "America/New_York", "--from", "2026-11-01T05:10:00Z"];
  const { changes, local } = await document(["30 * * * *", ...from, "--count", "3"]);
  expect(local).toEqual([
    "2026-11-01T01:30:00-04:00",
    "2026-11-01T01:30:00-05:00",
    "2026-11-01T02:30:00-05:00",
  ]);
  expect(changes).toEqual([{ time: "2026-11-01T06:30:00.000Z", change: "repeated" }]);
});

test("seconds, years and days from the month's end have times; croner is inside of the executable", async () => {
  const from = ["--tz", "UTC", "--from", "2026-02-27T00:00Z", "--count", "2"];
  expect((await document(["*/20 59 23 L * * 2026", ...from])).times).toEqual([
    "2026-02-28T23:59:00.000Z",
    "2026-02-28T23:59:20.000Z",
  ]);
  expect((await document(["0 0 * * FRI#2", ...from])).times).toEqual([
    "2026-03-13T00:00:00.000Z",
    "2026-04-10T00:00:00.000Z",
  ]);
});

test("the zone is TZ's where none is given", async () => {
  const { tz, local } = await document(["@daily", "--from", "2026-06-01T12:00"], { TZ: "Asia/Kolkata" });
  expect(tz).toBe("Asia/Kolkata");
  expect(local[0]).toBe("2026-06-02T00:00:00+05:30");
  expect(local).toHaveLength(5);
});

test("H is resolved for a job of this host, always in the same way", async () => {
  const args = ["H H(0-5) * * *", "--job", "backup", "--tz", "UTC"];
  const { schedule, resolved } = await document(args);
  expect(schedule).toBe("H H(0-5) * * *");
  expect(resolved).toMatch(/^[0-9]+ [0-5] \* \* \*$/);
  expect((await document(args)).resolved).toBe(resolved);
});

test.each([
  ["every 1h offset 5m", ["2026-01-01T00:05:00.000Z", "2026-01-01T01:05:00.000Z"]],
  ["at 2026-12-24T18:00:00+01:00", ["2026-12-24T17:00:00.000Z"]],
  ["always", []],
  ["@reboot", []],
])("%p is a schedule as well", async (schedule, times) => {
  const found = await document([schedule, "--tz", "UTC", "--from", "2026-01-01T00:00Z", "--count", "2"]);
  expect(found.times).toEqual(times);
  expect(found.notes).toEqual([]);
});

test("it warns of what surprises people", async () => {
  const { notes } = await document(["*/7 0 */2 * MON", "--tz", "UTC"]);
  expect(notes).toEqual([
    "both the day of month '*/2' and the day of week 'MON' are restricted: a day that matches either of them counts; Vixie cron and cronie take '*/2' for a star there and want both to match",
    "the minute '*/7' begins anew after 59: 56 is followed by 0, 4 instead of 7 later",
    "the day of month '*/2' begins anew with each month: 31 is followed by 1, whatever the month's length",
  ]);
});

test.each([
  [["0 0 30 2 *"], "it never comes", "check the day of month"],
  [["0 0 0 1 1 * 2020"], "it never comes again", "check the year"],
  [["61 * * * *"], "minute '61' is not within 0-59", null],
  [["H * * * *"], "H stands for a value of one job", "name the job: --job NAME"],
  [["hourly"], "none of the known forms", "@hourly"],
  [["@daily", "--tz", "Europe/Berln"], "there is no such zone", "did you mean Europe/Berlin?"],
  [["@daily", "--count", "0"], "not a whole number from 1 to 1000", "--count 10"],
  [["@daily", "--from", "noon"], "it is not an ISO 8601 time", "write it as"],
  [["*/5", "*", "*", "*", "*"], "has no use for the argument", "put the schedule in quotes"],
  [[], "djob next needs a schedule", "--help"],
])("%p is refused with exit code 2", async (args, reason, hint) => {
  const { code, stdout } = await next([...args, "--json"]);
  const { error } = JSON.parse(stdout);
  expect(code).toBe(2);
  expect(error).toMatchObject({ code: 2 });
  expect(error.message).toContain(reason);
  if (hint === null) expect(error.hint).toBeNull();
  else expect(error.hint).toContain(hint);
});
