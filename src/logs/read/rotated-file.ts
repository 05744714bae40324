// A rotated file of a log that is followed, while its name is given to others: which file it is, whatever has become of it, and where it comes
// among others.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { openRotated } from "./choose.ts";
import { decompressed } from "./decompress.ts";
import { isAt, isSameFile, type LogFile } from "./log-file.ts";
import type { RotatedName } from "./log-names.ts";
import type { OnDamage } from "./records.ts";

const comparedBytes = 4096;
/** While a name is given to another file. */
const mostTries = 5;

/** Null: it is not there, or is to be the log and has this name, and no line, until the two change places. */
export function openNamed(
  directory: string,
  base: string,
  entry: RotatedName,
  onDamage: OnDamage,
): LogFile | null {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const file = openRotated(directory, entry, onDamage);
    if (file === null || !entry.isStamped) return file;
    const isOther = file.size === 0 || isAt(join(directory, base), file);
    if (!isOther && (isAt(file.path, file) || !isThere(file.path))) return file;
    file.close();
    if (isOther) return null;
  }
  return null;
}

/** Where, in rotated files from the oldest, those begin that came after one that was the current file. */
export function placeAfter(
  rotated: ReadonlyArray<{ readonly file: LogFile; readonly entry: RotatedName }>,
  last: { readonly file: LogFile },
): number {
  const same = rotated.findIndex(({ file }) => isSame(file, last.file));
  if (same !== -1) return same + 1;
  // It was removed.
  const firstStamped = rotated.findIndex(({ entry }) => entry.isStamped);
  return firstStamped === -1 ? rotated.length : firstStamped;
}

/** Whether it is that file, or what has become of it. */
export function isSame(file: LogFile, other: LogFile): boolean {
  return isSameFile(file.identity, other.identity) || isCompressedForm(file, other);
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isCompressedForm(compressed: LogFile, plain: LogFile): boolean {
  if (compressed.compression === "none") return false;
  const head = Buffer.alloc(comparedBytes);
  const there = Buffer.alloc(comparedBytes);
  const length = plain.read(0, head);
  const flow = decompressed(compressed, compressed.compression);
  let found = 0;
  try {
    for (let read = -1; read !== 0 && found < length; found += read)
      read = flow.read(there.subarray(found, length));
  } catch {
    return false;
  }
  return length > 0 && found === length && there.subarray(0, length).equals(head.subarray(0, length));
}
