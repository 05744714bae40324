// What is taken without having been computed once is what the computation takes.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { isPlain } from "../../src/schedule/cron-plain.ts";
import { nextZonedTime } from "../../src/schedule/cron-zoned.ts";

const odd = fc.constantFrom("0", "00", "007", "28", "29", "31", "59", "60", "MON", "L", "", "?");
const number = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }).map(String) },
  { weight: 1, arbitrary: odd },
);
const range = fc.oneof(
  fc.constant("*"),
  number,
  fc.tuple(number, number).map((ends) => ends.join("-")),
);
const entry = fc.oneof(
  range,
  fc.tuple(range, number).map((parts) => parts.join("/")),
);
const field = fc.array(entry, { minLength: 1, maxLength: 2 }).map((entries) => entries.join(","));

test("a plain expression is valid, and comes", () => {
  let plain = 0;
  const property = fc.property(fc.array(field, { minLength: 4, maxLength: 7 }), (fields) => {
    const expression = fields.join(" ");
    if (!isPlain(expression)) return;
    plain += 1;
    const next = fields.length === 5 ? Bun.cron.parse(expression, 0) : nextZonedTime(expression, null, 0);
    expect({ expression, comes: next !== null }).toEqual({ expression, comes: true });
  });
  fc.assert(property, { numRuns: 30_000 });
  expect(plain).toBeGreaterThan(300);
});

test.each([
  ["0 3 * * *", true],
  ["*/5 8-18 1,15 * 1-5", true],
  ["30 0 3 * * *", true],
  ["0 0 28 2 *", true],
  ["0 0 30 2 *", false],
  ["0 0 29 2 *", false],
  ["0 0 1-31 * *", true],
  ["60 * * * *", false],
  ["* * 0 * *", false],
  ["5-1 * * * *", false],
  ["*/0 * * * *", false],
  ["*/70 * * * *", false],
  ["0 0 L * *", false],
  ["0 9 * * MON", false],
  ["@daily", false],
  ["0 0 0 1 1 * 2030", false],
  ["* * * *", false],
  ["", false],
])("%p is plain: %p", (expression, expected) => {
  expect(isPlain(expression)).toBe(expected);
});
