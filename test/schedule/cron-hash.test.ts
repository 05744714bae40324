// H in cron fields: in range, stable, spread, and refused where it means nothing.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeSchedule, parseSchedule } from "../../src/schedule/schedule.ts";
import { thrownBy } from "./thrown.ts";

function resolved(text: string, seed: string): string {
  const schedule = parseSchedule(text, { seed });
  return schedule.kind === "cron" ? schedule.expression : "";
}

describe("H", () => {
  test("is a value of its field, the same each time, and each field's own", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const expression = resolved("H H H H H H", seed);
        expect(resolved("H H H H H H", seed)).toBe(expression);
        const values = expression.split(" ").map(Number);
        const limits = [
          [0, 59],
          [0, 59],
          [0, 23],
          [1, 28],
          [1, 12],
          [0, 6],
        ] as const;
        for (const [index, [minimum, maximum]] of limits.entries()) {
          expect(values[index]).toBeGreaterThanOrEqual(minimum);
          expect(values[index]).toBeLessThanOrEqual(maximum);
        }
      }),
    );
    // Pinned: a new version must not move anybody's jobs.
    expect(resolved("H H H * *", "web1/backup")).toBe("1 14 20 * *");
  });

  test("with a range and a step keeps to them", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const [minute = "", hour = ""] = resolved("H(10-29)/10 H(3-5) * * *", seed).split(" ");
        expect(minute).toMatch(/^1\d-29\/10$/);
        expect(["3", "4", "5"]).toContain(hour);
        expect(resolved("H/15 * * * *", seed)).toMatch(/^(\d|1[0-4])-59\/15 /);
        expect(Number(resolved("0 0 * * H(1-5)", seed).split(" ")[4])).toBeWithin(1, 6);
      }),
    );
  });

  test("spreads jobs over a field", () => {
    const counts = new Array<number>(60).fill(0);
    for (let job = 0; job < 60_000; job += 1) {
      const minute = Number(resolved("H * * * *", `web1/job${job}`).split(" ")[0]);
      counts[minute] = (counts[minute] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });

  test("is kept as it was written", () => {
    expect(describeSchedule(parseSchedule("H  H(0-5) * * *", { seed: "a/b" }))).toBe("H H(0-5) * * *");
    expect(describeSchedule(parseSchedule("@hourly", { seed: "a/b" }))).toBe("@hourly");
  });

  test("needs a job", () => {
    const { message } = thrownBy(() => parseSchedule("H * * * *"));
    expect(message).toBe(
      'cannot use the cron expression "H * * * *": H stands for a value of one job on one host, and here is no job',
    );
  });

  test.each([
    ["H(0-70) * * * *", "minute 'H(0-70)' is not within 0-59"],
    ["H(30-10) * * * *", "minute 'H(30-10)' has a range that goes down"],
    ["H/0 * * * *", "minute 'H/0' has the step 0"],
    ["H/61 * * * *", "minute 'H/61' has the step 61"],
    ["H(5) * * * *", "minute 'H(5)' is none of H"],
    ["H-5 * * * *", "minute 'H-5' is none of H"],
    ["0 0 0 1 1 * H", "year 'H' is hashed"],
    ["H 25 * * *", "hour '25' is not within 0-23"],
    ["H 0 31 2 *", "it never comes"],
  ])("refuses %p and names what is wrong", (text, reason) => {
    const { message } = thrownBy(() => parseSchedule(text, { seed: "a/b" }));
    expect(message).toStartWith(`cannot use the cron expression "${text}": `);
    expect(message).toContain(reason);
  });
});
