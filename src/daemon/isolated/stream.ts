// What comes through a descriptor that does not block, in pieces that leave others their turn.
import { closeDescriptor } from "../../libc/files.ts";
import { signalReadable, tryRead } from "../../libc/readable.ts";
import { errorCode } from "../error.ts";

export interface Receiver {
  push(chunk: Uint8Array): void;
  /** Nothing more comes. */
  end(): void;
}

/** So much a turn: some two hundred lines. */
const readBytes = 16_384;

export class Stream {
  readonly descriptor: number;
  readonly #receiver: Receiver;
  readonly #buffer = new Uint8Array(new ArrayBuffer(readBytes));
  #isOpen = true;
  #isSignalled = true;

  /** @param descriptor that its process is signalled for when there is something to read */
  constructor(descriptor: number, receiver: Receiver) {
    this.descriptor = descriptor;
    this.#receiver = receiver;
  }

  /** Whether its end has not been reached. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @returns whether there may be more at once */
  read(): boolean {
    if (!this.#isOpen) return false;
    const count = this.#readSome();
    if (count === null) return !this.#isSignalled && this.#signal(true);
    if (count === 0) this.end();
    else this.#receiver.push(this.#buffer.subarray(0, count));
    return this.#isOpen && (count < readBytes || !this.#isSignalled || this.#signal(false));
  }

  /** @returns true: what has come in between is told by nobody */
  #signal(enabled: boolean): true {
    signalReadable(this.descriptor, enabled);
    this.#isSignalled = enabled;
    return true;
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#receiver.end();
    closeDescriptor(this.descriptor);
  }

  #readSome(): number | null {
    try {
      return tryRead(this.descriptor, this.#buffer);
    } catch (error) {
      // A process that died with unread words resets the connection.
      if (errorCode(error) === "ECONNRESET") return 0;
      throw error;
    }
  }
}

/** Of a message; what is longer is none of djob's. */
const longestBytes = 16 << 20;
const newline = 10;

/** A message a line. */
export class MessageSplitter implements Receiver {
  readonly #tell: (text: string) => void;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      const text = this.#bytes > longestBytes ? "" : Buffer.concat(this.#parts).toString();
      this.#parts = [];
      this.#bytes = 0;
      this.#tell(text);
      start = end + 1;
    }
    // The chunk's memory is the reader's.
    if (start < chunk.length) this.#keep(chunk.slice(start));
  }

  end(): void {}

  #keep(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > longestBytes) this.#parts = [];
    else this.#parts.push(part);
  }
}
