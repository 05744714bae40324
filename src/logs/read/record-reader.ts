// Makes records of bytes that come piece by piece. A record is a line with a header and, in text form, the indented lines
// that continue it, or one line without a header, which is of the time of the record before. One that is longer than
// the buffer may grow is given in parts, so that no line, however long, takes more memory than that. Pure.
import { Header, raw, text } from "./header.ts";

/** What is known of the bytes that follow those that are there. */
export type Ahead =
  /** There are more. */
  | "more"
  /** There may be some day: a line that has ended is given, also if one that continues it could still come. */
  | "later"
  /** There are none. */
  | "none";

const firstBytes = 64 * 1024;
const mostRecordBytes = 512 * 1024;
/** Raw lines that are gone through for a header. */
const mostLinesBack = 100;
const newline = 0x0a;
const space = 0x20;

export class RecordReader {
  /** The current record is bytes[start, end), with its end of line if it has one. Both hold until the next call. */
  bytes: Buffer;
  start = 0;
  end = 0;
  readonly header = new Header();
  /** It goes on with the record before: the rest of a long one, or lines that came late. */
  isPart = false;
  /** Its line, or lines that continue it, go on in the next part. */
  isOpen = false;
  /** Where the current record begins, counted from the first byte that was given. */
  get offset(): number {
    return this.#base + this.start;
  }

  /** Up to where bytes were given. */
  get readTo(): number {
    return this.#base + this.#length;
  }

  /** Up to where records were given: what follows has begun and not ended. */
  get givenTo(): number {
    return this.#base + this.#next;
  }

  /** How often it has begun anew. */
  restarts = 0;
  readonly #most: number;
  #base = 0;
  #length = 0;
  #next = 0;
  /** The last part ended within a line. */
  #isWithinLine = false;
  /** Before this place skipping has nothing more to find. */
  #searchedTo = 0;
  readonly #probe = new Header();

  constructor(most = mostRecordBytes) {
    this.#most = most;
    this.bytes = Buffer.allocUnsafeSlow(Math.min(firstBytes, most));
  }

  /** Begins anew, at the place `offset` of another file. The time goes on: a line without a header has that of the one before. */
  restart(offset: number): void {
    this.restarts += 1;
    this.#base = offset;
    this.#searchedTo = 0;
    this.#length = this.#next = this.start = this.end = 0;
    this.#isWithinLine = this.isOpen = this.isPart = false;
    this.header.form = raw;
  }

  /** Where the next bytes may be put: at least one. */
  room(): Buffer {
    if (this.#next > 0 && this.#length - this.#next <= this.#next) {
      this.bytes.copy(this.bytes, 0, this.#next, this.#length);
      this.#base += this.#next;
      this.#length -= this.#next;
      this.start = this.end = this.#next = 0;
    }
    if (this.#length === this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(this.bytes.length * 2);
      this.bytes.copy(larger, 0, 0, this.#length);
      this.bytes = larger;
    }
    return this.bytes.subarray(this.#length);
  }

  /** So many bytes were put there. */
  filled(count: number): void {
    this.#length += count;
  }

  /** Moves to the next record; false if more bytes are needed first. */
  next(ahead: Ahead): boolean {
    const start = this.#next;
    if (start === this.#length) {
      if (ahead === "none") this.#isWithinLine = false;
      return false;
    }
    if (this.#isWithinLine)
      return this.#give(start, true, this.#endOfRecord(start, this.#endOfLine(start), ahead));
    const continues = this.header.form === text && this.#isIndented(start);
    if (continues === null && ahead === "more") return false;
    const lineEnd = this.#endOfLine(start);
    const isWhole = lineEnd !== -1 || ahead === "none" || this.#isFull(start);
    if (!isWhole) return false;
    if (continues !== true) this.header.read(this.bytes, start, lineEnd === -1 ? this.#length : lineEnd);
    return this.#give(start, continues === true, this.#endOfRecord(start, lineEnd, ahead));
  }

  /**
   * Passes over records that don't have a text in their bytes, as far as that can be told without going through each: up to a line with
   * a header, so that what follows has its time from there.
   */
  skipTo(needle: Buffer): void {
    if (this.#isWithinLine || this.isOpen || this.givenTo < this.#searchedTo) return;
    const from = this.#next;
    const found = this.bytes.indexOf(needle, from);
    // Behind the bytes that were given are old ones.
    let end = found === -1 ? this.#length : Math.min(found, this.#length);
    this.#searchedTo = this.#base + end + 1;
    for (let lines = 0; lines < mostLinesBack && end > from; lines += 1) {
      const at = this.bytes.lastIndexOf(newline, end - 1) + 1;
      if (at <= from) return;
      const lineEnd = this.#endOfLine(at);
      this.#probe.read(this.bytes, at, lineEnd === -1 ? this.#length : lineEnd);
      if (this.#probe.form !== raw) {
        this.#next = at;
        return;
      }
      end = at - 1;
    }
  }

  #give(start: number, isPart: boolean, end: number): boolean {
    if (end === -1) return false;
    this.start = start;
    this.end = this.#next = end;
    this.isPart = isPart;
    return true;
  }

  /** Sets whether it is open. @param firstEnd where its first line ends @returns -1 if more bytes are needed */
  #endOfRecord(start: number, firstEnd: number, ahead: Ahead): number {
    this.isOpen = false;
    for (let at = start, lineEnd = firstEnd; ; lineEnd = this.#endOfLine(at)) {
      if (lineEnd === -1) return this.#endWithinLine(start, at, ahead);
      const following = lineEnd + 1;
      const continues = this.header.form === text && this.#isIndented(following);
      if (continues === null && ahead === "more" && !this.#isFull(start)) return -1;
      if (continues !== true) {
        this.#isWithinLine = false;
        this.isOpen = continues === null && ahead === "more";
        return following;
      }
      at = following;
    }
  }

  /** @param at where the line begins that has not ended */
  #endWithinLine(start: number, at: number, ahead: Ahead): number {
    if (ahead === "none") {
      this.#isWithinLine = false;
      return this.#length;
    }
    // What came late is given up to where a line ends.
    if (ahead === "later" && at > start) {
      this.#isWithinLine = false;
      return at;
    }
    if (!this.#isFull(start)) return -1;
    this.isOpen = true;
    this.#isWithinLine = true;
    return this.#length;
  }

  #isFull(start: number): boolean {
    return this.#length - start >= this.#most;
  }

  /** -1: it has not ended yet. */
  #endOfLine(at: number): number {
    const found = this.bytes.indexOf(newline, at);
    return found < this.#length ? found : -1;
  }

  /** Whether a line continues a record; null: it can't be told yet. */
  #isIndented(at: number): boolean | null {
    if (at < this.#length && this.bytes[at] !== space) return false;
    if (at + 1 >= this.#length) return null;
    return this.bytes[at + 1] === space;
  }
}
