// Whole lines out of what a program writes, bytes at a time. Pure.

/** A longer line is told in pieces, none of which splits a character. */
export const longestLineBytes = 64 * 1024;

const newline = 10;
const carriageReturn = 13;

export class LineSplitter {
  readonly #tell: (line: string) => void;
  // Of UTF-8 that is none, each bad byte becomes one replacement character; a byte-order mark stays.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  /** Whether a piece of this line has been told: then its end may be all that is left of it. */
  #isContinued = false;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    // The chunk's memory may be the reader's.
    if (start < chunk.length) this.#keep(chunk.slice(start));
  }

  /** Nothing more comes: the last line may have had no end. */
  end(): void {
    if (this.#restBytes > 0) this.#endLine();
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    // One more may be the carriage return before the line's end, or the rest of a character.
    if (this.#restBytes <= longestLineBytes + 1) return;
    let whole = this.#take();
    while (whole.length > longestLineBytes + 1) {
      const cut = characterStart(whole, longestLineBytes);
      this.#tell(this.#decoder.decode(whole.subarray(0, cut)));
      this.#isContinued = true;
      whole = whole.subarray(cut);
    }
    this.#rest = [whole];
    this.#restBytes = whole.length;
  }

  #endLine(): void {
    const whole = this.#take();
    const end = whole.at(-1) === carriageReturn ? whole.length - 1 : whole.length;
    const cut = end > longestLineBytes ? characterStart(whole, longestLineBytes) : end;
    if (cut > 0 || !this.#isContinued) this.#tell(this.#decoder.decode(whole.subarray(0, cut)));
    if (cut < end) this.#tell(this.#decoder.decode(whole.subarray(cut, end)));
    this.#isContinued = false;
  }

  #take(): Uint8Array {
    const [first] = this.#rest;
    const whole = this.#rest.length === 1 && first !== undefined ? first : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    return whole;
  }
}

/** The last place up to `limit` at which a character of UTF-8 begins; `limit` itself where the bytes are none. */
function characterStart(bytes: Uint8Array, limit: number): number {
  for (let at = limit; at > limit - 4; at -= 1) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  return limit;
}
