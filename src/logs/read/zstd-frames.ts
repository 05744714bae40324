// Where the frames of a zstd file end (RFC 8878, 3.1): the runtime's decompressor takes a file that ends within one for a whole one. Only the
// sizes of headers and blocks are read. Pure.

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4];
const contentSizeBytes = [0, 2, 4, 8];
const runLengthBlock = 1;
const checksumBytes = 4;

type Part = "magic" | "skippable size" | "descriptor" | "block";
const partBytes: Readonly<Record<Part, number>> = {
  magic: 4,
  "skippable size": 4,
  descriptor: 1,
  block: 3,
};

export class ZstdFrames {
  readonly #held = Buffer.alloc(4);
  #heldBytes = 0;
  #part: Part = "magic";
  /** So many bytes are content, before the next part. */
  #skip = 0;
  #hasChecksum = false;
  /** What is there is no frame: the decompressor will say so. */
  #isLost = false;

  /** Whether a frame could begin here, or the file end. */
  get isBetween(): boolean {
    return this.#isLost || (this.#part === "magic" && this.#heldBytes === 0 && this.#skip === 0);
  }

  push(bytes: Uint8Array, end: number): void {
    for (let at = 0; at < end && !this.#isLost; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#held[this.#heldBytes] = bytes[at] ?? 0;
      this.#heldBytes += 1;
      at += 1;
      if (this.#heldBytes === partBytes[this.#part]) this.#take();
    }
  }

  #take(): void {
    this.#heldBytes = 0;
    const held = this.#held;
    if (this.#part === "magic") this.#begin(held.readUInt32LE());
    else if (this.#part === "skippable size") {
      this.#part = "magic";
      this.#skip = held.readUInt32LE();
    } else if (this.#part === "descriptor") {
      const descriptor = held[0] ?? 0;
      const isOneSegment = (descriptor & 0x20) !== 0;
      const sizeBytes = descriptor < 0x40 && isOneSegment ? 1 : (contentSizeBytes[descriptor >> 6] ?? 0);
      this.#hasChecksum = (descriptor & 0x04) !== 0;
      this.#part = "block";
      this.#skip = (isOneSegment ? 0 : 1) + (dictionaryBytes[descriptor & 0x03] ?? 0) + sizeBytes;
    } else this.#beginBlock(held.readUIntLE(0, 3));
  }

  #begin(magic: number): void {
    if (magic === frameMagic) this.#part = "descriptor";
    else if ((magic & ~0xf) >>> 0 === skippableMagic) this.#part = "skippable size";
    else this.#isLost = true;
  }

  #beginBlock(header: number): void {
    const [isLast, type, size] = [(header & 1) !== 0, (header >> 1) & 3, header >> 3];
    this.#skip = type === runLengthBlock ? 1 : size;
    if (!isLast) return;
    this.#skip += this.#hasChecksum ? checksumBytes : 0;
    this.#part = "magic";
  }
}
