// Writing text to a descriptor with as little as can be between the text and write(2): a log has a million lines a second.
import { checkDescriptor } from "./arguments.ts";
import { errnoNumbers } from "./error.ts";
import { libc, neededSymbol } from "./library.ts";

/** Made from an ArrayBuffer: one made by its length may move when its `buffer` is read. */
const scratch = Buffer.from(new ArrayBuffer(65_536)) as Buffer & Utf8Write;
/** A UTF-16 unit has at most so many bytes in UTF-8. */
const mostBytesAUnit = 3;
/** What the scratch begins with: one line after another has the same head. */
let heldHead = "";
let heldBytes = 0;

/** Of Buffers, by Node's and Bun's own code; `write` takes a quarter longer to come to the same. @returns how many bytes were written */
interface Utf8Write {
  utf8Write(text: string, offset: number): number;
}

export interface Written {
  /** How many bytes were taken. */
  readonly bytes: number;
  /** How many there were. */
  readonly ofBytes: number;
  /** 0: all were taken. */
  readonly errno: number;
}

/**
 * A head, a text and an ASCII tail as UTF-8, in one write(2) where the kernel takes it all, so that no other writer of a file that is appended to gets between.
 * What is no well-formed UTF-16 becomes U+FFFD.
 * @returns how many bytes were written, where that is all of them
 */
export function writeString(descriptor: number, head: string, text: string, tail: string): number | Written {
  if ((head.length + text.length + tail.length) * mostBytesAUnit > scratch.length)
    return writeBuffer(descriptor, Buffer.from(head + text + tail), 0);
  if (head !== heldHead) {
    heldHead = head;
    heldBytes = scratch.utf8Write(head, 0);
  }
  let length = heldBytes + scratch.utf8Write(text, heldBytes);
  // To append it to the text would copy that once more.
  for (let at = 0; at < tail.length; at += 1) scratch[length++] = tail.charCodeAt(at);
  const result = write(descriptor, scratch, length);
  if (result === length) return result;
  return writeBuffer(descriptor, scratch.subarray(0, length), Math.max(0, result));
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
