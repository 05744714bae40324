// Which stretches of a log's files hold the records that are wanted: found by the files' names, by searching for times in those
// that are not compressed, and, for the last so many, from the end backwards. A compressed file is gone through twice for
// these: once to count, because its end can only be reached from its begin.
import { join } from "node:path";
import { cutOff, DamagedError } from "./decompress.ts";
import type { Filter, Wanted } from "./filter.ts";
import { raw } from "./header.ts";
import { lastRecords } from "./last-records.ts";
import { entriesOf, isAt, isSameFile, type LogFile, openIfThere } from "./log-file.ts";
import { type RotatedName, rotatedFiles } from "./log-names.ts";
import { RecordReader } from "./record-reader.ts";
import { flowOf, type OnDamage, type Segment } from "./records.ts";
import { firstLineAt, timeBefore } from "./search.ts";

export interface Chosen {
  /** The oldest first. */
  readonly segments: readonly Segment[];
  /** How many wanted records they hold; null: all that there are, not counted. */
  readonly count: number | null;
}

type Window = Pick<Wanted, "sinceMs" | "untilMs">;

/** Several processes write to a log, and their clocks' readings may reach it in another order. */
const slackMs = 2_000;
/** By so many bytes what is compressed is told from what is not. */
const leastCompressedBytes = 4;
const newline = 0x0a;

/** The rotated files of a log, the oldest first; of a directory that is not there, none. */
export function rotatedOf(directory: string, base: string): RotatedName[] {
  try {
    return rotatedFiles(base, entriesOf(directory, base));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Those before a file that was the current one and may have been rotated by now: others may have been behind it. */
export function beforeFile(
  rotated: readonly RotatedName[],
  directory: string,
  file: LogFile,
): readonly RotatedName[] {
  const at = rotated.findIndex(({ name }) => isAt(join(directory, name), file));
  return at === -1 ? rotated : rotated.slice(0, at);
}

/** Whether a rotated file may hold records of a time. Pure. */
function mayHold(rotated: readonly RotatedName[], index: number, { sinceMs, untilMs }: Window): boolean {
  const before = rotated[index - 1];
  const beginsLater = before?.isStamped === true && before.endMs > untilMs + slackMs;
  return (rotated[index]?.endMs ?? 0) + slackMs >= sinceMs && !beginsLater;
}

/**
 * @param rotated the oldest first; they are opened as they are needed
 * @param current up to its size; null: there is none
 */
export function chooseSegments(
  directory: string,
  rotated: readonly RotatedName[],
  current: LogFile | null,
  { window, wants, count, follows, onDamage }: Choice,
): Chosen {
  const segments: Segment[] = [];
  let found = 0;
  const add = (file: LogFile, index: number) => {
    const missing = count === null ? null : count - found;
    const leadMs = beginsRaw(file, window)
      ? leadOf([file, ...segments.map((segment) => segment.file)], directory, rotated.slice(0, index), window)
      : null;
    const stretch = file.compression === "none" ? plainStretch : compressedStretch;
    const { segment, count: held } = stretch(file, {
      window,
      wants,
      count: missing,
      follows: follows && file === current,
      leadMs,
    });
    segments.unshift(segment);
    found += held;
  };
  const addUnlessDamaged = (file: LogFile, index: number) => {
    try {
      add(file, index);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      file.close();
      onDamage(file.path, error, null);
    }
  };
  if (current !== null) add(current, rotated.length);
  for (let index = rotated.length - 1; index >= 0; index -= 1) {
    if (count !== null && found >= count) break;
    if (!mayHold(rotated, index, window)) continue;
    const entry = rotated[index];
    const file = entry === undefined ? null : openRotated(directory, entry, onDamage);
    if (file === null) continue;
    // It was the current one until an instant ago, or has become it.
    if (current !== null && (isSameFile(current.identity, file.identity) || isAt(current.path, file)))
      file.close();
    else addUnlessDamaged(file, index);
  }
  return { segments, count: count === null ? null : found };
}

export interface Choice {
  readonly window: Window;
  readonly wants: Filter;
  /** The last so many of those that are wanted; null: all. */
  readonly count: number | null;
  /** Whether the current file will be read on: then a last line that has not ended is left to that. */
  readonly follows: boolean;
  readonly onDamage: OnDamage;
}

/** One that may not be read, or of which nothing can be, does not hide the others. */
export function openRotated(
  directory: string,
  { name, compression }: RotatedName,
  onDamage: OnDamage,
): LogFile | null {
  const path = join(directory, name);
  try {
    const file = openIfThere(path) ?? (compression === "none" ? openCompressed(path) : null);
    if (file === null || compression === "none" || file.compression !== "none") return file;
    file.close();
    // Where the machine itself went down, a file's name may be on the disk and its bytes not.
    throw file.size < leastCompressedBytes ? cutOff() : new DamagedError("it is not compressed");
  } catch (error) {
    onDamage(path, error, error instanceof DamagedError ? { bytes: 0, timeMs: Number.NaN } : null);
    return null;
  }
}

/** What has been compressed since its name was read. */
function openCompressed(path: string): LogFile | null {
  return openIfThere(`${path}.zst`) ?? openIfThere(`${path}.gz`);
}

interface Stretch extends Omit<Choice, "onDamage"> {
  /** The time of raw lines at the file's begin; NaN: not known, they pass for any; null: there are none, or it does not matter. */
  readonly leadMs: number | null;
}

function plainStretch(
  file: LogFile,
  { window: { sinceMs, untilMs }, wants, count, follows, leadMs }: Stretch,
): { segment: Segment; count: number } {
  const isLeadWanted = leadMs !== null && !(leadMs < sinceMs);
  const from = isLeadWanted || !Number.isFinite(sinceMs) ? 0 : firstLineAt(file, sinceMs);
  const to =
    leadMs !== null && leadMs > untilMs
      ? 0
      : Number.isFinite(untilMs)
        ? firstLineAt(file, untilMs + 1)
        : endOf(file, follows);
  const end = Math.max(from, to);
  const last = count === null ? { start: from, count: 0 } : lastRecords(file, from, end, count, wants);
  const timeBeforeMs = last.start === 0 ? (leadMs ?? Number.NaN) : timeBefore(file, last.start);
  return { segment: { file, start: last.start, end, skip: 0, timeBeforeMs }, count: last.count };
}

function compressedStretch(
  file: LogFile,
  { wants, count, leadMs }: Stretch,
): { segment: Segment; count: number } {
  const whole = { file, start: 0, end: file.size, skip: 0, timeBeforeMs: leadMs ?? Number.NaN };
  if (count === null) return { segment: whole, count: 0 };
  let held = 0;
  eachRecord(file, leadMs ?? Number.NaN, (reader) => {
    if (!reader.isPart && wants(reader)) held += 1;
    return true;
  });
  return { segment: { ...whole, skip: Math.max(0, held - count) }, count: Math.min(held, count) };
}

/** Whether its first lines are of a time that only the file before it tells, and that matters. */
function beginsRaw(file: LogFile, { sinceMs, untilMs }: Window): boolean {
  if (!Number.isFinite(sinceMs) && !Number.isFinite(untilMs)) return false;
  let isRaw = false;
  eachRecord(file, Number.NaN, ({ header }) => {
    isRaw = header.form === raw;
    return false;
  });
  return isRaw;
}

/**
 * The time of raw lines at the begin of the first of some files: that of the last header before them or, where there is none, of the first one
 * behind them, if that is too early already. NaN: not known.
 */
function leadOf(
  files: readonly LogFile[],
  directory: string,
  before: readonly RotatedName[],
  window: Window,
): number {
  const beforeMs = timeBeforeFile(directory, before, window);
  if (!Number.isNaN(beforeMs)) return beforeMs;
  for (const file of files) {
    const firstMs = firstTimeOf(file);
    if (!Number.isNaN(firstMs)) return firstMs < window.sinceMs ? firstMs : Number.NaN;
  }
  return Number.NaN;
}

/** The time of the last header in the files before one. */
function timeBeforeFile(directory: string, before: readonly RotatedName[], window: Window): number {
  for (let index = before.length - 1; index >= 0; index -= 1) {
    const entry = before[index];
    if (entry === undefined) continue;
    if (entry.endMs + slackMs < window.sinceMs) return entry.endMs;
    const file = openRotated(directory, entry, () => {});
    if (file === null) continue;
    try {
      const timeMs = file.compression === "none" ? timeBefore(file, file.size) : lastTimeOf(file);
      if (!Number.isNaN(timeMs)) return timeMs;
    } finally {
      file.close();
    }
  }
  return Number.NaN;
}

function firstTimeOf(file: LogFile): number {
  let timeMs = Number.NaN;
  eachRecord(file, Number.NaN, ({ header }) => {
    timeMs = header.timeMs;
    return Number.isNaN(timeMs);
  });
  return timeMs;
}

function lastTimeOf(file: LogFile): number {
  let timeMs = Number.NaN;
  eachRecord(file, Number.NaN, ({ header }) => {
    timeMs = header.timeMs;
    return true;
  });
  return timeMs;
}

/**
 * A pass of its own through a file. What is damaged in it is told when it is read for good.
 * @param visit returns whether to go on
 */
function eachRecord(file: LogFile, timeBeforeMs: number, visit: (reader: RecordReader) => boolean): void {
  const reader = new RecordReader();
  reader.header.timeMs = timeBeforeMs;
  const flow = flowOf(file, 0, file.size);
  for (let isMore = true; isMore; ) {
    try {
      const read = flow.read(reader.room());
      reader.filled(read);
      isMore = read > 0;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      isMore = false;
    }
    while (reader.next(isMore ? "more" : "none")) if (!visit(reader)) return;
  }
}

/** Where the last line that has ended does; of a file that is not read on, its size. */
function endOf(file: LogFile, endsWithLine: boolean): number {
  if (!endsWithLine) return file.size;
  const block = Buffer.allocUnsafeSlow(64 * 1024);
  for (let end = file.size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const length = file.read(start, block.subarray(0, end - start));
    const at = block.lastIndexOf(newline, length - 1);
    if (at !== -1 && at < length) return start + at + 1;
    end = start;
  }
  return 0;
}
