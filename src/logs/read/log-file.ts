// Opening a log's files to read them. A name is never followed through a link, and what is no file is not opened: whoever may write
// to a log's directory could otherwise have root read a device, or wait for a FIFO's other end.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import type { Bytes } from "./bytes.ts";
import { DamagedError } from "./decompress.ts";
import { belongsTo, type Compression, type DirectoryEntry } from "./log-names.ts";

/** A log's path leads to something that is no file. */
export class NoFileError extends Error {
  override readonly name = "NoFileError";
}

/** Which file it is, whatever its name is by now. */
export interface Identity {
  readonly device: number;
  readonly inode: number;
}

/** One file, held open under whatever name. */
export class LogFile implements Bytes {
  readonly path: string;
  readonly compression: Compression;
  readonly identity: Identity;
  readonly #descriptor: number;
  /** When it was opened; see `measure`. */
  size: number;
  #isOpen = true;

  /** @throws {NoFileError} and what open(2) refuses */
  constructor(path: string) {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    this.path = path;
    this.#descriptor = openFile(path, flags);
    const stats = fstatSync(this.#descriptor);
    if (!stats.isFile()) {
      closeSync(this.#descriptor);
      throw new NoFileError(`it is ${kindOf(stats)}, not a file`);
    }
    this.identity = identityOf(stats);
    this.size = stats.size;
    this.compression = this.#compressionByContent();
  }

  /** @throws {DamagedError} where the disk does not give it */
  read(at: number, into: Uint8Array): number {
    try {
      return readSync(this.#descriptor, into, 0, into.length, at);
    } catch (error) {
      throw new DamagedError(error instanceof Error ? error.message : String(error));
    }
  }

  /** How large it is by now, and how many names it has: none, if it was removed. */
  measure(): { readonly size: number; readonly names: number } {
    const { size, nlink } = fstatSync(this.#descriptor);
    this.size = size;
    return { size, names: nlink };
  }

  /** By its first bytes (RFC 1952, RFC 8878), with which no line begins: for an instant a compressed file has the original's name. */
  #compressionByContent(): Compression {
    const head = Buffer.alloc(4);
    if (this.read(0, head) < head.length) return "none";
    if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
    return head.readUInt32LE(0) === 0xfd2fb528 ? "zstd" : "none";
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#descriptor);
    this.#isOpen = false;
  }
}

export function identityOf({ dev, ino }: Stats): Identity {
  return { device: dev, inode: ino };
}

export function isSameFile(one: Identity, other: Identity): boolean {
  return one.inode === other.inode && one.device === other.device;
}

/** Whether this file is what a path leads to now. */
export function isAt(path: string, { identity }: Pick<LogFile, "identity">): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there !== undefined && isSameFile(identityOf(there), identity);
}

/** The files of a directory whose names could be a log's. */
export function entriesOf(directory: string, base: string): DirectoryEntry[] {
  // A large directory is read in pieces: a name that is changed meanwhile may be in none of them.
  const names = new Set([...readdirSync(directory), ...readdirSync(directory)]);
  const found = new Map<string, DirectoryEntry>();
  for (const name of names) {
    if (name === base || !belongsTo(base, name)) continue;
    // It may have been compressed since.
    for (const now of [name, `${name}.zst`, `${name}.gz`]) {
      const stats = lstatSync(join(directory, now), { throwIfNoEntry: false });
      if (stats === undefined) continue;
      found.set(now, { name: now, changedMs: stats.mtimeMs });
      break;
    }
  }
  return [...found.values()];
}

/** Null: there is none now. */
export function openIfThere(path: string): LogFile | null {
  try {
    return new LogFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ELOOP") throw new NoFileError("it is a symbolic link, which can be pointed elsewhere");
    if (code === "ENXIO") throw new NoFileError("it is a socket, or a FIFO that nobody writes to");
    throw error;
  }
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isDirectory()) return "a directory";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "a device" : "something else";
}
