// What is said where a log, or a part of it, can't be read.
import { DjobError, errorCode, worldError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { DamagedError } from "../logs/read/decompress.ts";
import { NoFileError } from "../logs/read/log-file.ts";
import type { Reached } from "../logs/read/records.ts";

export function readError(path: string, error: unknown): DjobError {
  if (error instanceof NoFileError) {
    return new DjobError(exitCode.notPermitted, `refusing to read ${path}: ${error.message}`);
  }
  const hint = errorCode(error) === "EACCES" ? "read it as root, or as a member of the log's group" : null;
  return worldError(`read the log ${path}`, error, hint);
}

/** In one line. @param reached how far it could be read; null: it could not be opened */
export function damageOf(path: string, error: unknown, reached: Reached | null): string {
  if (reached === null || !(error instanceof DamagedError)) return readError(path, error).message;
  const what = error.isCutOff ? "cut off, as by a crash or a full disk" : `damaged (${error.message})`;
  const far =
    reached.bytes === 0
      ? "nothing of it can be read"
      : `it could be read up to ${Number.isNaN(reached.timeMs) ? "" : `${new Date(reached.timeMs).toISOString()}, `}${reached.bytes} bytes of text`;
  return `${path} is ${what}: ${far}`;
}
