// Records are the same however their bytes are cut, and a long one comes in parts of bounded size.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Ahead, RecordReader } from "../../../src/logs/read/record-reader.ts";
import { iso, naive, samples, startMs } from "./sample.ts";

interface Given {
  text: string;
  isPart: boolean;
  timeMs: number;
}

function readIn(
  pieces: readonly Buffer[],
  most?: number,
  waiting: Ahead = "more",
  needle: Buffer | null = null,
) {
  const reader = new RecordReader(most);
  const given: Given[] = [];
  const take = (ahead: Ahead) => {
    for (;;) {
      if (needle !== null) reader.skipTo(needle);
      if (!reader.next(ahead)) break;
      const text = reader.bytes.toString("latin1", reader.start, reader.end);
      given.push({ text, isPart: reader.isPart, timeMs: reader.header.timeMs });
    }
  };
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const count = piece.copy(reader.room(), 0, at);
      reader.filled(count);
      at += count;
      take(waiting);
    }
  }
  take("none");
  return { given, held: reader.bytes.length };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

test("a record is a line with a header and the indented lines after it; other lines are records of their own", () => {
  const first = `${iso(startMs)} ERROR [poll] Error: no\n      at poll\n  cause: yes\n`;
  const json = `{"time":"${iso(startMs + 1)}","level":"info","message":"x"}\n`;
  const all = `  early\nraw\n  indented\n${first}raw again\n${json}  after json\nlast`;
  const { given } = readIn([Buffer.from(all)]);
  expect(given.map(({ text }) => text)).toEqual([
    "  early\n",
    "raw\n",
    "  indented\n",
    first,
    "raw again\n",
    json,
    "  after json\n",
    "last",
  ]);
  expect(given.map(({ timeMs }) => timeMs - startMs)).toEqual([
    Number.NaN,
    Number.NaN,
    Number.NaN,
    0,
    0,
    1,
    1,
    1,
  ]);
});

test("records are the same wherever the bytes are cut", () => {
  fc.assert(
    fc.property(
      samples(30),
      fc.array(fc.nat(4000), { maxLength: 20 }),
      fc.boolean(),
      (records, places, ends) => {
        const whole = Buffer.from(records.map(({ text }) => text).join(""));
        const all = ends ? whole : whole.subarray(0, -1);
        const { given } = readIn(cut(all, places));
        expect(given.map(({ text }) => text)).toEqual(naive(all));
        expect(given.map(({ text }) => text).join("")).toBe(all.toString("latin1"));
      },
    ),
  );
});

test("records that come late are whole lines, and all that continues one is marked as its part", () => {
  fc.assert(
    fc.property(samples(30), fc.array(fc.nat(4000), { maxLength: 20 }), (records, places) => {
      const all = Buffer.from(records.map(({ text }) => text).join(""));
      const { given } = readIn(cut(all, places), undefined, "later");
      for (const { text } of given) expect(text).toEndWith("\n");
      const joined: string[] = [];
      for (const { text, isPart } of given) {
        if (isPart) joined.push((joined.pop() ?? "") + text);
        else joined.push(text);
      }
      expect(joined).toEqual(naive(all));
    }),
  );
});

test("one that is longer than may be held comes in parts, and what follows it is found", () => {
  fc.assert(
    fc.property(
      samples(12),
      fc.integer({ min: 40, max: 90 }),
      fc.array(fc.nat(4000), { maxLength: 9 }),
      (records, most, places) => {
        const long = `${iso(startMs + 100)} WARN  ${"y".repeat(most * 3)}\n  more\n`;
        const all = Buffer.from(`${records.map(({ text }) => text).join("")}${long}end\n`);
        const { given, held } = readIn(cut(all, places), most);
        expect(given.map(({ text }) => text).join("")).toBe(all.toString("latin1"));
        expect(given.at(-1)).toMatchObject({ text: "end\n", isPart: false });
        expect(held).toBeLessThanOrEqual(most * 2);
        const starts = given.filter(({ isPart }) => !isPart).map(({ text }) => text.slice(0, 20));
        expect(starts).toEqual(naive(all).map((text) => text.slice(0, 20)));
      },
    ),
  );
});

test.each([undefined, 200])("what is passed over has nothing of what is looked for (held: %p)", (most) => {
  const places = fc.array(fc.nat(4000), { maxLength: 20 });
  const needles = fc.constantFrom("boom", "a", "x", "T0", "zzz");
  let fewer = 0;
  fc.assert(
    fc.property(samples(30), places, needles, (records, cuts, needle) => {
      const pieces = cut(Buffer.from(records.map(({ text }) => text).join("")), cuts);
      // The parts of one record are wanted or not together.
      const wanted = (given: readonly Given[]) => {
        const whole: Array<{ text: string; timeMs: number }> = [];
        for (const { text, isPart, timeMs } of given) {
          const last = whole.at(-1);
          if (isPart && last !== undefined) last.text += text;
          else whole.push({ text, timeMs });
        }
        return whole.filter(({ text }) => text.includes(needle));
      };
      const all = readIn(pieces, most).given;
      const some = readIn(pieces, most, "more", Buffer.from(needle)).given;
      expect(wanted(some)).toEqual(wanted(all));
      if (some.length < all.length) fewer += 1;
    }),
    { numRuns: 300 },
  );
  expect(fewer).toBeGreaterThan(50);
});
