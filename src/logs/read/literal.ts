// A pattern that is only a text is looked for in a log's bytes, a whole block at a time, before any text is made of a record:
// most records don't have it. Pure.
import { json, logfmt } from "./header.ts";
import type { RecordReader } from "./record-reader.ts";

/** Tells of a reader's current record whether its message may match; false is certain. */
export type MayMatch = (reader: RecordReader) => boolean;

/** @returns null: the pattern is more than a text */
export function literalFilter({ source, flags }: RegExp): MayMatch | null {
  if (flags.includes("i") || source === "" || /[\\^$.*+?()[\]{}|\n]/.test(source)) return null;
  const wanted = Buffer.from(source);
  // JSON and logfmt write these otherwise than they are.
  const isWrittenAsIs = !/["/]|[^ -~]/.test(source);
  let reader: RecordReader | null = null;
  let restarts = 0;
  /** Where it is found next, and up to where it is known not to begin. */
  let hit = -1;
  let searchedTo = 0;
  return (current) => {
    const { header, bytes, offset, readTo, start, end } = current;
    if (!isWrittenAsIs && (header.form === json || header.form === logfmt)) return true;
    if (current !== reader || current.restarts !== restarts) {
      reader = current;
      restarts = current.restarts;
      hit = searchedTo = -1;
    }
    const lastStart = offset + end - start - wanted.length;
    if (hit < offset) {
      if (searchedTo > lastStart) return false;
      const found = bytes.indexOf(wanted, start);
      const place = found === -1 ? Number.POSITIVE_INFINITY : offset + found - start;
      // Behind the bytes that were read are old ones.
      const known = readTo - wanted.length + 1;
      hit = place < known ? place : -1;
      searchedTo = Math.min(place, known);
    }
    return hit !== -1 && hit <= lastStart;
  };
}
