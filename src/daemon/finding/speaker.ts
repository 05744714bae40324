// Who speaks for a daemon. What it says that it was started with is what a restart starts, as whoever calls that: root
// must not take these words from a process that has become another user, whose modules could say anything.
import { lstatSync } from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { DjobError, errorCode, goneAlready, worldError } from "../error.ts";
import type { Place } from "./locate.ts";

/**
 * @param pid the process whose open file is read; null: the daemon answers on its socket
 * @throws {DjobError} with exit code 4 unless root or the caller made the socket, or runs the process
 */
export function requireOwnWords({ name, paths }: Place, pid: number | null): void {
  if (pid !== null && process.platform !== "linux") return;
  const uid = ownerOf(name, pid === null ? paths.socket : `/proc/${pid}`);
  if (uid === 0 || uid === process.geteuid?.()) return;
  throw new DjobError(
    exitCode.notPermitted,
    `cannot restart ${name}: it is user ${uid}'s process that would say with which flags`,
    `stop it with djob stop ${name}, and start it with djob run`,
  );
}

/** A socket's file belongs to who bound it. The directory of a process is its effective user's, dumpable or not. */
function ownerOf(name: string, path: string): number {
  try {
    return lstatSync(path).uid;
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw goneAlready(name);
    throw worldError(`restart ${name}: look at ${path}`, error);
  }
}
