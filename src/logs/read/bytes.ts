// A file as those see it who search in it: bytes at places.

export interface Bytes {
  /** The end of what is to be read of it, in bytes. */
  readonly size: number;
  /** Fills `into` from the place `at` on. @returns how many bytes; 0 at its end */
  read(at: number, into: Uint8Array): number;
}

/** Reads until `into` is full or the file ends. @returns how many bytes */
export function readFully(file: Bytes, at: number, into: Uint8Array): number {
  let length = 0;
  while (length < into.length) {
    const read = file.read(at + length, into.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return length;
}

/** The same bytes up to an earlier end. */
export function upTo(file: Bytes, end: number): Bytes {
  const size = Math.min(end, file.size);
  return {
    size,
    read: (at, into) =>
      at >= size ? 0 : file.read(at, into.length > size - at ? into.subarray(0, size - at) : into),
  };
}

/** Bytes that are in memory. */
export function bytesOf(all: Buffer): Bytes {
  return { size: all.length, read: (at, into) => (at >= all.length ? 0 : all.copy(into, 0, at)) };
}
