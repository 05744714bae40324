// The short form of a schedule, read and written back, and its next times; local times after `at` are tried in a
// named zone and in the process's own, which Bun lets a test change through TZ.

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeSchedule, nextTime, parseSchedule } from "../../src/schedule/schedule.ts";
import { thrownBy } from "./thrown.ts";

const EXAMPLES = [
  "*/5 * * * *",
  "@hourly",
  "every 10s",
  "at 2026-12-24T17:00:00.000Z",
  "always",
  "@reboot",
  "every 1h offset 5m",
  "*/10 * * * * *",
  "0 0 L * *",
];

describe("parseSchedule", () => {
  test("reads a cron expression, with the job's time zone or the process's own", () => {
    expect(parseSchedule("*/5 * * * *")).toEqual({ kind: "cron", expression: "*/5 * * * *", timeZone: null });
    expect(parseSchedule(" 0  9\t* * MON-FRI ", "Europe/Berlin")).toEqual({
      kind: "cron",
      expression: "0 9 * * MON-FRI",
      timeZone: "Europe/Berlin",
    });
    expect(parseSchedule("@daily")).toEqual({ kind: "cron", expression: "@daily", timeZone: null });
  });

  test.each([
    ["every 10s", 10_000],
    ["every 1m 30s", 90_000],
    ["every second", 1_000],
    ["every minute", 60_000],
    ["every hour", 3_600_000],
    ["every day", 86_400_000],
    ["every week", 604_800_000],
    ["every 1ms", 1],
  ])("reads %p", (text, intervalMs) => {
    expect(parseSchedule(text)).toEqual({ kind: "every", intervalMs });
  });

  test("reads an interval with an offset", () => {
    const schedule = { kind: "every", intervalMs: 3_600_000, offsetMs: 330_000 } as const;
    expect(parseSchedule("every 1h offset 5m30s")).toEqual(schedule);
    expect(parseSchedule("every hour  offset 5m 30s")).toEqual(schedule);
    expect(parseSchedule("every 1h offset 0s")).toEqual({ kind: "every", intervalMs: 3_600_000 });
  });

  test("reads a job that runs once for each boot", () => {
    expect(parseSchedule("@reboot")).toEqual({ kind: "reboot" });
  });

  test("jobs with the same text and zone share one schedule", () => {
    expect(parseSchedule("3 4 * * *", "Asia/Tokyo")).toBe(
      parseSchedule("3 4 * * *", { timeZone: "Asia/Tokyo" }),
    );
    expect(parseSchedule("3 4 * * *", "Asia/Tokyo")).not.toBe(parseSchedule("3 4 * * *"));
  });

  test("refuses a last year that is over, where it is told the time", () => {
    const text = "0 0 0 1 1 * 2020";
    expect(parseSchedule(text, { nowMs: Date.parse("2019-06-01T00:00Z") }).kind).toBe("cron");
    const { message } = thrownBy(() => parseSchedule(text, { nowMs: Date.parse("2020-06-01T00:00Z") }));
    expect(message).toContain("it never comes again");
  });

  test("reads a job that must always run", () => {
    expect(parseSchedule("always")).toEqual({ kind: "always" });
  });

  test.each([
    ["every", "it has no interval", "every 10s"],
    ["every 0s", "the interval is zero", "always"],
    ["every 10", "'10' has no unit", "add a unit"],
    ["every 2 minutes", "'2' has no unit", "add a unit"],
    ["every 1h offset 1h", "the offset 1h is not shorter than the interval 1h", "whole intervals"],
    ["every 1h offset", "its offset has no length", "every 1h offset 5m"],
    ["every offset 5m", "it has no interval", "every 10s"],
    ["every 1h offset 5", "'5' has no unit", "add a unit"],
    ["every constructor", "is not a number with a unit", "10s"],
    ["10s", "none of the known forms", 'did you mean "every 10s"?'],
    ["hourly", "none of the known forms", "@hourly"],
    ["", "none of the known forms", "@hourly"],
    ["61 * * * *", "minute '61' is not within 0-59", undefined],
    ["at noon", "it is not an ISO 8601 time", "2026-12-24T18:00:00+01:00"],
    ["at 2026-12-24", "it has no time of day", "2026-12-24T18:00:00+01:00"],
  ])("refuses %p and says what would help", (text, reason, help) => {
    const { message, hint } = thrownBy(() => parseSchedule(text));
    expect(message).toContain(reason);
    if (help === undefined) expect(hint).toBeUndefined();
    else expect(hint).toContain(help);
  });

  test.each(EXAMPLES)("refuses an unknown time zone with %p", (text) => {
    expect(thrownBy(() => parseSchedule(text, "Nope/Zone")).message).toContain('time zone "Nope/Zone"');
  });
});

describe("describeSchedule", () => {
  test.each(EXAMPLES)("writes %p as a user would", (text) => {
    expect(describeSchedule(parseSchedule(text))).toBe(text);
  });

  test("loses nothing of an interval", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 315_619_200_000 }), (intervalMs) => {
        const schedule = { kind: "every", intervalMs } as const;
        expect(parseSchedule(describeSchedule(schedule))).toEqual(schedule);
      }),
    );
  });
});

describe("nextTime", () => {
  test("of an interval is the first multiple since the epoch that is strictly later", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e11 }),
        fc.integer({ min: -1e12, max: 4e12 }),
        (intervalMs, afterMs) => {
          const nextMs = nextTime({ kind: "every", intervalMs }, afterMs) ?? Number.NaN;
          expect(nextMs % intervalMs === 0 && nextMs > afterMs && nextMs - intervalMs <= afterMs).toBe(true);
        },
      ),
    );
  });

  test("of an interval with an offset is that much later than a multiple", () => {
    const times = fc.tuple(fc.integer({ min: 2, max: 1e9 }), fc.integer({ min: 0, max: 4e12 }));
    fc.assert(
      fc.property(
        times,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        ([intervalMs, afterMs], share) => {
          const offsetMs = Math.floor(share * intervalMs);
          const nextMs = nextTime({ kind: "every", intervalMs, offsetMs }, afterMs) ?? Number.NaN;
          expect(
            (nextMs - offsetMs) % intervalMs === 0 && nextMs > afterMs && nextMs - intervalMs <= afterMs,
          ).toBe(true);
        },
      ),
    );
  });

  test("of a shared schedule is right whatever was asked before, also when the process changes its zone", () => {
    const zoneBefore = process.env["TZ"];
    const asked = fc.tuple(
      fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kolkata"),
      fc.integer({ min: 0, max: 4e8 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom("0 * * * *", "15 2 * * *", "*/20 2 * * * *"),
        fc.array(asked),
        (text, questions) => {
          for (const [timeZone, sinceMs] of questions) {
            process.env["TZ"] = timeZone;
            const afterMs = Date.parse("2026-03-27T00:00Z") + sinceMs;
            expect(nextTime(parseSchedule(text), afterMs)).toBe(
              nextTime({ kind: "cron", expression: text, timeZone }, afterMs),
            );
          }
        },
      ),
    );
    if (zoneBefore === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zoneBefore;
  });

  test("of a single time is that time, until it is past", () => {
    const at = { kind: "at", timeMs: 1_000 } as const;
    expect([nextTime(at, 999), nextTime(at, 1_000), nextTime(at, 1_001)]).toEqual([1_000, null, null]);
  });

  test("of a job that must always run is none", () => {
    expect(nextTime({ kind: "always" }, 0)).toBeNull();
  });
});

describe("a local time after `at`", () => {
  const zoneBefore = process.env["TZ"];
  afterEach(() => {
    if (zoneBefore === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zoneBefore;
  });

  const cases: ReadonlyArray<[what: string, timeZone: string, local: string, utc: string]> = [
    ["is read in the zone", "Europe/Berlin", "2026-12-24T18:00:00", "2026-12-24T17:00:00.000Z"],
    ["may leave out the seconds", "Asia/Kolkata", "2026-12-24 18:00", "2026-12-24T12:30:00.000Z"],
    ["may have milliseconds", "America/New_York", "2026-07-01T00:00:00.289", "2026-07-01T04:00:00.289Z"],
    ["in a gap moves forward", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"],
    [
      "in a half-hour gap moves forward",
      "Australia/Lord_Howe",
      "2026-10-04T02:15",
      "2026-10-03T15:45:00.000Z",
    ],
    [
      "in a gap at midnight moves forward",
      "America/Sao_Paulo",
      "2018-11-04T00:00",
      "2018-11-04T03:00:00.000Z",
    ],
    ["that comes twice means the first", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00.000Z"],
    [
      "that comes twice in the south too",
      "Australia/Lord_Howe",
      "2026-04-05T01:45",
      "2026-04-04T14:45:00.000Z",
    ],
    ["on a day that is left out moves a day", "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T22:00:00.000Z"],
  ];

  test.each(cases)("%s (%s, %s)", (_what, timeZone, local, utc) => {
    expect(describeSchedule(parseSchedule(`at ${local}`, timeZone))).toBe(`at ${utc}`);
    process.env["TZ"] = timeZone;
    expect(describeSchedule(parseSchedule(`at ${local}`))).toBe(`at ${utc}`);
  });

  test("agrees between a named zone and the process's own, at any minute of two years", () => {
    const minute = fc.integer({ min: Date.UTC(2025, 0) / 60_000, max: Date.UTC(2027, 0) / 60_000 });
    const zone = fc.constantFrom(
      "Europe/Berlin",
      "Australia/Lord_Howe",
      "America/New_York",
      "Africa/Casablanca",
    );
    fc.assert(
      fc.property(zone, minute, (timeZone, wallMinute) => {
        const local = new Date(wallMinute * 60_000).toISOString().slice(0, -1);
        process.env["TZ"] = timeZone;
        expect(parseSchedule(`at ${local}`)).toEqual(parseSchedule(`at ${local}`, timeZone));
      }),
      { numRuns: 500 },
    );
  });
});

describe("an ISO 8601 time after `at`", () => {
  test.each([
    ["2026-12-24T18:00:00+01:00", "2026-12-24T17:00:00.000Z"],
    ["2026-12-24T18:00:00-0330", "2026-12-24T21:30:00.000Z"],
    ["2026-12-24t18:00z", "2026-12-24T18:00:00.000Z"],
    ["2024-02-29T00:00:00.5Z", "2024-02-29T00:00:00.500Z"],
  ])("with an offset needs no zone: %p", (text, utc) => {
    expect(describeSchedule(parseSchedule(`at ${text}`))).toBe(`at ${utc}`);
  });

  test.each([
    ["2026-02-29T00:00Z", "month 2 of 2026 has no day 29"],
    ["1900-02-29T00:00Z", "month 2 of 1900 has no day 29"],
    ["2026-13-01T00:00Z", "there is no month 13"],
    ["2026-12-24T24:00Z", "hour 24 is not within 0-23"],
    ["2026-12-24T18:60Z", "minute 60 is not within 0-59"],
    ["2026-12-24T18:00:60Z", "second 60 is not within 0-59"],
    ["2026-12-24T18:00+24:00", "there is no offset '+24:00'"],
  ])("must exist: %p is refused", (text, reason) => {
    expect(thrownBy(() => parseSchedule(`at ${text}`)).message).toBe(
      `cannot read the time "${text}": ${reason}`,
    );
  });
});
