// Where records are written to: collected in blocks, and given to standard output with or without blocking the event loop.
import { write, writeSync } from "node:fs";

/** Nobody reads any more: for a filter that is the end, and no error (SIGPIPE is ignored by the runtime). */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** What is shown can't be written, as on a full disk. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

const usualBytes = 128 * 1024;
const firstBytes = usualBytes + 64 * 1024;
const mostKeptBytes = 4 * 1024 * 1024;
const pauseMs = 5;

export class Out {
  readonly #descriptor: number;
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #length = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Enough has come together to be written. */
  get isFull(): boolean {
    return this.#length >= usualBytes;
  }

  copy(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#length += source.copy(this.#bytes, this.#length, start, end);
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Writes bytes that came elsewhere, behind what was collected. @throws {ReaderGone} */
  through(bytes: Uint8Array, length: number): void {
    this.flushSync();
    this.#writeSync(bytes, length);
  }

  /** Waits for a slow reader; an interrupt ends it as it ends any filter. @throws {ReaderGone} */
  flushSync(): void {
    const { bytes, length } = this.#take();
    this.#writeSync(bytes, length);
  }

  #writeSync(bytes: Uint8Array, length: number): void {
    for (let offset = 0; offset < length; ) {
      try {
        offset += writeSync(this.#descriptor, bytes, offset, length - offset);
      } catch (error) {
        // A pipe that another process has set to non-blocking.
        if (failure(error) === "again") Bun.sleepSync(pauseMs);
      }
    }
  }

  /** The same, but signals are heard meanwhile: a pager that is not moved on holds its writer up for hours. */
  async flush(): Promise<void> {
    const { bytes, length } = this.#take();
    for (let offset = 0; offset < length; ) {
      try {
        offset += await new Promise<number>((resolve, reject) => {
          write(this.#descriptor, bytes, offset, length - offset, null, (error, written) =>
            error === null || error === undefined ? resolve(written) : reject(error),
          );
        });
      } catch (error) {
        if (failure(error) === "again") await Bun.sleep(pauseMs);
      }
    }
  }

  #take(): { bytes: Buffer; length: number } {
    const taken = { bytes: this.#bytes, length: this.#length };
    this.#length = 0;
    if (this.#bytes.length > mostKeptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** @throws what it is, unless the same call may be tried again */
function failure(error: unknown): "again" {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "EAGAIN" || code === "EINTR") return "again";
  throw code === "EPIPE" ? new ReaderGone() : new OutputError("it can't be written", { cause: error });
}
