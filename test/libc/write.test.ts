// Text on its way to a descriptor: what arrives is the UTF-8 of head and text, whatever was written before.
import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { writeString } from "../../src/libc/write.ts";
import { directory } from "../daemon/files.ts";

function written(lines: ReadonlyArray<readonly [head: string, text: string]>): string {
  const path = `${directory()}/log`;
  const descriptor = openSync(path, "a");
  try {
    for (const [head, text] of lines)
      expect(writeString(descriptor, head, text)).toBe(Buffer.byteLength(head) + Buffer.byteLength(text));
  } finally {
    closeSync(descriptor);
  }
  return readFileSync(path, "utf8");
}

const wellFormed = (text: string) => Buffer.from(text).toString();

test("heads and texts of any kind, one after another", () => {
  const head = fc.constantFrom("", "a ", "ä ", "a longer head ", "\u{1f600} ");
  const text = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.tuple(head, text), { maxLength: 20 }), (lines) => {
      expect(written(lines)).toBe(lines.map(([one, other]) => one + wellFormed(other)).join(""));
    }),
    { numRuns: 200 },
  );
});

test("what is no well-formed UTF-16 becomes U+FFFD, and long texts arrive whole", () => {
  expect(written([["h ", "a\ud800b\n"]])).toBe("h a\ufffdb\n");
  for (const length of [21_843, 21_844, 21_846, 65_536, 3_000_000]) {
    for (const character of ["x", "€"]) {
      const text = `${character.repeat(length)}\n`;
      expect(
        written([
          ["h ", text],
          ["h ", "short\n"],
        ]) === `h ${text}h short\n`,
      ).toBe(true);
    }
  }
});

test("an error is told with what was written", () => {
  const descriptor = openSync("/dev/full", "w");
  try {
    expect(writeString(descriptor, "h ", "text\n")).toEqual({ bytes: 0, ofBytes: 7, errno: 28 });
  } finally {
    closeSync(descriptor);
  }
});
