// Which paths may be believed. djob runs as root and opens its files by path, so nobody else may be able to swap one:
// every directory on the way belongs to root or to us and is not world-writable (but for sticky ones like /tmp), and
// what is opened is a file of its own, not a link, a FIFO or a directory that was put in its place.
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import { exitCode } from "../exit-code.ts";
import { DjobError, errorCode, worldError } from "./error.ts";

const maximumLinks = 40;
/** Between two calls somebody else may make the file that was missing, or remove the one that was there. */
const maximumRaces = 100;
const chooseOther = "choose another place with --dir, or mend it with chown and chmod";

/**
 * Walks from / to a directory, through links.
 * @throws {DjobError} naming the first directory that someone else could change, or the link that is the last part
 */
export function checkDirectory(path: string): void {
  if (lstatSync(path).isSymbolicLink()) {
    throw refusal(path, "it is a symbolic link, which can be pointed elsewhere");
  }
  checkWay(path);
}

/** The same, but the last part may be a link, too. */
export function checkWay(path: string): void {
  walk(path, false);
}

/**
 * The same for a file: each link on the way to it belongs to root or to us as well, the last one too.
 * @returns what is at the way's end
 */
export function checkWayToFile(path: string): Stats {
  return walk(path, true);
}

function walk(path: string, toFile: boolean): Stats {
  let current = "/";
  let last = lstatSync(current);
  checkOwner(current, last);
  let links = 0;
  const pending = path.split("/").filter((part) => part !== "");
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    const next = join(current, part);
    const stats = lstatSync(next);
    checkOwner(next, stats);
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > maximumLinks) throw refusal(path, "too many symbolic links");
      const target = readlinkSync(next);
      if (target.startsWith("/")) current = "/";
      pending.unshift(...target.split("/").filter((item) => item !== ""));
    } else {
      const isEnd = toFile && pending.length === 0;
      if (!isEnd && !stats.isDirectory()) throw refusal(next, "it is not a directory");
      if (stats.isDirectory()) checkNotSwappable(next, stats);
      current = next;
      last = stats;
    }
  }
  return last;
}

/**
 * Makes a directory with this mode if it is missing (missing ones above it with the same), and checks it. Nothing is
 * made where somebody else could swap it.
 */
export function makeDirectory(path: string, mode: number): void {
  try {
    if (existingKind(path) === null) {
      checkWay(nearestExisting(dirname(path)));
      makeMissing(path, mode);
    }
    checkDirectory(path);
  } catch (error) {
    throw worldError(`use the directory ${path}`, error, "choose another place with --dir");
  }
}

export interface OpenRequest {
  readonly path: string;
  /** For messages: "pidfile", "log". */
  readonly what: string;
  readonly flags: number;
  /** Whether /dev/null, terminals and named pipes will do. A pipe is opened so that it never waits for its other end. */
  readonly devices: boolean;
  /** A user whom root lets own the file as well (not a directory on the way to it). */
  readonly owner?: number | null;
}

/**
 * Opens a file of ours, or makes it with this mode, whatever the umask. The descriptor is close-on-exec.
 * @throws {DjobError} for a link, directory or socket, a FIFO or device unless it will do, another owner's file, or one with a second name
 */
export function openOwnFile(request: OpenRequest, mode: number): number {
  const { path, what } = request;
  try {
    checkWay(dirname(path));
    for (let tries = 0; tries < maximumRaces; tries += 1) {
      const made = existingKind(path) === null ? openNew(path, safeFlags(request), mode) : null;
      const opened = made ?? openIfThere(request);
      if (opened !== null) return opened;
    }
    throw new Error("it is made and removed again all the time");
  } catch (error) {
    const hint = errorCode(error) === "ENOENT" ? `make the directory ${dirname(path)} first` : null;
    throw worldError(`open the ${what} ${path}`, error, hint);
  }
}

/** The same for a file that must be there. @returns null if it is missing */
export function openOwnFileIfThere(request: OpenRequest): number | null {
  const { path, what } = request;
  try {
    if (existingKind(path) === null) return null;
    checkWay(dirname(path));
    return openIfThere(request);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw worldError(`open the ${what} ${path}`, error);
  }
}

function openIfThere(request: OpenRequest): number | null {
  try {
    return openChecked(request);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

function openChecked(request: OpenRequest): number {
  const { path, devices, owner = null } = request;
  const before = lstatSync(path);
  // Before it is opened as well: what is another user's could keep root waiting, as a lease (fcntl(2)) or a FIFO in its place does.
  checkFile(path, before, devices, owner);
  // One end alone of a FIFO would wait for the other, or fail for want of it, and be told of it by SIGPIPE later (fifo(7)).
  const ends = before.isFIFO() ? constants.O_RDWR | constants.O_NONBLOCK : 0;
  const descriptor = openSync(path, (safeFlags(request) & (ends === 0 ? -1 : ~constants.O_WRONLY)) | ends);
  try {
    checkFile(path, fstatSync(descriptor), devices, owner);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function safeFlags({ flags }: OpenRequest): number {
  return flags | constants.O_NOFOLLOW | constants.O_NOCTTY;
}

function openNew(path: string, flags: number, mode: number): number | null {
  try {
    const descriptor = openSync(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
    fchmodSync(descriptor, mode);
    return descriptor;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return null;
    throw error;
  }
}

function existingKind(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

function refuseKind(path: string, stats: Stats, devices: boolean): void {
  if (stats.isFile() || (devices && (stats.isCharacterDevice() || stats.isFIFO()))) return;
  const kind = stats.isSymbolicLink()
    ? "a symbolic link, which can be pointed elsewhere"
    : stats.isFIFO()
      ? "a FIFO"
      : stats.isDirectory()
        ? "a directory"
        : stats.isSocket()
          ? "a socket"
          : "a device";
  throw refusal(path, `it is ${kind}, not a file`, "remove it, or choose another path");
}

function checkFile(path: string, stats: Stats, devices: boolean, owner: number | null): void {
  refuseKind(path, stats, devices);
  if (!stats.isFile() && !stats.isFIFO()) return;
  if (stats.uid !== owner) checkOwner(path, stats);
  if (stats.nlink > 1) {
    throw refusal(path, "the file has a second name (a hard link)", "remove it, or choose another path");
  }
}

function nearestExisting(path: string): string {
  return path === "/" || existingKind(path) !== null ? path : nearestExisting(dirname(path));
}

function makeMissing(path: string, mode: number): void {
  const made = mkdirSync(path, { recursive: true, mode });
  if (made === undefined) return;
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether it belongs to root or to us. */
export function isOwn({ uid }: Pick<Stats, "uid">): boolean {
  return uid === 0 || uid === (process.geteuid?.() ?? 0) || uid === unmappedOwner();
}

function checkOwner(path: string, stats: Stats): void {
  if (isOwn(stats)) return;
  throw refusal(path, `it belongs to user ${stats.uid}, who could swap what is in it`);
}

function checkNotSwappable(path: string, stats: Stats): void {
  const worldWritable = (stats.mode & 0o002) !== 0;
  const sticky = (stats.mode & 0o1000) !== 0;
  if (worldWritable && !sticky && !isReadOnly(path))
    throw refusal(path, "everybody may write to it, and it has no sticky bit");
}

/** Whether its file system is mounted read-only, as a container's configuration is: then its mode means nothing. */
function isReadOnly(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return errorCode(error) === "EROFS";
  }
}

/** In a user namespace, root's own directories seem to belong to the overflow user. */
function unmappedOwner(): number | null {
  try {
    const wholeMap = /^\s*0\s+0\s+4294967295\s*$/;
    if (wholeMap.test(readFileSync("/proc/self/uid_map", "utf8"))) return null;
    return Number(readFileSync("/proc/sys/kernel/overflowuid", "utf8"));
  } catch {
    return null;
  }
}

function refusal(path: string, why: string, hint = chooseOther): DjobError {
  return new DjobError(exitCode.notPermitted, `refusing to use ${path}: ${why}`, hint);
}
