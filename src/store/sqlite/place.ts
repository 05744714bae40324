// The database's file: made for its owner alone, refused where somebody else could have put it, renamed when it is corrupt.
// SQLite gives -wal and -shm the file's own mode and refuses links on the way (SQLITE_OPEN_NOFOLLOW).
import { chmodSync, closeSync, constants, existsSync, lstatSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";

const fileMode = 0o600;
const companions = ["-wal", "-shm", "-journal"] as const;

/** Says why a file can't be used, to be told as it is. */
export class PlaceError extends Error {
  override readonly name = "PlaceError";
  /** Whether it is no database of djob's, and may be renamed to make room for one. */
  readonly isCorrupt: boolean;

  constructor(message: string, isCorrupt = false) {
    super(message);
    this.isCorrupt = isCorrupt;
  }
}

/**
 * Makes the file if it is missing.
 * @param file its path, with no links on the way: SQLite refuses them
 * @returns its number on its device
 * @throws {PlaceError} or a system's error
 */
export function claimFile(file: string): number {
  checkDirectory(dirname(file));
  checkFiles(file);
  try {
    closeSync(
      openSync(
        file,
        constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        fileMode,
      ),
    );
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    checkFiles(file);
  }
  const { mode, ino } = lstatSync(file);
  if ((mode & 0o777) !== fileMode) chmodSync(file, fileMode);
  return ino;
}

export function checkFiles(file: string): void {
  for (const name of ["", ...companions].map((ending) => file + ending)) {
    const stats = lstatSync(name, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.isSymbolicLink())
      throw new PlaceError(`${name} is a symbolic link, which can be pointed elsewhere`);
    if (!stats.isFile()) throw new PlaceError(`${name} is not a file`);
    if (stats.nlink > 1) throw new PlaceError(`${name} has a second name (a hard link)`);
    if (!isTrusted(stats.uid))
      throw new PlaceError(`${name} belongs to user ${stats.uid}, who could change what is in it`);
  }
}

function checkDirectory(directory: string): void {
  const { mode, uid } = lstatSync(directory);
  if (!isTrusted(uid))
    throw new PlaceError(`${directory} belongs to user ${uid}, who could swap what is in it`);
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0)
    throw new PlaceError(`everybody may write to ${directory}, and it has no sticky bit`);
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether the path still leads to the file that was opened. */
export function isSameFile(path: string, inode: number): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.ino === inode;
}

/**
 * Renames a corrupt database and what belongs to it; overwrites nothing.
 * @returns its new path
 */
export function setAside(path: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[:.]/g, "-");
  for (let count = 0; ; count += 1) {
    const target = `${path}.corrupt-${time}${count === 0 ? "" : `-${count}`}`;
    if (["", ...companions].some((ending) => existsSync(target + ending))) continue;
    // Its log first: a new database beside an old one's log would take it for its own.
    for (const ending of companions)
      if (existsSync(path + ending)) renameSync(path + ending, target + ending);
    renameSync(path, target);
    return target;
  }
}
