// Opens the log for the daemon: append only, so that several writers and a rotation by copying and truncating do no
// harm; 0640, so that a group may read it.
import { constants, fchownSync, fstatSync } from "node:fs";
import { closeDescriptor, duplicate } from "../libc/files.ts";
import { errDescriptor, outDescriptor } from "../logs/sink.ts";
import { worldError } from "./error.ts";
import type { Paths } from "./paths.ts";
import { type Owner, ownerOf, type Privileges } from "./privileges.ts";
import { openOwnFile } from "./trust.ts";

const logMode = 0o640;

/** Descriptors; the same one twice if standard error has no file of its own. */
export interface OpenLogs {
  readonly out: number;
  readonly err: number;
}

/** @param owner whom they are to belong to; null: whoever opens them */
export function openLogs(log: string, logErr: string | null, owner: Owner | null): OpenLogs {
  const out = openLog(log, owner);
  try {
    return { out, err: logErr === null ? out : openLog(logErr, owner) };
  } catch (error) {
    closeDescriptor(out);
    throw error;
  }
}

/**
 * Opens the logs anew under their names, onto descriptors 1 and 2. Nothing changes if one can't be opened. A daemon that is
 * another user can't make one in root's directory: root, who watches over it, does this first, and makes it for that user.
 */
export function reopenLogs(
  { log, logErr }: Pick<Paths, "log" | "logErr">,
  privileges: Privileges | null,
): void {
  if (log === null) return;
  const { out, err } = openLogs(log, logErr, ownerOf(privileges));
  duplicate(out, outDescriptor);
  duplicate(err, errDescriptor);
  closeDescriptor(out);
  if (err !== out) closeDescriptor(err);
}

/** How long a log is by now: what comes after was written by the daemon that is being started. */
export function sizeOf(descriptor: number): number {
  return fstatSync(descriptor).size;
}

function openLog(path: string, owner: Owner | null): number {
  const flags = constants.O_WRONLY | constants.O_APPEND;
  const request = { path, what: "log", flags, devices: true, owner: owner?.uid ?? null };
  const descriptor = openOwnFile(request, logMode);
  try {
    if (owner !== null && process.geteuid?.() === 0) giveAway(descriptor, owner);
    return descriptor;
  } catch (error) {
    closeDescriptor(descriptor);
    throw worldError(`give the log ${path} to user ${owner?.uid}`, error);
  }
}

/**
 * Only what is behind the descriptor, never what a path leads to by now, and only a file that is root's and has this one
 * name: a second name could be that of a file which root protects. A terminal or /dev/null stays whose it is.
 */
function giveAway(descriptor: number, { uid, gid }: Owner): void {
  const stats = fstatSync(descriptor);
  if (stats.isFile() && stats.nlink === 1 && stats.uid === 0) fchownSync(descriptor, uid, gid);
}
