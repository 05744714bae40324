// What of a run is small enough to be kept, and that what is not costs little.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { failureOf } from "../../../src/runtime/failure.ts";
import { tellThrown } from "../../../src/runtime/isolate/thrown.ts";
import { jsonUpTo, keptResult, keptState, runError } from "../../../src/runtime/running/kept.ts";

test("a value is its JSON if that is no longer than it may be, and nothing otherwise", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.nat(200), (value, most) => {
      const text = JSON.stringify(value);
      const isTooLong = Buffer.byteLength(text) > most;
      expect(jsonUpTo(value, most)).toEqual({ text: isTooLong ? null : text, isTooLong });
    }),
  );
});

test.each([
  [{ at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [new Map([["a", 1]]), "{}"],
  [[undefined, () => {}], "[null,null]"],
])("%p is kept as JSON has it", (value, text) => {
  expect(keptResult(value)).toBe(text);
});

test.each([[1n], [undefined], [Symbol("odd")], [() => {}]])("%p is no JSON", (value) => {
  expect(keptResult(value)).toBeNull();
});

test("a million rows are given up early", () => {
  let looks = 0;
  const row = {
    toJSON() {
      looks += 1;
      return { id: 1, name: "row" };
    },
  };
  const rows = Array.from({ length: 1_000_000 }, () => row);
  expect(keptResult(rows)).toBeNull();
  expect(keptState(rows, null)).toEqual({ text: null, problem: "it has more than 65536 bytes as JSON" });
  expect(looks).toBeLessThan(20_000);
});

test.each([[undefined], [["frame"]], [7]])("an error whose stack is %p keeps its message", (stack) => {
  const error = Object.defineProperty(new RangeError("far"), "stack", { value: stack });
  expect(runError(error, null)).toEqual({ name: "RangeError", message: "far", stack: null });
  expect(failureOf(error, "/m.ts").message).toBe("RangeError: far");
  expect(tellThrown(error).error).toMatchObject({ name: "RangeError", message: "far", stack: null });
});

describe("a state", () => {
  test("may have 64 KiB, in bytes", () => {
    const most = "é".repeat(32 * 1024 - 1);
    expect(keptState(most, null)).toEqual({ text: JSON.stringify(most), problem: null });
    expect(keptState(`${most}é`, null).problem).toBe("it has more than 65536 bytes as JSON");
  });

  test("that was taken away is null, and one that never was is none", () => {
    expect(keptState(undefined, "5")).toEqual({ text: "null", problem: null });
    expect(keptState(undefined, null)).toEqual({ text: null, problem: null });
    expect(keptState(1n, "5")).toEqual({ text: null, problem: "it is not a JSON value" });
  });
});
