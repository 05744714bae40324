// Several logs are merged by time, and each keeps its own order.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { everything, filterOf } from "../../../src/logs/read/filter.ts";
import { Merge } from "../../../src/logs/read/merge.ts";
import { SegmentRecords } from "../../../src/logs/read/records.ts";
import { asFile, naive, type Sample, samples } from "./sample.ts";

function recordsOf(list: readonly Sample[]): SegmentRecords {
  const file = asFile(list.map(({ text }) => text).join(""));
  const segment = { file, start: 0, end: file.size, skip: 0, timeBeforeMs: Number.NaN };
  return new SegmentRecords([segment], filterOf(everything), () => {});
}

test("by time, none lost, none twice", () => {
  fc.assert(
    fc.property(fc.array(samples(20), { minLength: 1, maxLength: 4 }), (lists) => {
      const logs = lists.map(recordsOf);
      const merge = new Merge(logs);
      const found: { index: number; text: string }[] = [];
      const times: number[] = [];
      for (let index = merge.next(); index !== -1; index = merge.next()) {
        const { bytes, start, end, header } = logs[index]?.reader ?? fail();
        found.push({ index, text: bytes.toString("latin1", start, end) });
        if (!Number.isNaN(header.timeMs)) times.push(header.timeMs);
      }
      for (const [index, list] of lists.entries()) {
        const own = found.filter((one) => one.index === index).map(({ text }) => text);
        expect(own).toEqual(naive(list.map(({ text }) => text).join("")));
      }
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    }),
  );
});

function fail(): never {
  throw new Error("there is no such log");
}
