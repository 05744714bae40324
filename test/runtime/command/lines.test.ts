// What a program writes as lines: compared with the plain reading of the whole, however it was cut on its way.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { LineSplitter, longestLineBytes } from "../../../src/runtime/command/lines.ts";

function linesOf(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => void lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

/** Cut at places that are given as shares of the whole. */
function cut(bytes: Uint8Array, shares: readonly number[]): Uint8Array[] {
  const places = [0, ...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const text = fc.string({ unit: fc.constantFrom("a", "ß", "€", "𝄞", "\r", "\n", "\uFEFF", "\0") });

test("lines are those of the whole text", () => {
  fc.assert(
    fc.property(text, fc.array(share), (whole, shares) => {
      const expected = whole.split("\n").map((line) => line.replace(/\r$/, ""));
      // A last line without an end is one if there is anything in it.
      if (whole.endsWith("\n") || whole === "") expected.pop();
      expect(linesOf(cut(Buffer.from(whole), shares))).toEqual(expected);
    }),
  );
});

test("a long line comes whole, in pieces of at most 64 KiB that split no character", () => {
  const unit = fc.constantFrom("a", "ß", "€", "𝄞");
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 7 }), fc.array(share), (units, shares) => {
      const line = units.join("").repeat(Math.ceil(150_000 / Buffer.byteLength(units.join(""))));
      const lines = linesOf(cut(Buffer.from(`${line}\nnext\n`), shares));
      expect(lines.pop()).toBe("next");
      expect(lines.join("")).toBe(line);
      const sizes = lines.map((piece) => Buffer.byteLength(piece));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(longestLineBytes);
      expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(longestLineBytes - 4);
    }),
    { numRuns: 30 },
  );
});

test.each([longestLineBytes - 1, longestLineBytes, longestLineBytes + 1, 2 * longestLineBytes])(
  "a line of %d bytes has no empty piece after it, however it ends",
  (size) => {
    const line = "x".repeat(size);
    for (const end of ["\n", "\r\n", ""]) {
      const lines = linesOf([Buffer.from(line + end)]);
      expect(lines.join("")).toBe(line);
      expect(lines.length).toBe(Math.ceil(size / longestLineBytes));
    }
  },
);

test("bytes that are no text are cut at the limit, and each becomes one replacement character", () => {
  const lines = linesOf([new Uint8Array(150_000).fill(0x80)]);
  expect(lines.map(({ length }) => length)).toEqual([65_536, 65_536, 150_000 - 131_072]);
});
