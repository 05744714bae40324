// The time fields: what each entry means is counted out apart from the code, and which words are fields is decided by
// supercronic's own patterns.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readFields, type Word } from "../../../../src/runtime/loading/crontab/fields.ts";
import { fieldsFor, numberOf, valuesOf } from "../../../../src/schedule/cron-fields.ts";
import { nextTime, parseSchedule } from "../../../../src/schedule/schedule.ts";

const wordsOf = (line: string): Word[] =>
  [...line.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }));
const read = (line: string, rest = 1) => readFields(wordsOf(line), rest);

describe("accepted is", () => {
  test.each([
    ["*/5 * * * * cmd", "*/5 * * * *", 5],
    ["? ? * ? ? cmd", "* * * * *", 5],
    ["1,,2, * * * * cmd", "1,2 * * * *", 5],
    ["*,5 0 * * * cmd", "* 0 * * *", 5],
    ["0 0 * jan-mar mon,wed,fri cmd", "0 0 * jan-mar mon,wed,fri", 5],
    ["0 0 * * fri-sun cmd", "0 0 * * fri-7", 5],
    ["0 0 * * 5-0 cmd", "0 0 * * 5-7", 5],
    ["6~15 ~ * * ~5 cmd", "H(6-15) H(0-23) * * H(0-5)", 5],
    ["0 0 ~ 3~ mon~fri cmd", "0 0 H(1-31) H(3-12) H(1-5)", 5],
    ["0 0 L * 5#2 cmd", "0 0 L * 5#2", 5],
    ["H H * * * cmd", "H H * * *", 5],
    ["* * * * * * cmd", "* * * * *", 6],
    ["0 0 1 1 * 2027 cmd", "0 0 0 1 1 * 2027", 6],
    ["0 0 1 1 * 2026-2030/2 cmd", "0 0 0 1 1 * 2026-2030/2", 6],
    ["*/2 * * * * * * cmd", "*/2 * * * * *", 7],
    ["0 30 4 1 1 * 2027 cmd", "0 30 4 1 1 * 2027", 7],
    ["0 0 * * * * * cmd", "0 * * * *", 7],
    ["0 5 * * * 5 cmd", "0 5 * * *", 5],
    ["0 5 * * * ls * cmd", "0 5 * * *", 5],
  ])("%p as %p", (line, expression, count) => {
    expect(read(line)).toEqual({ expression, count, fault: null });
    expect(nextTime(parseSchedule(expression, { seed: "here/job" }), Date.now())).toBeNumber();
  });
});

describe("refused, with its place, is", () => {
  test.each([
    ["61 * * * * cmd", 0, "minute '61' is not within 0-59"],
    ["1,2,77 * * * * cmd", 4, "minute '77' is not within 0-59"],
    ["0 24 * * * cmd", 2, "hour '24' is not within 0-23"],
    ["0 0 32 * * cmd", 4, "day of month '32' is not within 1-31"],
    ["0 0 0 * * cmd", 4, "day of month '0' is not within 1-31"],
    ["0 0 * foo * cmd", 6, "month 'foo' is not within 1-12 or JAN-DEC"],
    ["0 0 * * 8 cmd", 8, "day of week '8' is not within 0-7 or SUN-SAT"],
    ["5-1 * * * * cmd", 0, "minute '5-1' is a range that goes down"],
    ["*/0 * * * * cmd", 0, "minute '*/0' has the step '0'"],
    ["15~6 * * * * cmd", 0, "minute '15~6' is no random value"],
    ["1~2~3 * * * * cmd", 0, "minute '1~2~3' is no random value"],
    ["0 0 * * ~8 cmd", 8, "day of week '~8' is no random value"],
    [", * * * * cmd", 0, "minute ',' names nothing"],
    ["0 0 1 1 * 1 2028 cmd", 12, "year"],
    ["0 99 1 1 * * * cmd", 2, "minute '99' is not within 0-59"],
    ["* * * * *", 9, "the line needs a command"],
  ])("%p", (line, at, reason) => {
    const { fault } = read(line);
    // A year that is none is no field, and so a command.
    if (reason === "year") expect(fault).toBeNull();
    else
      expect({ at: fault?.at, reason: fault?.reason }).toEqual({
        at,
        reason: expect.stringContaining(reason),
      });
  });
});

const fields = fieldsFor(5) ?? [];
const weekdays = "sun mon tue wed thu fri sat".split(" ");
const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** An entry of a field with the values that it means, counted out. */
function entryOf(index: number): fc.Arbitrary<{ text: string; values: number[] }> {
  const field = fields[index];
  const [low, high] = [field?.minimum ?? 0, index === 4 ? 6 : (field?.maximum ?? 0)];
  const value = fc.integer({ min: low, max: high });
  const all = Array.from({ length: high - low + 1 }, (_, offset) => low + offset);
  const written = (number: number) => {
    const names =
      index === 3
        ? [months[number - 1]]
        : index === 4
          ? [weekdays[number], ...(number === 0 ? ["7"] : [])]
          : [];
    return fc.constantFrom(...[String(number), `0${number}`, ...names].filter((name) => name !== undefined));
  };
  const stepped = (values: number[], step: number) => values.filter((_, offset) => offset % step === 0);
  const pair = fc
    .tuple(value, value)
    .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
  const step = fc.integer({ min: 1, max: 12 });
  return fc.oneof(
    fc.constant({ text: "*", values: all }),
    fc.constant({ text: "?", values: all }),
    step.map((every) => ({ text: `*/${every}`, values: stepped(all, every) })),
    value.chain((number) => written(number).map((text) => ({ text, values: [number] }))),
    pair.chain(([from, to]) =>
      fc.tuple(written(from), written(to), fc.option(step)).map(([one, other, every]) => {
        // Seven is a Sunday at the end of a range, and can't be at its start.
        const start = index === 4 && one === "7" ? "0" : one;
        const end = index === 4 && other === "7" ? "0" : other;
        const values = all.filter((number) => number >= from && number <= to);
        const text = `${start}-${end}${every === null ? "" : `/${every}`}`;
        return { text, values: every === null ? values : stepped(values, every) };
      }),
    ),
  );
}

test("each field means what its entries mean, counted out", () => {
  const list = (index: number) => fc.array(entryOf(index), { minLength: 1, maxLength: 4 });
  const line = fc.tuple(list(0), list(1), list(2), list(3), list(4));
  fc.assert(
    fc.property(line, (lists) => {
      const texts = lists.map((entries) => entries.map(({ text }) => text).join(","));
      const found = read(`${texts.join(" ")} command`);
      expect(found.fault).toBeNull();
      if (found.fault !== null) return;
      for (const [index, word] of found.expression.split(" ").entries()) {
        const field = fields[index];
        const expected = [...new Set(lists[index]?.flatMap(({ values }) => values))].toSorted(
          (a, b) => a - b,
        );
        expect({ texts, values: field && valuesOf(field, word) }).toEqual({ texts, values: expected });
      }
    }),
    { numRuns: 1_000 },
  );
});

/** supercronic's: seven fields, six with a year, five; the first row that all match. */
function plainCount(words: readonly string[]): number | null {
  const rows = [
    [7, [59, 59, 23, 31, 12, 7, 2999]],
    [6, [59, 23, 31, 12, 7, 2999]],
    [5, [59, 23, 31, 12, 7]],
  ] as const;
  for (const [count, highest] of rows) {
    if (words.length <= count) continue;
    const isRow = highest.every((high, index) => {
      const word = words[index] ?? "";
      const low = high === 31 || high === 12 ? 1 : high === 2999 ? 1970 : 0;
      return word === "*" || (/^\d+$/.test(word) && Number(word) >= low && Number(word) <= high);
    });
    if (isRow) return count;
  }
  return null;
}

test("which words are fields is decided as supercronic does", () => {
  const word = fc.constantFrom("*", "*", "0", "5", "12", "31", "59", "2027", "ls", "mon", "60");
  fc.assert(
    fc.property(fc.array(word, { minLength: 5, maxLength: 9 }), (words) => {
      // A name is a weekday or a command, which the plain reading does not know.
      fc.pre(!words.includes("mon"));
      const found = readFields(wordsOf(words.join(" ")), 1);
      expect(found.fault === null ? found.count : null).toBe(plainCount(words));
    }),
    { numRuns: 3_000 },
  );
});

test("a random value is within its range, the same for one job, and spread over jobs", () => {
  const { expression = "" } = read("6~15 * * * * cmd") as { expression?: string };
  const minute = fields[0];
  const values = Array.from({ length: 200 }, (_, index) => {
    const schedule = parseSchedule(expression, { seed: `here/job ${index}` });
    if (schedule.kind !== "cron" || minute === undefined) throw new Error("it is a cron schedule");
    return numberOf(minute, schedule.expression.split(" ")[0] ?? "");
  });
  expect(new Set(values)).toEqual(new Set([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
});
