// The wanted records of one log, one after the other, through all the files that hold some. What comes is one cursor that moves,
// not an object a record: there are millions.
import { type Bytes, bytesOf, upTo } from "./bytes.ts";
import { DamagedError, decompressed, type Flow } from "./decompress.ts";
import type { Filter } from "./filter.ts";
import { madeText } from "./garbage.ts";
import type { LogFile } from "./log-file.ts";
import { type Ahead, RecordReader } from "./record-reader.ts";
import { timeBefore } from "./search.ts";

export interface Records {
  /** Its current record holds until the next call of `next`. */
  readonly reader: RecordReader;
  /** Moves to the next record, or the next part of one. @returns false if there is none, or none yet */
  next(): boolean;
  close(): void;
}

/** A stretch of a file. */
export interface Segment {
  readonly file: LogFile;
  /** A place where a record begins; 0 in compressed files. */
  readonly start: number;
  readonly end: number;
  /** So many wanted records at its begin are not to be given. */
  readonly skip: number;
  /** The time of the record before it; NaN: not known. */
  readonly timeBeforeMs: number;
}

/** How far a file could be read. */
export interface Reached {
  /** Of its text. */
  readonly bytes: number;
  /** Of the last record; NaN: not known. */
  readonly timeMs: number;
}

/** Told when a file can't be opened, or not be read to its end. @param reached null: it could not be opened */
export type OnDamage = (path: string, error: unknown, reached: Reached | null) => void;

/** What reading some bytes leaves behind, roughly: views of buffers. */
const fillObjectBytes = 512;
const pouredBytes = 256 * 1024;
/** The last record's header is in so many bytes, as a rule. */
const tailBytes = 8 * 1024;
const newline = 0x0a;
const lineEnd = Buffer.from("\n");

/** Records of stretches of files, which are closed when they have been read. */
export class SegmentRecords implements Records {
  readonly reader = new RecordReader();
  readonly #segments: Segment[];
  readonly #wants: Filter;
  readonly #onDamage: OnDamage;
  #flow: Flow | null = null;
  #ahead: Ahead = "more";
  #skip = 0;
  #isWanted = false;
  /** Why the current file can't be read on. */
  #damage: DamagedError | null = null;

  constructor(segments: readonly Segment[], wants: Filter, onDamage: OnDamage) {
    this.#segments = [...segments];
    this.#wants = wants;
    this.#onDamage = onDamage;
  }

  next(): boolean {
    const { reader } = this;
    for (;;) {
      while (this.#flow !== null && this.#nextIn(reader)) {
        if (!reader.isPart) this.#isWanted = this.#decide();
        if (this.#isWanted) return true;
      }
      if (!this.#fill() && !this.#begin()) return false;
    }
  }

  /** Gives all bytes as they are, where nothing but whole records is left to do. A file's last line gets its end. */
  pour(write: (bytes: Uint8Array, length: number) => void): void {
    const block = Buffer.allocUnsafeSlow(pouredBytes);
    while (this.#begin()) {
      let bytes = 0;
      let tail: Buffer = Buffer.alloc(0);
      for (let read = this.#readFully(block); read > 0; read = this.#readFully(block)) {
        write(block, read);
        bytes += read;
        tail = Buffer.from(
          Buffer.concat([tail, block.subarray(Math.max(0, read - tailBytes), read)]).subarray(-tailBytes),
        );
      }
      if (bytes > 0 && tail.at(-1) !== newline) write(lineEnd, 1);
      this.#endSegment(() => ({ bytes, timeMs: timeBefore(bytesOf(tail), tail.length) }));
    }
  }

  /** Whether its bytes can be given as they are. */
  get isPourable(): boolean {
    return this.#wants.isEverything === true && this.#segments.every(({ skip }) => skip === 0);
  }

  close(): void {
    for (const { file } of this.#segments.splice(0)) file.close();
  }

  #decide(): boolean {
    if (!this.#wants(this.reader)) return false;
    if (this.#skip === 0) return true;
    this.#skip -= 1;
    return false;
  }

  /** @returns false if the file has been read */
  #fill(): boolean {
    if (this.#flow === null) return false;
    if (this.#ahead === "more") {
      const read = this.#read(this.reader.room());
      madeText(fillObjectBytes);
      this.reader.filled(read);
      if (read === 0) this.#ahead = "none";
      return true;
    }
    const { readTo, header } = this.reader;
    this.#endSegment(() => ({ bytes: readTo, timeMs: header.timeMs }));
    return false;
  }

  #endSegment(reached: () => Reached): void {
    const file = this.#segments.shift()?.file;
    file?.close();
    this.#flow = null;
    if (this.#damage !== null) this.#onDamage(file?.path ?? "", this.#damage, reached());
    this.#damage = null;
  }

  /** In what was read anew, and behind each record, is looked for what all wanted records have. */
  #nextIn(reader: RecordReader): boolean {
    const { needle = null } = this.#wants;
    if (needle !== null) reader.skipTo(needle);
    return reader.next(this.#ahead);
  }

  #readFully(into: Buffer): number {
    let length = 0;
    for (let read = -1; read !== 0 && length < into.length; length += read)
      read = this.#read(into.subarray(length));
    return length;
  }

  #read(into: Buffer): number {
    try {
      return this.#flow?.read(into) ?? 0;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      this.#damage = error;
      return 0;
    }
  }

  #begin(): boolean {
    const [segment] = this.#segments;
    if (segment === undefined) return false;
    const { file, start, end, skip, timeBeforeMs } = segment;
    this.reader.restart(start);
    if (!Number.isNaN(timeBeforeMs)) this.reader.header.timeMs = timeBeforeMs;
    this.#flow = flowOf(file, start, end);
    this.#ahead = "more";
    this.#skip = skip;
    this.#isWanted = false;
    return true;
  }
}

/** The bytes of a stretch, one after the other. */
export function flowOf(file: LogFile, start: number, end: number): Flow {
  if (file.compression !== "none") return decompressed(file, file.compression);
  const part: Bytes = upTo(file, end);
  let at = start;
  return {
    read(into) {
      const read = part.read(at, into);
      at += read;
      return read;
    },
  };
}
