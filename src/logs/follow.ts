// Reading a log as it grows: the last lines, and then what is appended, across a rename, a new file in its place
// (logrotate's create) and a truncation (its copytruncate).
import { closeSync, constants, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** The last `count` lines of a file up to `endBytes`, read from its end backwards. */
export function lastLines(path: string, count: number, endBytes = Number.POSITIVE_INFINITY): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    const size = Math.min(fstatSync(descriptor).size, endBytes);
    const start = startOfLastLines(descriptor, size, count);
    return readRange(descriptor, start, size);
  } finally {
    closeSync(descriptor);
  }
}

/** What a file holds from `start` on. */
export function textFrom(path: string, start: number): string {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    return readRange(
      descriptor,
      Math.min(start, fstatSync(descriptor).size),
      fstatSync(descriptor).size,
    ).toString();
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Hands on what is appended from now on, starting with the last `count` lines, until the signal aborts.
 * @throws if the file can't be opened at first; later it is waited for
 */
export async function follow(
  path: string,
  count: number,
  write: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  let descriptor = openSync(path, constants.O_RDONLY);
  const size = fstatSync(descriptor).size;
  let offset = startOfLastLines(descriptor, size, count);
  const pump = () => {
    offset = copyNew(descriptor, offset, write);
    const successor = openSuccessor(path, descriptor);
    if (successor === null) return;
    copyNew(descriptor, offset, write);
    closeSync(descriptor);
    descriptor = successor;
    offset = copyNew(descriptor, 0, write);
  };
  const watcher = watch(dirname(path), pump);
  pump();
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  watcher.close();
  closeSync(descriptor);
}

function copyNew(descriptor: number, offset: number, write: (bytes: Uint8Array) => void): number {
  const { size } = fstatSync(descriptor);
  let position = size < offset ? 0 : offset;
  while (position < size) {
    const bytes = readRange(descriptor, position, Math.min(size, position + blockBytes));
    if (bytes.length === 0) break;
    write(bytes);
    position += bytes.length;
  }
  return position;
}

/** The file that has taken the path's place, opened; null while it is the same one, or none. */
function openSuccessor(path: string, descriptor: number): number | null {
  const there = statSync(path, { throwIfNoEntry: false });
  const own = fstatSync(descriptor);
  if (there === undefined || (there.ino === own.ino && there.dev === own.dev)) return null;
  try {
    return openSync(path, constants.O_RDONLY);
  } catch {
    return null;
  }
}

function startOfLastLines(descriptor: number, size: number, count: number): number {
  if (count <= 0) return size;
  let wanted = count;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const block = readRange(descriptor, start, end);
    for (let index = block.length - 1; index >= 0; index -= 1) {
      const isLastByte = start + index === size - 1;
      if (block[index] !== newline || isLastByte) continue;
      wanted -= 1;
      if (wanted === 0) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

function readRange(descriptor: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, end - start));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, start + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}
