// Text on its way to a descriptor: what arrives is the UTF-8 of head and text, whatever was written before.
import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { writeString } from "../../src/libc/write.ts";
import { directory } from "../daemon/files.ts";

function written(lines: ReadonlyArray<readonly [head: string, text: string]>, tail = ""): string {
  const path = `${directory()}/log`;
  const descriptor = openSync(path, "a");
  try {
    for (const [head, text] of lines)
      expect(writeString(descriptor, head, text, tail)).toBe(
        Buffer.byteLength(head + wellFormed(text) + tail),
      );
  } finally {
    closeSync(descriptor);
  }
  return readFileSync(path, "utf8");
}

const wellFormed = (text: string) => Buffer.from(text).toString();

test("heads, texts and tails of any kind, one after another", () => {
  const head = fc.constantFrom("", "a ", "ä ", "a longer head ", "\u{1f600} ");
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const tail = fc.constantFrom("", "\n", '"}\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(head, text), { maxLength: 20 }), tail, (lines, end) => {
      expect(written(lines, end)).toBe(lines.map(([one, other]) => one + wellFormed(other) + end).join(""));
    }),
    { numRuns: 200 },
  );
});

test("what is no well-formed UTF-16 becomes U+FFFD, and long texts arrive whole", () => {
  expect(written([["h ", "a\ud800b\n"]])).toBe("h a\ufffdb\n");
  for (const length of [21_843, 21_844, 21_846, 65_536, 3_000_000]) {
    for (const character of ["x", "€"]) {
      const text = character.repeat(length);
      const lines = [
        ["h ", text],
        ["h ", "short"],
      ] as const;
      expect(written(lines, "\n") === `h ${text}\nh short\n`).toBe(true);
    }
  }
});

test("an error is told with what was written", () => {
  const descriptor = openSync("/dev/full", "w");
  try {
    expect(writeString(descriptor, "h ", "text", "\n")).toEqual({ bytes: 0, ofBytes: 7, errno: 28 });
  } finally {
    closeSync(descriptor);
  }
});
