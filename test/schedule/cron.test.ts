// What crontab(5) expressions checkCron takes, what it says of the others, and single next times that matter.
// Next times in bulk are compared with a walk over minutes in cron-walk.test.ts.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkCron, nextCronTime } from "../../src/schedule/cron.ts";
import { thrownBy } from "./thrown.ts";

describe("checkCron", () => {
  test.each([
    "*/5 * * * *",
    "0 9 * * MON-FRI",
    "0 0 1 January *",
    "@hourly",
    "@Midnight",
    "0 0 29 2 *",
    "* * * * 7",
    "*/10 * * * * *",
    "0 0 9 * * MON-FRI 2026-2030",
    "0 0 L * *",
    "0 0 lw * *",
    "0 0 15W * *",
    "0 0 1,15W,L * *",
    "0 0 * * FRI#2",
    "0 0 * * 7#5",
    "0 0 * * fridayl",
    "0 0 * * MON#L,3",
    "0 0 0 29 2 * 2096-2104",
    "*/70 5/20 * * January Sunday",
  ])("accepts %p", (expression) => {
    expect(() => checkCron(expression, null)).not.toThrow();
    expect(() => checkCron(expression, "Europe/Berlin")).not.toThrow();
  });

  test.each([
    ["61 * * * *", "minute '61' is not within 0-59"],
    ["* 24 * * *", "hour '24' is not within 0-23"],
    ["* * 0 * *", "day of month '0' is not within 1-31"],
    ["* * * 13 *", "month '13' is not within 1-12 or JAN-DEC"],
    ["* * * * 8", "day of week '8' is not within 0-7 or SUN-SAT"],
    ["-5 * * * *", "minute '-5' is not within 0-59"],
    ["5- * * * *", "minute '5-' is not within 0-59"],
    ["1-70 * * * *", "minute '70' is not within 0-59"],
    ["1,,2 * * * *", "minute '1,,2' has an empty entry"],
    ["*/0 * * * *", "minute '*/0' has the step '0'"],
    ["1/2/3 * * * *", "minute '1/2/3' has more than one step"],
    ["", "it is empty"],
    ["* * *", "needs 5 to 7 fields, got 3"],
    ["0 0 * * * * 2026 x", "needs 5 to 7 fields, got 8"],
    ["60 * * * * *", "second '60' is not within 0-59"],
    ["0 60 * * * *", "minute '60' is not within 0-59"],
    ["0 0 0 1 1 * 1969", "year '1969' is not within 1970-2999"],
    ["0 0 0 1 1 * 2030-2020", "year '2030-2020' is a range that goes down"],
    ["0 0 32W * *", "day of month '32' is not within 1-31"],
    ["0 0 L-3 * *", "day of month 'L-3' is not valid"],
    ["0 0 1-15W * *", "day of month '1-15W' is not valid"],
    ["0 0 * * L", "day of week 'L' is not valid"],
    ["0 0 * * FRI#6", "day of week 'FRI#6' is not valid"],
    ["0 L * * *", "hour 'L' is not valid"],
    ["0 0 0 L * 8", "day of week '8' is not within 0-7 or SUN-SAT"],
    ["@weekly 5", "@weekly must stand alone"],
    ["0 0 30 2 *", "it never comes"],
    ["0 0 31 4,6,9,11 *", "it never comes"],
    ["0 0 0 30 2 *", "it never comes"],
    ["0 0 31 2,4,6 *", "it never comes"],
    ["0 0 0 31 2,4,6 * *", "it never comes"],
    ["0 0 0 29 2 * 2027", "it never comes"],
    ["0 0 30W 2 *", "it never comes"],
  ])("refuses %p and names what is wrong", (expression, reason) => {
    const { message } = thrownBy(() => checkCron(expression, null));
    expect(message).toStartWith(`cannot use the cron expression "${expression}": `);
    expect(message).toContain(reason);
  });

  test.each([
    ["0 0 * * FRI-MON", "write 'FRI-SAT,SUN-MON'"],
    ["0 0 * * 5-1", "write '5-6,0-1'"],
    ["0 22-2 * * *", "write '22-23,0-2'"],
    ["0 0 * * TUES", "write TUE"],
    ["0 0 * * L", "6L for the last Saturday"],
    ["0 0 ? * *", "write *"],
    ["0~30 0 * * *", "write H"],
    ["h 0 * * *", "capital H"],
    ["0 15W * * *", "belong into the day of month"],
    ["@every 5m", 'write "every 5m"'],
    ["@hourli", "did you mean @hourly?"],
    ["@mounthly", "did you mean @monthly?"],
    ["@rebot", "did you mean @reboot?"],
  ])("says what to write instead of %p", (expression, help) => {
    expect(thrownBy(() => checkCron(expression, null)).hint).toContain(help);
  });

  test("what it suggests for a range that goes down is accepted", () => {
    for (const expression of ["0 0 * * FRI-SAT,SUN-MON", "0 0 * * 5-6,0-1", "0 22-23,0-2 * * *"]) {
      expect(() => checkCron(expression, null)).not.toThrow();
    }
  });

  test.each([
    ["Europe/Berln", "there is no such zone", "did you mean Europe/Berlin?"],
    ["Mars/Olympus_Mons", "there is no such zone", "IANA name"],
    ["", "there is no such zone", "IANA name"],
    ["+02:00", "it is an offset, not a zone", "Europe/Berlin"],
  ])("refuses the time zone %p", (timeZone, reason, help) => {
    const { message, hint } = thrownBy(() => checkCron("@daily", timeZone));
    expect(message).toBe(`cannot use the time zone "${timeZone}": ${reason}`);
    expect(hint).toContain(help);
  });

  test("every time zone that Intl lists is one that cron times can be computed in", () => {
    for (const timeZone of [
      ...Intl.supportedValuesOf("timeZone"),
      "UTC",
      "europe/berlin",
      "US/Pacific",
      "CET",
    ]) {
      checkCron("@daily", timeZone);
      expect(nextCronTime("@daily", timeZone, 0)).toBeNumber();
    }
  });

  test("of five fields it throws for whatever Bun refuses, with a reason, and nothing for the rest", () => {
    const piece = fc.constantFrom("*", "5", "61", "-", "/", ",", "MON", "JAN", "@", "0", "x", "?", "\n");
    const word = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant("*"), word), { maxLength: 7 }), (words) => {
        const expression = words.join(" ").trim().split(/\s+/).join(" ");
        if (expression.split(" ").length > 5) return;
        let isAccepted = false;
        try {
          isAccepted = Bun.cron.parse(expression, 0) !== null;
        } catch {}
        if (isAccepted) expect(() => checkCron(expression, null)).not.toThrow();
        else expect(thrownBy(() => checkCron(expression, null)).message).toMatch(/": .{5}/);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("nextCronTime", () => {
  test("is strictly after the given time", () => {
    const nineMs = Date.parse("2026-07-01T07:00Z");
    expect(nextCronTime("0 9 * * *", "Europe/Berlin", nineMs - 1)).toBe(nineMs);
    expect(nextCronTime("0 9 * * *", "Europe/Berlin", nineMs)).toBe(nineMs + 86_400_000);
  });

  test("takes day of month and day of week as either, when both are given", () => {
    expect(isoAfter("0 0 15 * FRI", "UTC", "2026-01-01T00:00Z")).toBe("2026-01-02T00:00:00.000Z");
    expect(isoAfter("0 0 15 * FRI", "UTC", "2026-01-09T00:00Z")).toBe("2026-01-15T00:00:00.000Z");
  });

  test("finds 29 February over the leap year that 2100 is not", () => {
    expect(isoAfter("0 0 29 2 *", "UTC", "2096-03-01T00:00Z")).toBe("2104-02-29T00:00:00.000Z");
  });

  test("a run moved out of a spring gap is not lost to a restart within the hour after the gap", () => {
    expect(isoAfter("30 2 * * *", "Europe/Berlin", "2026-03-29T00:59Z")).toBe("2026-03-29T01:30:00.000Z");
    expect(isoAfter("30 2 * * *", "Europe/Berlin", "2026-03-29T01:10Z")).toBe("2026-03-29T01:30:00.000Z");
    expect(isoAfter("30 2 * * *", "Europe/Berlin", "2026-03-29T01:30Z")).toBe("2026-03-30T00:30:00.000Z");
  });

  test("a day that a zone left out moves to the next day", () => {
    expect(isoAfter("0 12 30 12 *", "Pacific/Apia", "2011-12-30T12:00Z")).toBe("2011-12-30T22:00:00.000Z");
  });
});

function isoAfter(expression: string, timeZone: string, after: string): string | undefined {
  const timeMs = nextCronTime(expression, timeZone, Date.parse(after));
  return timeMs === null ? undefined : new Date(timeMs).toISOString();
}
