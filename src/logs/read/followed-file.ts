// One file that is read on as it grows, under whatever name, with what has been seen of it: so a truncation is noticed also if the
// file has grown again since.
import { DamagedError } from "./decompress.ts";
import type { Filter } from "./filter.ts";
import type { LogFile } from "./log-file.ts";
import { type Ahead, RecordReader } from "./record-reader.ts";
import { flowOf, type OnDamage, type Records } from "./records.ts";

const tailBytes = 64;

export class FollowedFile implements Records {
  file: LogFile;
  reader = new RecordReader();
  readonly #wants: Filter;
  readonly #onDamage: OnDamage;
  /** The last bytes that were read; they end at reader.readTo. */
  #tail: Buffer = Buffer.alloc(0);
  readonly #compressed: ReturnType<typeof flowOf> | null;
  #isWanted = false;
  /** Nothing will be appended. */
  isFinal = false;

  constructor(file: LogFile, start: number, wants: Filter, onDamage: OnDamage) {
    this.file = file;
    this.#wants = wants;
    this.#onDamage = onDamage;
    this.reader.restart(start);
    this.#compressed = file.compression === "none" ? null : flowOf(file, 0, 0);
    this.isFinal = this.#compressed !== null;
    if (start > 0) this.#tail = this.#bytesBefore(start, Math.min(start, tailBytes));
  }

  next(): boolean {
    for (;;) {
      const read = this.#give("later");
      if (read) return true;
      if (!this.#fill()) break;
    }
    return this.isFinal && this.#give("none");
  }

  /** Whether what has been read of it is still there. */
  isIntact(): boolean {
    if (this.#compressed !== null) return true;
    const { size } = this.file.measure();
    if (size < this.reader.readTo) return false;
    return this.#bytesBefore(this.reader.readTo, this.#tail.length).equals(this.#tail);
  }

  /** Whether another file has the same bytes up to where this one has been read: it is a copy, made before a truncation. */
  isCopiedIn(other: LogFile): boolean {
    const { readTo } = this.reader;
    if (other.compression !== "none" || other.size < readTo) return false;
    const there = Buffer.alloc(this.#tail.length);
    const count = other.read(readTo - there.length, there);
    return count === there.length && there.equals(this.#tail);
  }

  /** A file that goes on where this one has been read up to, and takes the begun record with it. */
  continuedIn(copy: LogFile): FollowedFile {
    const other = new FollowedFile(copy, this.reader.readTo, this.#wants, this.#onDamage);
    other.reader = this.reader;
    other.#isWanted = this.#isWanted;
    other.isFinal = true;
    this.startAgain();
    return other;
  }

  /** From the beginning: it was truncated. */
  startAgain(): void {
    const { timeMs } = this.reader.header;
    this.reader = new RecordReader();
    this.reader.header.timeMs = timeMs;
    this.#tail = Buffer.alloc(0);
  }

  /** Lets go of it. */
  close(): void {
    this.file.close();
  }

  /** Goes on where it was let go of. */
  reopen(file: LogFile): void {
    const { givenTo, header } = this.reader;
    this.file = file;
    this.reader = new RecordReader();
    this.reader.restart(givenTo);
    this.reader.header.timeMs = header.timeMs;
    this.#tail = this.#bytesBefore(givenTo, Math.min(givenTo, tailBytes));
    this.isFinal = false;
  }

  #give(ahead: Ahead): boolean {
    while (this.reader.next(ahead)) {
      if (!this.reader.isPart) this.#isWanted = this.#wants(this.reader);
      if (this.#isWanted) return true;
    }
    return false;
  }

  #fill(): boolean {
    const at = this.reader.readTo;
    const room = this.reader.room();
    const count = this.#read(at, room);
    this.reader.filled(count);
    if (count > 0) this.#remember(room.subarray(0, count));
    return count > 0;
  }

  #read(at: number, room: Buffer): number {
    try {
      return this.#compressed === null ? this.file.read(at, room) : this.#compressed.read(room);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      const { readTo, header } = this.reader;
      this.#onDamage(this.file.path, error, { bytes: readTo, timeMs: header.timeMs });
      return 0;
    }
  }

  #remember(read: Buffer): void {
    const joined = read.length >= tailBytes ? read : Buffer.concat([this.#tail, read]);
    this.#tail = Buffer.from(joined.subarray(-tailBytes));
  }

  #bytesBefore(end: number, count: number): Buffer {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, this.file.read(end - count, bytes));
  }
}
