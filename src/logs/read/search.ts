// Finding a time in a log without reading it: lines begin with their times, and the times ascend. Pure, over bytes at
// places.
import { type Bytes, readFully } from "./bytes.ts";
import { Header, raw } from "./header.ts";

const probeBytes = 16 * 1024;
const newline = 0x0a;
/** A header is within so many bytes of its line's begin. */
const headBytes = 4096;

/**
 * Where the first line begins whose header has this time or a later one; the file's size if there is none. Some twenty reads find it
 * in gigabytes; lines without a header between are read through. Where a clock was set back it is one of the places that will do.
 */
export function firstLineAt(file: Bytes, timeMs: number): number {
  const lines = new HeaderLines(file);
  let low = 0;
  let high = file.size;
  let best = file.size;
  // All headers of lines that begin before `low` are earlier, and `best` is the first that is not, of those from `high` on.
  while (high - low > probeBytes) {
    const middle = low + Math.floor((high - low) / 2);
    const found = lines.firstFrom(middle, high);
    if (found !== null && found.timeMs < timeMs) low = found.next;
    else {
      if (found !== null) best = found.at;
      high = middle;
    }
  }
  for (let at = low; ; ) {
    const found = lines.firstFrom(at, high);
    if (found === null) return best;
    if (found.timeMs >= timeMs) return found.at;
    at = found.next;
  }
}

/**
 * The time of the last header that begins before a place, looked for in the `farthestBytes` before it; NaN if there is
 * none.
 */
export function timeBefore(file: Bytes, place: number, farthestBytes = 1024 * 1024): number {
  const lines = new HeaderLines(file);
  for (let distance = probeBytes; ; distance *= 4) {
    const from = Math.max(0, place - distance);
    let timeMs = Number.NaN;
    for (
      let found = lines.firstFrom(from, place);
      found !== null;
      found = lines.firstFrom(found.next, place)
    ) {
      timeMs = found.timeMs;
    }
    if (!Number.isNaN(timeMs) || from === 0 || distance >= farthestBytes) return timeMs;
  }
}

interface HeaderLine {
  readonly at: number;
  readonly timeMs: number;
  /** From here on the next one is found. */
  readonly next: number;
}

/** Goes from one line with a header to the next. What was read last is kept. */
class HeaderLines {
  readonly #file: Bytes;
  readonly #header = new Header();
  readonly #block = Buffer.allocUnsafeSlow(probeBytes + headBytes);
  #blockStart = 0;
  #blockEnd = 0;

  constructor(file: Bytes) {
    this.#file = file;
  }

  /** The first line with a header that begins at `from` or after it, and before `end`. */
  firstFrom(from: number, end: number): HeaderLine | null {
    for (let at = this.lineFrom(from); at < end; at = this.lineFrom(at + 1)) {
      this.#load(at, headBytes);
      const start = at - this.#blockStart;
      const stop = Math.min(start + headBytes, this.#blockEnd - this.#blockStart);
      const lineEnd = this.#block.indexOf(newline, start);
      this.#header.read(this.#block, start, lineEnd === -1 ? stop : Math.min(lineEnd, stop));
      if (this.#header.form !== raw) return { at, timeMs: this.#header.timeMs, next: at + 1 };
    }
    return null;
  }

  lineFrom(from: number): number {
    if (from <= 0) return 0;
    // A line begins at `from` if the byte before it ends one.
    for (let at = from - 1; at < this.#file.size; at = this.#blockEnd) {
      this.#load(at, 1);
      if (this.#blockEnd <= at) break;
      const found = this.#block.indexOf(newline, at - this.#blockStart);
      if (found !== -1 && this.#blockStart + found < this.#blockEnd) return this.#blockStart + found + 1;
    }
    return this.#file.size;
  }

  /** Makes sure that the block holds `count` bytes from `at` on, or what there is of them. */
  #load(at: number, count: number): void {
    const wanted = Math.min(at + count, this.#file.size);
    if (at >= this.#blockStart && wanted <= this.#blockEnd) return;
    this.#blockStart = at;
    this.#blockEnd = at + readFully(this.#file, at, this.#block);
  }
}
