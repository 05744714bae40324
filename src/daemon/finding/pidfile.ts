// The lock is the truth, the pid is a hint: an exclusive flock(2) on the pidfile says whether the daemon lives. The
// launcher takes it before anything is started, and the locked descriptor goes down the chain to the worker. A file
// that was replaced meanwhile is noticed by comparing device and inode, and the locker starts over.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { flock } from "../../libc/files.ts";
import { DjobError } from "../error.ts";
import { openOwnFile, openOwnFileIfThere } from "../trust.ts";

const pidfileMode = 0o644;
const longestPidBytes = 16;
const maximumReplacements = 1000;

/** Opens the pidfile, makes it if it is missing, and tries to lock it. @returns the locked descriptor, or null */
export function tryLock(path: string): number | null {
  for (let tries = 0; tries < maximumReplacements; tries += 1) {
    const request = { path, what: "pidfile", flags: constants.O_RDWR, devices: false };
    const descriptor = openOwnFile(request, pidfileMode);
    const locked = flock(descriptor, { exclusive: true, wait: false });
    if (locked && isStillAt(path, descriptor)) return descriptor;
    const replaced = !isStillAt(path, descriptor);
    closeSync(descriptor);
    if (!locked && !replaced) return null;
  }
  throw new DjobError(exitCode.failed, `cannot lock the pidfile ${path}: it keeps being replaced`);
}

/** Opens the pidfile of a daemon that lives, to wait for its end. @returns null if there is none */
export function openPidfile(path: string): number | null {
  return openOwnFileIfThere({ path, what: "pidfile", flags: constants.O_RDWR, devices: false });
}

/** Whether the path still names the file behind the descriptor. */
export function isStillAt(path: string, descriptor: number): boolean {
  const here = lstatSync(path, { throwIfNoEntry: false });
  const own = fstatSync(descriptor);
  return here !== undefined && here.dev === own.dev && here.ino === own.ino;
}

/** Writes the pid, as one write, into a pidfile that is locked. Who reads meanwhile never finds a known pid missing. */
export function writePid(descriptor: number, pid: number): void {
  const written = writeSync(descriptor, `${pid}\n`, 0);
  ftruncateSync(descriptor, written);
}

/** Forgets the pid of whoever held the lock before. */
export function clearPid(descriptor: number): void {
  ftruncateSync(descriptor, 0);
}

/** The pid that an open pidfile names, or null for anything but one plausible number and its end of line. */
export function readPid(descriptor: number): number | null {
  const bytes = Buffer.alloc(longestPidBytes);
  return parsePid(bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, longestPidBytes, 0)));
}

/** Pure: what a pidfile's text says. 0, 1, negative and unfinished numbers name nobody. */
export function parsePid(text: string): number | null {
  const match = /^([1-9][0-9]{0,9})\n$/.exec(text);
  const pid = Number(match?.[1] ?? Number.NaN);
  return pid > 1 && pid < 2 ** 31 ? pid : null;
}

/** Removes the pidfile of the lock's holder, and never that of a successor. */
export function removePidfile(path: string, descriptor: number): void {
  if (isStillAt(path, descriptor)) unlinkSync(path);
}

export type LockState =
  | { readonly state: "absent" }
  | { readonly state: "free" }
  | { readonly state: "held"; readonly pid: number | null };

/**
 * Looks whether somebody holds the lock, by taking it shared for an instant: lookers don't disturb each other, and a
 * starter tries more than once.
 * @throws {DjobError} if the pidfile can't be opened, or is no file of ours
 */
export function lookAtLock(path: string): LockState {
  const request = { path, what: "pidfile", flags: constants.O_RDONLY, devices: false };
  const descriptor = openOwnFileIfThere(request);
  if (descriptor === null) return { state: "absent" };
  try {
    if (flock(descriptor, { exclusive: false, wait: false })) return { state: "free" };
    return { state: "held", pid: readPid(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}
