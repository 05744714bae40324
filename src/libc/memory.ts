// Memory that C reads. Each value is one buffer, so that the one reference passed to the call keeps all of it alive,
// and each buffer is made from an ArrayBuffer, because a small typed array made by its length moves to another
// address when its `buffer` is first read.
import { ptr } from "bun:ffi";

const pointerBytes = 8;

export function zeroed(sizeBytes: number): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(sizeBytes));
}

/** Where C finds a buffer, as long as something refers to it. */
export function addressOf(view: DataView<ArrayBuffer>): number {
  return Number(ptr(view));
}

/** A `char *const []` that ends in NULL: first the pointers, then in the same buffer the strings that they point to. */
export function stringVector(strings: readonly string[]): Uint8Array {
  const encoded = strings.map((text) => Buffer.from(`${text}\0`));
  const pointersBytes = (strings.length + 1) * pointerBytes;
  const textBytes = encoded.reduce((total, text) => total + text.length, 0);
  const view = zeroed(pointersBytes + textBytes);
  const bytes = new Uint8Array(view.buffer);
  let position = pointersBytes;
  const address = ptr(bytes);
  for (const [index, text] of encoded.entries()) {
    view.setBigUint64(index * pointerBytes, BigInt(address) + BigInt(position), true);
    bytes.set(text, position);
    position += text.length;
  }
  return bytes;
}

/** An `environ`: NAME=value strings. */
export function environmentVector(environment: Readonly<Record<string, string>>): Uint8Array {
  return stringVector(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
}
