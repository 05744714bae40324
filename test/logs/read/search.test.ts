// Places that are found without reading everything are those that reading everything finds.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { everything, filterOf } from "../../../src/logs/read/filter.ts";
import { lastRecords } from "../../../src/logs/read/last-records.ts";
import { firstLineAt, timeBefore } from "../../../src/logs/read/search.ts";
import { inMemory, iso, naive, samples, startMs } from "./sample.ts";

/** Long enough for many steps of a search: each record stands many times, with what it says filled up. */
function large(records: ReadonlyArray<{ timeMs: number; text: string }>, filler: number): string {
  return records.map(({ text }) => text.replace(/\n$/, `${"z".repeat(filler)}\n`)).join("");
}

function placeOf(text: string, timeMs: number): number {
  let at = 0;
  for (const line of text.split("\n")) {
    const found =
      /^(?:\{"time":"|time=)?(\d{4}-\d\d-\d\dT[\d:.]+Z)(?: (?:DEBUG|INFO |WARN |ERROR) |","level":"| level=)/.exec(
        line,
      );
    if (found !== null && Date.parse(found[1] ?? "") >= timeMs) return at;
    at += Buffer.byteLength(line) + 1;
  }
  return Buffer.byteLength(text);
}

test("the first line of a time", () => {
  fc.assert(
    fc.property(samples(60), fc.nat(3000), fc.integer({ min: -1, max: 200 }), (records, filler, step) => {
      const text = large(records, filler);
      expect(firstLineAt(inMemory(text), startMs + step)).toBe(placeOf(text, startMs + step));
    }),
    { numRuns: 150 },
  );
});

test("the last wanted records, by whatever is wanted", () => {
  fc.assert(
    fc.property(
      samples(60),
      fc.nat(6000),
      fc.nat(70),
      fc.integer({ min: 0, max: 4 }),
      (records, filler, count, level) => {
        const text = large(records, filler);
        const file = inMemory(text);
        const { start, count: found } = lastRecords(
          file,
          0,
          file.size,
          count,
          filterOf({ ...everything, level }),
        );
        const all = naive(text, { level });
        expect(found).toBe(Math.min(count, all.length));
        const rest = Buffer.from(text).subarray(start).toString();
        expect(naive(rest, { level })).toEqual(count === 0 ? [] : all.slice(-count));
      },
    ),
    { numRuns: 150 },
  );
});

test("the time before a place", () => {
  const text = `${iso(startMs)} INFO  a\nraw\n${iso(startMs + 5)} INFO  b\n${"raw\n".repeat(20_000)}`;
  expect(timeBefore(inMemory(text), text.length)).toBe(startMs + 5);
  expect(timeBefore(inMemory(text), text.indexOf("raw") + 1)).toBe(startMs);
  expect(timeBefore(inMemory(text), 0)).toBeNaN();
});

test("some twenty reads find a time in gigabytes", () => {
  // A file that is computed where it is read.
  const lineBytes = 100;
  const size = 50_000_000 * lineBytes;
  let reads = 0;
  const line = (index: number) =>
    `${iso(startMs + index)} INFO  ${String(index).padStart(lineBytes - 32, "0")}\n`;
  const file = {
    size,
    read(at: number, into: Uint8Array) {
      reads += 1;
      const first = Math.floor(at / lineBytes);
      const last = Math.min(size / lineBytes, Math.ceil((at + into.length) / lineBytes));
      const text = Array.from({ length: last - first }, (_, index) => line(first + index)).join("");
      return Buffer.from(text).copy(into, 0, at - first * lineBytes);
    },
  };
  expect(firstLineAt(file, startMs + 31_415_926)).toBe(31_415_926 * lineBytes);
  expect(reads).toBeLessThan(45);
});
