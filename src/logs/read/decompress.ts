// Reading a compressed log piece by piece, so that its size does not matter. Bun's zlib streams hand every piece through a
// queue of new buffers: 3.5 times the time and 20 MB more than their own handle's writeSync, which fills the buffer that
// it is given. That call is node's own between its two halves, so it is looked for before it is used.
import { type Bytes, readFully } from "./bytes.ts";
import type { Compression } from "./log-names.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** Bytes that come one after the other. */
export interface Flow {
  /** Fills `into`, or a part of it. @returns how many bytes; 0 at the end. @throws {DamagedError} behind the last good byte */
  read(into: Uint8Array): number;
}

/** What is compressed can't be read on from some place. */
export class DamagedError extends Error {
  override readonly name = "DamagedError";
  /** It is not wrong, but ends too early. */
  readonly isCutOff: boolean;

  constructor(why: string) {
    super(why);
    this.isCutOff = why === endsEarly;
  }
}

/** zlib's own words. */
const endsEarly = "unexpected end of file";

export function cutOff(): DamagedError {
  return new DamagedError(endsEarly);
}

const compressedBytes = 32 * 1024;
/** Z_NO_FLUSH and Z_FINISH; ZSTD_e_continue and ZSTD_e_end. */
const flushes = { gzip: { goOn: 0, finish: 4 }, zstd: { goOn: 0, finish: 2 } } as const;

export function decompressed(file: Bytes, compression: Exclude<Compression, "none">): Flow {
  let flow = new Decompression(file, compression);
  let given = 0;
  let isAgain = false;
  const again = () => {
    isAgain = true;
    flow = new Decompression(file, compression, flow.place);
    const passed = Buffer.allocUnsafeSlow(compressedBytes);
    for (let left = given; left > 0; ) left -= flow.read(passed.subarray(0, left));
  };
  return {
    read(into) {
      try {
        const read = flow.read(into);
        given += read;
        return read;
      } catch (error) {
        if (!(error instanceof DamagedError) || error.isCutOff || isAgain) throw error;
        // A call that fails keeps what it has made: the same once more, and from there on in the smallest steps.
        again();
        return this.read(into);
      }
    },
  };
}

class Decompression implements Flow {
  readonly #file: Bytes;
  readonly #handle: Handle;
  readonly #frames: ZstdFrames | null;
  readonly #flushes: { readonly goOn: number; readonly finish: number };
  readonly #block = Buffer.allocUnsafeSlow(compressedBytes);
  readonly #stepsFrom: number;
  #at = 0;
  #start = 0;
  #end = 0;
  #isOver = false;

  /** @param stepsFrom from this place in the file on it is read byte by byte */
  constructor(file: Bytes, compression: Exclude<Compression, "none">, stepsFrom = Number.POSITIVE_INFINITY) {
    this.#file = file;
    this.#handle = handleOf(compression);
    this.#frames = compression === "zstd" ? new ZstdFrames() : null;
    this.#flushes = flushes[compression];
    this.#stepsFrom = stepsFrom;
  }

  /** Up to where the file has been used. */
  get place(): number {
    return this.#at + this.#start;
  }

  read(into: Uint8Array): number {
    if (this.#file.size === 0 || into.length === 0) return 0;
    const { goOn, finish } = this.#flushes;
    for (;;) {
      if (this.#start === this.#end && !this.#isOver) this.#refill();
      const there = this.#end - this.#start;
      const length = Math.min(there, Math.max(1, this.#stepsFrom - this.place));
      const flush = this.#isOver ? finish : goOn;
      const { read, written } = this.#handle.write(flush, this.#block, this.#start, length, into);
      this.#start += read;
      if (written > 0) return written;
      // Behind what is compressed anything may stand: zeros of a block device, or what gzip calls trailing garbage.
      if (!this.#isOver && (read > 0 || there === 0)) continue;
      if (this.#frames?.isBetween === false) throw cutOff();
      return 0;
    }
  }

  #refill(): void {
    this.#at += this.#end;
    this.#start = 0;
    this.#end = readFully(this.#file, this.#at, this.#block);
    this.#isOver = this.#end === 0;
    this.#frames?.push(this.#block, this.#end);
  }
}

interface Handle {
  write(
    flush: number,
    block: Buffer,
    start: number,
    length: number,
    into: Uint8Array,
  ): { readonly read: number; readonly written: number };
}

function handleOf(compression: Exclude<Compression, "none">): Handle {
  const zlib = process.getBuiltinModule("node:zlib");
  const stream = compression === "gzip" ? zlib.createGunzip() : zlib.createZstdDecompress();
  const handle: unknown = Reflect.get(stream, "_handle");
  const counts: unknown = Reflect.get(stream, "_writeState");
  if (!isNative(handle) || !(counts instanceof Uint32Array))
    throw new TypeError("this Bun's zlib has no writeSync");
  let failure: string | null = null;
  // Whatever it hands over: a code, a number and a text, in some order.
  handle.onerror = (...what) => {
    failure = what.find((part) => typeof part === "string") ?? "it can't be decompressed";
  };
  return {
    write(flush, block, start, length, into) {
      // A call that fails does not say how far it came.
      counts.set([into.length, length]);
      if (failure === null) handle.writeSync(flush, block, start, length, into, 0, into.length);
      const [left = 0, unread = 0] = counts;
      const written = into.length - left;
      // What was good before it is given first.
      if (failure !== null && written === 0) throw new DamagedError(failure);
      return { read: length - unread, written };
    },
  };
}

interface Native {
  onerror: (...what: unknown[]) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
}

function isNative(handle: unknown): handle is Native {
  return (
    typeof handle === "object" &&
    handle !== null &&
    "writeSync" in handle &&
    typeof handle.writeSync === "function"
  );
}
