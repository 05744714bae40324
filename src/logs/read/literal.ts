// A pattern that is only a text is looked for in a log's bytes, a whole block at a time, before any text is made of a record:
// most records don't have it. Pure.
import { json, logfmt } from "./header.ts";
import type { RecordReader } from "./record-reader.ts";

/** Tells of a reader's current record whether its message may match; false is certain. */
export type MayMatch = (reader: RecordReader) => boolean;

/** What a record has in its bytes, whatever its form, where the pattern matches. @returns null: that depends on the form, or on more */
export function needleOf(pattern: RegExp): Buffer | null {
  return isText(pattern) && isWrittenAsIs(pattern) ? Buffer.from(pattern.source) : null;
}

function isText({ source, flags }: RegExp): boolean {
  return !flags.includes("i") && source !== "" && !/[\\^$.*+?()[\]{}|\n\r\u2028\u2029]/.test(source);
}

/** JSON and logfmt write these otherwise than they are. */
function isWrittenAsIs({ source }: RegExp): boolean {
  return !/["/]|[^ -~]/.test(source);
}

/** @returns null: the pattern is more than a text */
export function literalFilter(pattern: RegExp): MayMatch | null {
  if (!isText(pattern)) return null;
  const wanted = Buffer.from(pattern.source);
  const isAsIs = isWrittenAsIs(pattern);
  let reader: RecordReader | null = null;
  let restarts = 0;
  /** Where it is found next, and up to where it is known not to begin. */
  let hit = -1;
  let searchedTo = 0;
  return (current) => {
    const { header, bytes, offset, readTo, start, end } = current;
    if (!isAsIs && (header.form === json || header.form === logfmt)) return true;
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
