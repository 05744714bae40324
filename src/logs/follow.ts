// Reading a log as it grows: the last lines, and then what is appended, across a rename, a new file in its place
// (logrotate's create) and a truncation (its copytruncate).
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync, watch } from "node:fs";
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

/** One file that is being followed, and up to where it has been read. */
interface Followed {
  readonly descriptor: number;
  offset: number;
}

/** So many renamed files are read on, because whoever holds one open may still write to it. */
const mostRenamed = 16;

/**
 * Hands on what is appended from now on, starting with the last `count` lines, until the signal aborts. A file that has
 * been renamed is read on beside its successor: it takes the daemon a moment to open the new one after that was made
 * (all of logrotate's postrotate, where logrotate makes it), and its children may hold the old one for much longer.
 * @throws if the file can't be opened at first; later it is waited for
 */
export async function follow(
  path: string,
  count: number,
  write: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const first = openSync(path, constants.O_RDONLY);
  const followed: Followed[] = [
    { descriptor: first, offset: startOfLastLines(first, fstatSync(first).size, count) },
  ];
  const pump = () => {
    for (const file of followed) copyNew(file, write);
    const successor = openSuccessor(path, followed);
    if (successor === null) return;
    // What came meanwhile is older than what is in the new one.
    for (const file of followed) copyNew(file, write);
    letGo(followed);
    const file = { descriptor: successor, offset: 0 };
    followed.push(file);
    copyNew(file, write);
  };
  const watcher = watch(dirname(path), pump);
  pump();
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  watcher.close();
  for (const { descriptor } of followed) closeSync(descriptor);
}

function copyNew(file: Followed, write: (bytes: Uint8Array) => void): void {
  const { size } = fstatSync(file.descriptor);
  if (size < file.offset) file.offset = 0;
  while (file.offset < size) {
    const end = Math.min(size, file.offset + blockBytes);
    const bytes = readRange(file.descriptor, file.offset, end);
    if (bytes.length === 0) break;
    write(bytes);
    file.offset += bytes.length;
  }
}

/** Closes files that have been removed, but for the last one, and the oldest of too many. */
function letGo(followed: Followed[]): void {
  const last = followed.at(-1);
  const kept = followed
    .filter((file) => file === last || fstatSync(file.descriptor).nlink > 0)
    .slice(-mostRenamed);
  for (const file of followed) if (!kept.includes(file)) closeSync(file.descriptor);
  followed.splice(0, followed.length, ...kept);
}

/** The file that has taken the path's place, opened; null while it is one that is followed already, or none. */
function openSuccessor(path: string, followed: readonly Followed[]): number | null {
  const there = statSync(path, { throwIfNoEntry: false });
  const isFollowed = (stats: Stats) => followed.some((file) => isSame(fstatSync(file.descriptor), stats));
  if (there === undefined || isFollowed(there)) return null;
  try {
    const descriptor = openSync(path, constants.O_RDONLY);
    if (!isFollowed(fstatSync(descriptor))) return descriptor;
    closeSync(descriptor);
  } catch {
    // It is gone again.
  }
  return null;
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
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
