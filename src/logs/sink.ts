// Writes to the log's descriptors. The log file itself is descriptor 1 (and 2), so a write is one system call, what was
// written is there even after SIGKILL, and whatever else writes to the descriptor lands in the same file.
import { writeSync } from "node:fs";

export { isTerminal } from "../libc/files.ts";

export const outDescriptor = 1;
export const errDescriptor = 2;

/** The calls that a test may want to fail. */
export interface SinkSystem {
  write(descriptor: number, bytes: Uint8Array, offset: number): number;
  pause(ms: number): void;
}

const maximumPauses = 200;
const pauseMs = 5;

/**
 * Writes all of a text. A full disk, a closed terminal or a reader that is gone loses the text, never the daemon: the
 * jobs are worth more than their log.
 * @returns false if some of it could not be written
 */
export function writeText(descriptor: number, text: string, system: SinkSystem = realSystem): boolean {
  return writeBytes(descriptor, Buffer.from(text), system);
}

/** The same for bytes. */
export function writeBytes(descriptor: number, bytes: Uint8Array, system: SinkSystem = realSystem): boolean {
  let offset = 0;
  for (let pauses = 0; offset < bytes.length; ) {
    try {
      offset += system.write(descriptor, bytes, offset);
    } catch (error) {
      // A terminal or pipe that was set to non-blocking and whose reader is slow.
      if (codeOf(error) !== "EAGAIN" || pauses >= maximumPauses) return false;
      pauses += 1;
      system.pause(pauseMs);
    }
  }
  return true;
}

const realSystem: SinkSystem = {
  write: (descriptor, bytes, offset) => writeSync(descriptor, bytes, offset),
  pause: (ms) => {
    Bun.sleepSync(ms);
  },
};

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
