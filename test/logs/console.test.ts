// console.* of user modules: what each method makes of its arguments, at which level.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { takeOverConsole } from "../../src/logs/console.ts";

const methods = Object.getOwnPropertyNames(console);
const originals = new Map(methods.map((name) => [name, Reflect.get(console, name)]));
let records: string[] = [];

beforeEach(() => {
  records = [];
  takeOverConsole((level, message) => void records.push(`${level} ${message}`));
});

afterEach(() => {
  for (const [name, method] of originals) Reflect.set(console, name, method);
});

test("each method has its level", () => {
  console.log("a");
  console.info("b");
  console.warn("c");
  console.error("d");
  console.debug("e");
  expect(records).toEqual(["info a", "info b", "warn c", "error d", "debug e"]);
});

test("placeholders are filled in, and a lone text is left as it is", () => {
  console.log("%s is %d", "a", 1, { b: [2] });
  console.log("100 %s of %");
  console.log();
  console.log(undefined, null, 1n, Symbol("s"));
  expect(records).toEqual([
    "info a is 1 { b: [ 2 ] }",
    "info 100 %s of %",
    "info ",
    "info undefined null 1n Symbol(s)",
  ]);
});

test("an error is shown with its stack", () => {
  console.error(new RangeError("too far"));
  expect(records[0]).toStartWith("error RangeError: too far\n");
  expect(records[0]).toContain("console.test.ts:");
});

test("groups indent what is in them, every line of it", () => {
  console.group("outer");
  console.log("one\ntwo");
  console.groupCollapsed();
  console.count("deep");
  console.groupEnd();
  console.groupEnd();
  console.groupEnd();
  console.log("out");
  expect(records).toEqual(["info outer", "info   one\n  two", "info     deep: 1", "info out"]);
});

test("tables, counters, stop-watches, assertions and traces are records as well", () => {
  console.table([{ name: "a" }]);
  console.count();
  console.count();
  console.countReset();
  console.count();
  console.assert(1 + 1 === 2, "never");
  console.assert(false, "wrong by %d", 1);
  console.time("load");
  console.timeEnd("load");
  console.dir({ a: { b: {} } });
  console.trace("here");
  expect(records[0]).toStartWith("info ┌");
  expect(records[0]?.split("\n")).toHaveLength(5);
  expect(records.slice(1, 4)).toEqual(["info default: 1", "info default: 2", "info default: 1"]);
  expect(records[4]).toBe("error Assertion failed: wrong by 1");
  expect(records[5]).toMatch(/^info load: [\d.]+ ?m?s$/);
  expect(records[6]).toBe("info { a: { b: {} } }");
  expect(records).toHaveLength(8);
  const [title, first] = records[7]?.split("\n") ?? [];
  expect(title).toBe("debug Trace: here");
  expect(first).toContain("console.test.ts:");
});

test("a record keeps the empty lines inside it and loses its last end of line only where the console added it", () => {
  console.log("a\n\nb\n");
  expect(records).toEqual(["info a\n\nb\n"]);
});
