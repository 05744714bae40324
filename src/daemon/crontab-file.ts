// Reading a crontab. Its commands run as root, or as whoever it says: so root believes only one that is root's alone, as cron
// does, and on a way that nobody else could change.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { exitCode } from "../exit-code.ts";
import type { CrontabPort } from "../runtime/loading/crontab/source.ts";
import { DjobError, worldError } from "./error.ts";
import type { Spec } from "./spec.ts";
import { checkWayToFile, isOwn } from "./trust.ts";

export function crontabPort({ systemCrontab }: Pick<Spec, "systemCrontab">): CrontabPort {
  return { isSystem: systemCrontab, read: readCrontabFile };
}

/** @throws {DjobError} if it can't be read, or, for root, if somebody else could write it */
function readCrontabFile(path: string): Uint8Array {
  let descriptor: number | null = null;
  try {
    // Opening a FIFO would wait for its other end.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw refusal(path, "it is not a file", "give the path of a file");
    if (process.geteuid?.() === 0) checkTrust(path, stats);
    return readFileSync(descriptor);
  } catch (error) {
    throw worldError(`read the crontab ${path}`, error);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function checkTrust(path: string, stats: Stats): void {
  const mode = (stats.mode & 0o777).toString(8);
  if (!isOwn(stats))
    throw refusal(path, `it belongs to user ${stats.uid}, and its commands would run as root`, mend);
  if ((stats.mode & 0o022) !== 0)
    throw refusal(path, `others than root may write to it (its mode is ${mode})`, mend);
  if (stats.nlink > 1) throw refusal(path, "it has a second name (a hard link)", mend);
  const { dev, ino } = endOfWay(path);
  // Nobody else can change the way: so what was opened before is either its end, or was put there by nobody who may.
  if (dev !== stats.dev || ino !== stats.ino) throw refusal(path, "it was replaced just now", "try it again");
}

function endOfWay(path: string): Stats {
  try {
    return checkWayToFile(path);
  } catch (error) {
    if (!(error instanceof DjobError)) throw error;
    throw refusal(path, error.message.replace(/^refusing to use /, ""), mend);
  }
}

const mend =
  "mend it with chown root and chmod go-w, or start the daemon as the user whose crontab it is (--user)";

function refusal(path: string, why: string, hint: string): DjobError {
  return new DjobError(exitCode.notPermitted, `refusing the crontab ${path}: ${why}`, hint);
}
