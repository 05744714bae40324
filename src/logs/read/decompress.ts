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
  const handle = handleOf(compression);
  const block = Buffer.allocUnsafeSlow(compressedBytes);
  const frames = compression === "zstd" ? new ZstdFrames() : null;
  const { goOn, finish } = flushes[compression];
  let at = 0;
  let start = 0;
  let end = 0;
  let isOver = false;
  const refill = () => {
    at += end;
    start = 0;
    end = readFully(file, at, block);
    isOver = end === 0;
    frames?.push(block, end);
  };
  return {
    read(into) {
      if (file.size === 0 || into.length === 0) return 0;
      for (;;) {
        if (start === end && !isOver) refill();
        const { read, written } = handle.write(isOver ? finish : goOn, block, start, end - start, into);
        start += read;
        if (written > 0) return written;
        // Behind what is compressed anything may stand: zeros of a block device, or what gzip calls trailing garbage.
        if (!isOver && (read > 0 || start === end)) continue;
        if (frames?.isBetween === false) throw cutOff();
        return 0;
      }
    },
  };
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
