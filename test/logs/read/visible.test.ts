// No byte of a log steers a terminal.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { firstHazard, visibleText } from "../../../src/logs/read/visible.ts";

const shown = (text: string | Buffer) => {
  const bytes = Buffer.from(text as string);
  return visibleText(bytes, 0, bytes.length);
};

test.each([
  ["plain\ttext\n", "plain\ttext\n"],
  ["\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
  ["a\rb\x7f\b", "a\\x0db\\x7f\\x08"],
  ["\u009b31m", "\\xc2\\x9b31m"],
  ["ünï 日本 🎉", "ünï 日本 🎉"],
  ["gnp.\u202etxt", "gnp.\\xe2\\x80\\xaetxt"],
])("%j is shown as %j", (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test("bytes that are no UTF-8 are escaped, whatever stands around them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = visibleText(bytes, 0, bytes.length);
      expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\ufffd\u202a-\u202e]/);
      expect(firstHazard(Buffer.from(text), 0, Buffer.byteLength(text))).toBe(Buffer.byteLength(text));
    }),
    { numRuns: 500 },
  );
});
