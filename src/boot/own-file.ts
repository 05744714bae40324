// The file of an init system: put in its place whole or not at all, and never over one that djob did not write.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DjobError, worldError } from "../daemon/error.ts";
import { checkWay, makeDirectory } from "../daemon/trust.ts";
import { exitCode } from "../exit-code.ts";
import { marker } from "./entry.ts";

export interface OwnFile {
  readonly text: string;
  readonly mode: number;
}

const directoryMode = 0o755;

/** @returns null if there is none. @throws {DjobError} if there is one that djob did not write */
export function readOwnFile(path: string): OwnFile | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    const text = stats.isFile() ? readFileSync(path, "utf8") : "";
    if (text.includes(marker)) return { text, mode: stats.mode & 0o777 };
  } catch (error) {
    throw worldError(`read ${path}`, error);
  }
  throw new DjobError(
    exitCode.failed,
    `refusing to touch ${path}: djob install did not make it`,
    "move it away, or choose another --name",
  );
}

/** Through a file beside it: a manager that reads the directory meanwhile sees the old one or the new one. */
export function writeOwnFile(path: string, { text, mode }: OwnFile): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}.new`);
  try {
    if (existsSync(directory)) checkWay(directory);
    else makeDirectory(directory, directoryMode);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeFileSync(descriptor, text);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
      renameSync(temporary, path);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw worldError(`write ${path}`, error);
  }
}

export function removeOwnFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    throw worldError(`remove ${path}`, error);
  }
}
