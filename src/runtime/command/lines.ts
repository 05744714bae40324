// Whole lines out of what a program writes, bytes at a time. Pure.

/** A longer line is told in pieces. */
export const longestLineBytes = 64 * 1024;

export class LineSplitter {
  readonly #tell: (line: string) => void;
  // Of UTF-8 that is none, each bad byte becomes one replacement character.
  #decoder = new TextDecoder();
  #rest = "";

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#tellOne(line);
    while (this.#rest.length > longestLineBytes) {
      this.#tell(this.#rest.slice(0, longestLineBytes));
      this.#rest = this.#rest.slice(longestLineBytes);
    }
  }

  /** Nothing more comes: the last line may have had no end. */
  end(): void {
    const last = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (last !== "") this.#tellOne(last);
  }

  #tellOne(line: string): void {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    for (let from = 0; from === 0 || from < text.length; from += longestLineBytes)
      this.#tell(text.slice(from, from + longestLineBytes));
  }
}
