// Writing text to a descriptor with as little as can be between the text and write(2): a log has a million lines a second.
import { checkDescriptor } from "./arguments.ts";
import { errnoNumbers } from "./error.ts";
import { libc, neededSymbol } from "./library.ts";

const encoder = new TextEncoder();
/** Made from an ArrayBuffer: one made by its length may move when its `buffer` is read. */
const scratch = new Uint8Array(new ArrayBuffer(65_536));

export interface Written {
  /** How many bytes were taken. */
  readonly bytes: number;
  /** How many there were. */
  readonly ofBytes: number;
  /** 0: all were taken. */
  readonly errno: number;
}

/**
 * UTF-8, in one write(2) where the kernel takes it all, so that no other writer of a file that is appended to gets between.
 * What is no well-formed UTF-16 becomes U+FFFD.
 * @returns how many bytes were written, where that is all of them
 */
export function writeString(descriptor: number, text: string): number | Written {
  const { read, written } = encoder.encodeInto(text, scratch);
  if (read !== text.length) return writeBuffer(descriptor, encoder.encode(text), 0);
  const result = write(descriptor, scratch, written);
  if (result === written) return result;
  return writeBuffer(descriptor, scratch.slice(0, written), Math.max(0, result));
}

/** The same for bytes, from an offset on. */
export function writeBuffer(descriptor: number, bytes: Uint8Array, offset: number): number | Written {
  checkDescriptor("descriptor", descriptor);
  let done = offset;
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    const result = write(descriptor, rest, rest.length);
    if (result >= 0) done += result;
    else if (-result !== errnoNumbers.EINTR) return { bytes: done, ofBytes: bytes.length, errno: -result };
  }
  return done;
}

type Write = (descriptor: number, bytes: Uint8Array, length: number) => number;
let call: Write | null = null;

function write(descriptor: number, bytes: Uint8Array, length: number): number {
  call ??= bind();
  return call(descriptor, bytes, length);
}

/** write(2), once. The error is negative. */
function bind(): Write {
  const symbol = neededSymbol("write");
  const { errno } = libc();
  return (descriptor, bytes, length) => {
    const result = symbol(descriptor, bytes, length);
    return result < 0 ? -errno() : Number(result);
  };
}
