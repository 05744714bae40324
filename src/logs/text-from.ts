// What was written to a file from some place on: the end of a log, for an error that is to be told.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** What a file holds from `start` on. @throws if it can't be opened */
export function textFrom(path: string, start: number): string {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - start));
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, start + length);
      if (read === 0) break;
      length += read;
    }
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(descriptor);
  }
}
