// The last records of a log that are wanted, found from its end backwards. Pure, over bytes at places.
import { type Bytes, readFully, upTo } from "./bytes.ts";
import type { Filter } from "./filter.ts";
import { madeText } from "./garbage.ts";
import { RecordReader } from "./record-reader.ts";

export interface Last {
  /** Where the first of them begins: from here on there are exactly `count` that are wanted. */
  readonly start: number;
  readonly count: number;
}

const blockBytes = 64 * 1024;
const placeBytes = 8;
/** What a block leaves behind, roughly: views of buffers and the like. */
const blockObjectBytes = 1024;
const newline = 0x0a;
const space = 0x20;

/**
 * The last `count` records that the filter wants, between two places where records begin. Those before them are not read.
 * @returns fewer if there are no more
 */
export function lastRecords(file: Bytes, from: number, end: number, count: number, wants: Filter): Last {
  // Made once: there may be a hundred thousand blocks.
  const reader = new RecordReader();
  const block = Buffer.allocUnsafeSlow(blockBytes + 2);
  let found = 0;
  let start = end;
  for (let blockEnd = end; found < count && blockEnd > from; ) {
    const blockStart = recordBefore(file, from, blockEnd, block);
    reader.restart(blockStart);
    reader.header.timeMs = Number.NaN;
    const places = wantedIn(upTo(file, blockEnd), reader, count - found, wants);
    madeText(places.length * placeBytes + blockObjectBytes);
    found += places.length;
    if (places[0] !== undefined) start = places[0];
    blockEnd = blockStart;
  }
  return { start, count: found };
}

/** The places of the last `most` wanted records from where a reader begins, in order. */
function wantedIn(part: Bytes, reader: RecordReader, most: number, wants: Filter): number[] {
  const places: number[] = [];
  const { needle = null } = wants;
  for (let isMore = true; isMore; ) {
    const read = part.read(reader.readTo, reader.room());
    reader.filled(read);
    isMore = read > 0;
    for (;;) {
      if (needle !== null) reader.skipTo(needle);
      if (!reader.next(isMore ? "more" : "none")) break;
      if (!reader.isPart && wants(reader)) places.push(reader.offset);
    }
    // A block is small, unless it holds one long record.
    if (places.length > most) places.splice(0, places.length - most);
  }
  return places;
}

/** Where a record begins, about a block before a place: a line that is not indented begins one. `from` if there is none. */
function recordBefore(file: Bytes, from: number, place: number, block: Buffer): number {
  for (let end = place; end > from; ) {
    const start = Math.max(from, end - blockBytes);
    // Two bytes more, to see whether the line that begins last is indented.
    const length = readFully(upTo(file, Math.min(end + 2, file.size)), start, block);
    const found = firstLineIn(block, length, Math.min(length, end - start));
    if (found !== null) return start + found;
    end = start;
  }
  return from;
}

/** The first line that begins within a block, before `end`, and is not indented. */
function firstLineIn(block: Buffer, length: number, end: number): number | null {
  for (let at = block.indexOf(newline); at !== -1 && at + 1 < end; at = block.indexOf(newline, at + 1)) {
    const isIndented = at + 2 < length && block[at + 1] === space && block[at + 2] === space;
    if (!isIndented) return at + 1;
  }
  return null;
}
