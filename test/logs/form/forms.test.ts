// The forms of a record, for whatever a user hands to a log: always one record a line, and nothing throws.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatted, formatterOf } from "../../../src/logs/form/form.ts";
import { formatLine } from "../../../src/logs/form/text.ts";
import type { LogRecord } from "../../../src/logs/line.ts";

const timeMs = Date.parse("2026-11-21T09:30:00.000Z");
const run = { job: "mail", id: "mail@2026-11-21T09:30:00.000Z", attempt: 2 };
const base = { timeMs, level: "info", job: null, message: "sent" } as const;

const formatJson = (record: LogRecord) => formatted(formatterOf("json"), record);
const formatLogfmt = (record: LogRecord) => formatted(formatterOf("logfmt"), record);
const parsed = (record: LogRecord) => JSON.parse(formatJson(record));

test("json leaves out what there is nothing of, and begins with time and level", () => {
  expect(formatJson(base)).toBe('{"time":"2026-11-21T09:30:00.000Z","level":"info","message":"sent"}\n');
  const error = new TypeError("no", { cause: new Error("deep") });
  const text = formatJson({ ...base, level: "error", job: "mail", run, fields: { a: 1 }, error });
  expect(Object.keys(JSON.parse(text))).toEqual([
    ...["time", "level", "job", "run", "attempt", "message", "fields", "error"],
  ]);
  expect(JSON.parse(text)).toMatchObject({
    ...{ time: "2026-11-21T09:30:00.000Z", level: "error", job: "mail", run: run.id, attempt: 2 },
    fields: { a: 1 },
    error: {
      name: "TypeError",
      message: "no",
      stack: expect.stringContaining("forms.test.ts"),
      cause: { name: "Error", message: "deep" },
    },
  });
});

test("whatever stands in fields is shown", () => {
  const circular: Record<string, unknown> = { name: "c" };
  circular["self"] = circular;
  const hostile = {
    get bad(): never {
      throw new RangeError("no");
    },
  };
  const proxy = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error("no");
      },
    },
  );
  const fields = {
    ...{ big: 12345678901234567890n, none: undefined, nan: Number.NaN, infinite: Number.POSITIVE_INFINITY },
    ...{ circular, hostile, proxy, symbol: Symbol("s"), call: function named() {}, date: new Date(timeMs) },
    ...{ bad: new Date(Number.NaN), map: new Map([["k", new Set([1, 2])]]), bytes: new Uint8Array([1, 2]) },
    ...{
      toJSON: { toJSON: () => ({ kept: true }) },
      url: new URL("https://example.com/a"),
      list: [undefined, 1],
    },
  };
  expect(parsed({ ...base, fields }).fields).toEqual({
    ...{ big: "12345678901234567890", nan: "NaN", infinite: "Infinity" },
    ...{ circular: { name: "c", self: "[Circular]" }, hostile: { bad: "[Getter threw RangeError]" } },
    ...{ proxy: "[can't be shown]", symbol: "Symbol(s)", call: "[Function named]" },
    ...{ date: "2026-11-21T09:30:00.000Z", bad: "Invalid Date", map: { k: [1, 2] } },
    ...{
      bytes: "Uint8Array(2) [ 1, 2 ]",
      toJSON: { kept: true },
      url: "https://example.com/a",
      list: [null, 1],
    },
  });
  for (const format of [formatLine, formatLogfmt]) expect(format({ ...base, fields })).toEndWith("\n");
});

test("an error that can't be looked at is told as that, in each form", () => {
  const refuse = () => {
    throw new Error("do not look");
  };
  const error = new Proxy(new Error("hidden"), { get: refuse, getPrototypeOf: refuse, ownKeys: refuse });
  const record: LogRecord = { ...base, error };
  expect(JSON.parse(formatJson(record)).error).toEqual({ name: "thrown", message: "[can't be shown]" });
  expect(formatLogfmt(record)).toContain("[can't be shown]");
});

test("a value that is too deep, or has too many parts, is cut off", () => {
  let deep: unknown = "bottom";
  for (let level = 0; level < 50; level += 1) deep = { deep };
  expect(formatJson({ ...base, fields: { deep } }).length).toBeLessThan(500);
  const wide = Array.from({ length: 300_000 }, () => ({}));
  expect(formatJson({ ...base, fields: { wide } }).length).toBeLessThan(4_000_000);
});

test("ten million characters are one line, whole", () => {
  const message = "x\n".repeat(5_000_000);
  const text = formatJson({ ...base, message });
  expect(text.indexOf("\n")).toBe(text.length - 1);
  expect(JSON.parse(text).message).toBe(message);
});

test("text that is no well-formed UTF-16 stays JSON", () => {
  const message = "a\ud800b\udc00";
  expect(parsed({ ...base, message }).message).toBe(message);
  expect(formatJson({ ...base, message })).toMatch(/^[\x20-\x7e]+\n$/);
});

test("no text breaks a line, forges one, or reaches a terminal as a command", () => {
  const unit = fc.constantFrom(
    "\n",
    "\r",
    "\u001b[2J",
    "\u009b",
    "\u2028",
    "\u202e",
    "\0",
    "\x7f",
    "]",
    '"',
    "a",
    "é",
    "\ud83d",
  );
  const text = fc.oneof(fc.string({ unit }), fc.string({ unit: "binary" }));
  const hazards = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
  fc.assert(
    fc.property(text, text, fc.dictionary(text, text), (message, job, fields) => {
      const record: LogRecord = { ...base, message, job, fields };
      for (const format of [formatJson, formatLogfmt]) {
        const line = format(record);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(line.slice(0, -1)).not.toMatch(hazards);
      }
      expect(parsed(record)).toMatchObject({ message, job });
      const [first, ...others] = formatLine(record).slice(0, -1).split("\n");
      expect(first).toStartWith("2026-11-21T09:30:00.000Z INFO  [");
      for (const line of others) expect(line).toStartWith("  ");
      expect(formatLine(record)).not.toMatch(hazards);
    }),
  );
});

test("logfmt quotes what is no bare word, and keeps its own keys apart", () => {
  const record = {
    ...{ ...base, job: "mail", run, message: 'said "hi"' },
    fields: { to: "a@b.c", n: 3, text: "two words", msg: "mine", "odd key": { a: [1] } },
    error: new Error("no"),
  };
  expect(formatLogfmt(record)).toStartWith(
    'time=2026-11-21T09:30:00.000Z level=info job=mail run=mail@2026-11-21T09:30:00.000Z attempt=2 msg="said \\"hi\\"" ' +
      'to=a@b.c n=3 text="two words" fields.msg=mine odd_key="{\\"a\\":[1]}" error.name=Error error.message="no" error.stack="Error: no',
  );
});

test("text shows fields behind the message, and control characters as escapes", () => {
  expect(formatLine({ ...base, job: "a", message: "x\r\ny\rz\x1b[1m", fields: { b: "c\nd" } })).toBe(
    "2026-11-21T09:30:00.000Z INFO  [a] x\n  y\\rz\\x1b[1m { b: 'c\\nd' }\n",
  );
});
