// Whether a pipe has a reader is known without writing to it.
import { expect, test } from "bun:test";
import { closeDescriptor, pipe } from "../../src/libc/files.ts";
import { hasReader } from "../../src/libc/reader.ts";

test("a pipe has a reader until the last one closes it", () => {
  const { readEnd, writeEnd } = pipe();
  expect(hasReader(writeEnd)).toBe(true);
  closeDescriptor(readEnd);
  expect(hasReader(writeEnd)).toBe(false);
  closeDescriptor(writeEnd);
});

test("what is no descriptor is refused", () => {
  expect(() => hasReader(-1)).toThrow(RangeError);
});
