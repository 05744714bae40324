// Opens the log for the daemon: append only, so that several writers and a rotation by copying and truncating do no
// harm; 0640, so that a group may read it.
import { constants, fchownSync, fstatSync } from "node:fs";
import { closeDescriptor } from "../../libc/files.ts";
import { jobsDirectory } from "../../logs/job-file-names.ts";
import { worldError } from "../error.ts";
import { makeDirectoryFor } from "../history/history-directory.ts";
import { type Owner, ownerOf } from "../privileges/privileges.ts";
import type { Spec } from "../spec.ts";
import { makeDirectory, openOwnFile } from "../trust.ts";
import { type OpenLogs, openRemote } from "./log-remote.ts";

const logMode = 0o640;
const jobLogsMode = 0o750;

/** Where each job's log is, if each has one. */
export function prepareJobLogs({ paths, log, privileges }: Spec): void {
  if (!log.perJob || paths.log === null) return;
  const directory = jobsDirectory(paths.log);
  const owner = ownerOf(privileges);
  if (owner === null) makeDirectory(directory, jobLogsMode);
  else makeDirectoryFor(owner, directory, jobLogsMode);
}

/**
 * What descriptors 1 and 2 of the daemon are to be.
 * @returns null: what they are already
 */
export function openLogsOf(spec: Spec): OpenLogs | null {
  const { paths, log, privileges } = spec;
  if (log.target.type === "stdout") return null;
  return openRemote(spec) ?? openLogs(paths.log ?? "/dev/null", paths.logErr, ownerOf(privileges));
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

/** How long a log is by now: what comes after was written by the daemon that is being started. */
export function sizeOf(descriptor: number): number {
  return fstatSync(descriptor).size;
}

/** One of them. */
export function openLog(path: string, owner: Owner | null): number {
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
