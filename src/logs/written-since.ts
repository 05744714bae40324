// What was written to a log from some place on: a line may be waited for in it, and its end is part of an error that is told.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const blockBytes = 65_536;

/**
 * Hands over what a file holds from `start` on, a block at a time; each block holds until the next one. What can't be
 * opened holds nothing, and nor does a FIFO, whose size is 0: to read it would take its lines from whoever else does.
 * @returns where it ended
 */
export function readSince(path: string, start: number, take: (block: Uint8Array) => void): number {
  const descriptor = openIfPossible(path);
  if (descriptor === null) return start;
  try {
    const { size } = fstatSync(descriptor);
    // It was cut off, as copytruncate does.
    let at = size < start ? 0 : start;
    const block = Buffer.allocUnsafeSlow(blockBytes);
    // Whoever writes faster than is read here is not waited for.
    while (at < size) {
      const read = readSync(descriptor, block, 0, Math.min(block.length, size - at), at);
      if (read === 0) break;
      take(block.subarray(0, read));
      at += read;
    }
    return at;
  } finally {
    closeSync(descriptor);
  }
}

/** The last lines of what a file holds from `start` on, as far as they are within its last block. */
export function lastLinesSince(path: string, start: number, count: number): readonly string[] {
  const descriptor = openIfPossible(path);
  if (descriptor === null) return [];
  try {
    const { size } = fstatSync(descriptor);
    const block = Buffer.alloc(blockBytes);
    const from = Math.max(start, size - block.length);
    const text = block.toString("utf8", 0, readSync(descriptor, block, 0, block.length, from)).trimEnd();
    return text === "" ? [] : text.split("\n").slice(-count);
  } finally {
    closeSync(descriptor);
  }
}

function openIfPossible(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}
