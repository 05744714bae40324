import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeKeys, encodeKeys } from "../../src/store/sqlite/keys.ts";

test("keys come out as they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 })), (keys) => {
      expect(decodeKeys(encodeKeys(keys))).toEqual(keys);
    }),
  );
});

test("keys in order take a byte each", () => {
  expect(encodeKeys(Array.from({ length: 100_000 }, (_, at) => at + 1)).length).toBe(100_000);
});
