// Compresses a rotated log once nobody can write to it any more, in the runtime's own threads. At any moment its lines are in
// exactly one file that counts: the compressed text is written beside it, synced, then takes its place by one rename, and its
// ending by another.
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  futimesSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
} from "node:fs";
import type { Transform } from "node:stream";
import { flock } from "../../libc/files.ts";
import { isWrittenTo } from "../../libc/lease.ts";
import type { Compression } from "../rules.ts";
import { endings, temporaryEnding } from "./names.ts";

type Method = Exclude<Compression, "none">;

/** Where nobody knows whether a file is written to: so long after its last line it is not. */
const quietMs = 3_600_000;
const blockBytes = 256 * 1024;

export type Compressed = "done" | "later" | "gone";

/** @returns "later" if somebody may still write to it, or another process has it in hand */
export async function compressRotated(path: string, method: Method, nowMs: number): Promise<Compressed> {
  const source = openOld(path);
  if (source === null) return "gone";
  try {
    if (!flock(source, { exclusive: true, wait: false })) return "later";
    const stats = fstatSync(source);
    if (!stats.isFile() || stats.nlink !== 1) return "gone";
    if (isBusy(source, stats, nowMs)) return "later";
    const temporary = `${path}${endings[method]}${temporaryEnding}`;
    try {
      return (await rewrite(path, source, temporary, method, nowMs)) ? "done" : "later";
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } finally {
    closeSync(source);
  }
}

/**
 * A file that was to become the log, and has taken no line's place: whoever made it was killed before.
 * @returns false if it may be about to become the log
 */
export function removeEmpty(path: string, nowMs: number): boolean {
  const source = openOld(path);
  if (source === null) return true;
  try {
    const stats = fstatSync(source);
    if (!stats.isFile() || stats.nlink !== 1 || stats.size > 0) return true;
    if (isBusy(source, stats, nowMs)) return false;
    rmSync(path, { force: true });
    return true;
  } finally {
    closeSync(source);
  }
}

/**
 * What a process that was killed in the middle has left of it.
 * @returns false if another process has it in hand
 */
export function finishCompression(path: string): boolean {
  const source = openOld(path);
  try {
    if (source !== null && !flock(source, { exclusive: true, wait: false })) return false;
    for (const ending of Object.values(endings))
      rmSync(`${path}${ending}${temporaryEnding}`, { force: true });
    const method = source === null ? null : methodOf(source);
    if (method !== null) renameSync(path, `${path}${endings[method]}`);
    return true;
  } finally {
    if (source !== null) closeSync(source);
  }
}

async function rewrite(
  path: string,
  source: number,
  temporary: string,
  method: Method,
  nowMs: number,
): Promise<boolean> {
  rmSync(temporary, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const target = openSync(temporary, flags, 0o600);
  try {
    const stats = fstatSync(source);
    const bytes = await pump(source, target, method);
    const { size } = fstatSync(source);
    if (size !== bytes || isBusy(source, stats, nowMs)) {
      rmSync(temporary, { force: true });
      return false;
    }
    if (process.geteuid?.() === 0) fchownSync(target, stats.uid, stats.gid);
    fchmodSync(target, stats.mode & 0o7777);
    futimesSync(target, stats.atime, stats.mtime);
    await synced(target);
    // Whoever removed it meanwhile does not want it back.
    if (fstatSync(source).nlink === 0) {
      rmSync(temporary, { force: true });
      return true;
    }
    renameSync(temporary, path);
    renameSync(path, `${path}${endings[method]}`);
    return true;
  } finally {
    closeSync(target);
  }
}

/** @returns how many bytes were read */
async function pump(source: number, target: number, method: Method): Promise<number> {
  const { pipeline } = process.getBuiltinModule("node:stream/promises");
  const reading = createReadStream("", { fd: source, autoClose: false, start: 0, highWaterMark: blockBytes });
  let bytes = 0;
  reading.on("data", (chunk) => {
    bytes += chunk.length;
  });
  await pipeline(reading, compressorOf(method), createWriteStream("", { fd: target, autoClose: false }));
  return bytes;
}

function compressorOf(method: Method): Transform {
  const zlib = process.getBuiltinModule("node:zlib");
  const options = { chunkSize: blockBytes };
  if (method === "gzip") return zlib.createGzip(options);
  // Without it a bit that has turned on the disk would be somebody's word.
  return zlib.createZstdCompress({ ...options, params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } });
}

function isBusy(source: number, { mtimeMs }: Stats, nowMs: number): boolean {
  return isWrittenTo(source) ?? nowMs - mtimeMs < quietMs;
}

function synced(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error))),
  );
}

function openOld(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" || code === "ELOOP") return null;
    throw error;
  }
}

/** By its first bytes (RFC 1952, RFC 8878): no line of a log begins with them. */
function methodOf(descriptor: number): Method | null {
  const bytes = Buffer.alloc(4);
  process.getBuiltinModule("node:fs").readSync(descriptor, bytes, 0, bytes.length, 0);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  return bytes.readUInt32LE(0) === 0xfd2fb528 ? "zstd" : null;
}
