// What a log file that rotates needs of the kernel.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { exchangeNames } from "../libc/exchange.ts";
import { closeDescriptor, duplicate, flock } from "../libc/files.ts";
import type { FileStats, LogFileSystem } from "./file.ts";
import { nextName, parseRotated } from "./rotate/names.ts";

const mostSalvaged = 64 * 2 ** 20;
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @param open for append; makes the file, throws where it is not to be trusted */
export function logFileSystem(open: (path: string) => number): LogFileSystem {
  return {
    open,
    statsOf(path) {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats === undefined ? null : statsFrom(stats);
    },
    statsOfOpen: (descriptor) => statsFrom(fstatSync(descriptor)),
    locked,
    isRotated,
    nextPath(path, nowMs) {
      const directory = dirname(path);
      const own = basename(path);
      const present = readdirSync(directory).filter((name) => name.startsWith(`${own}.`));
      return join(directory, nextName(own, nowMs, present));
    },
    rename: renameSync,
    exchange: exchangeNames,
    discard(path, descriptor) {
      const there = lstatSync(path, { throwIfNoEntry: false });
      const own = fstatSync(descriptor);
      if (there !== undefined && inodeOf(there) === inodeOf(own) && own.size === 0) unlinkSync(path);
    },
    resemble(descriptor, old) {
      const [wanted, made] = [fstatSync(old), fstatSync(descriptor)];
      if (wanted.uid !== made.uid || wanted.gid !== made.gid) fchownSync(descriptor, wanted.uid, wanted.gid);
      fchmodSync(descriptor, wanted.mode & 0o7777);
    },
    duplicate,
    salvage,
    append(descriptor, bytes) {
      if (bytes.length > 0) writeSync(descriptor, bytes);
    },
    close: closeDescriptor,
  };
}

/** proc_pid_fd(5) */
function isRotated(descriptor: number, path: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    const name = readlinkSync(`/proc/self/fd/${descriptor}`);
    return dirname(name) === dirname(path) && parseRotated(basename(path), basename(name)) !== null;
  } catch {
    return false;
  }
}

function locked(path: string, inode: string, action: () => void): boolean {
  const descriptor = openSync(path, readOnly);
  try {
    if (inodeOf(fstatSync(descriptor)) !== inode) return false;
    if (!flock(descriptor, { exclusive: true, wait: false })) return false;
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined || inodeOf(there) !== inode) return false;
    action();
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** Another process of the daemon may be about to do the same: what was taken is cut off. */
function salvage(descriptor: number, from: number): Uint8Array {
  if (process.platform !== "linux") return new Uint8Array();
  const reading = openSync(`/proc/self/fd/${descriptor}`, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    if (!flock(reading, { exclusive: true, wait: false })) return new Uint8Array();
    const bytes = Buffer.alloc(Math.max(0, Math.min(mostSalvaged, fstatSync(reading).size - from)));
    const length = bytes.length === 0 ? 0 : readSync(reading, bytes, 0, bytes.length, from);
    if (length > 0) ftruncateSync(reading, from);
    return bytes.subarray(0, length);
  } finally {
    closeSync(reading);
  }
}

function statsFrom(stats: Stats): FileStats {
  const { size, nlink, birthtimeMs } = stats;
  return {
    inode: inodeOf(stats),
    bytes: size,
    names: nlink,
    bornMs: birthtimeMs > 0 ? birthtimeMs : null,
  };
}

function inodeOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
