// What rotated files are called: PATH.2026-11-26T03-59-00.123Z, the moment of rotation in UTC, so that names sort by time; then
// .gz or .zst when it is compressed, and .tmp while that goes on. Pure.
import type { Compression } from "../rules.ts";

export const endings: Readonly<Record<Exclude<Compression, "none">, string>> = { gzip: ".gz", zstd: ".zst" };
export const temporaryEnding = ".tmp";

/** A rotated file's name, taken apart. */
export interface RotatedName {
  readonly name: string;
  readonly timeMs: number;
  /** Where several have the same time: 0, 1, 2 … */
  readonly index: number;
  readonly compression: Compression;
  /** Not finished: readers ignore it. */
  readonly isTemporary: boolean;
}

const pattern = /^\.(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)(?:-([1-9]\d{0,5}))?(\.gz|\.zst)?(\.tmp)?$/;

/** The log whose rotated file this is; null: it is none of any. */
export function logOf(name: string): string | null {
  const at = name.search(/\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z[^/]*$/);
  const log = at <= 0 ? null : name.slice(0, at);
  return log !== null && parseRotated(log, name) !== null ? log : null;
}

/** @param log the name of the log itself. @returns null for what is no rotated file of it */
export function parseRotated(log: string, name: string): RotatedName | null {
  if (!name.startsWith(log)) return null;
  const match = pattern.exec(name.slice(log.length));
  if (match === null) return null;
  const [, date, hours, minutes, seconds, index = "0", ending, temporary] = match;
  const timeMs = Date.parse(`${date}${hours}:${minutes}:${seconds}`);
  if (Number.isNaN(timeMs)) return null;
  return {
    name,
    timeMs,
    index: Number(index),
    compression: ending === ".gz" ? "gzip" : ending === ".zst" ? "zstd" : "none",
    isTemporary: temporary !== undefined,
  };
}

/**
 * The name for a file that is rotated now. It sorts behind all that are there, also when the clock was set back.
 * @param present the names of the files that are there
 */
export function nextName(log: string, nowMs: number, present: readonly string[]): string {
  const times = present.map((name) => parseRotated(log, name)?.timeMs ?? 0);
  const timeMs = times.reduce((latest, time) => Math.max(latest, time + 1), nowMs);
  return `${log}.${new Date(timeMs).toISOString().replaceAll(":", "-")}`;
}

export function byTime(one: RotatedName, other: RotatedName): number {
  return one.timeMs - other.timeMs || one.index - other.index;
}
