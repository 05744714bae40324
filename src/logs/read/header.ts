// What a line of a log begins with: time, level, job and run, in any of the three forms that a log may have, found in its
// bytes. A file may hold several forms, because a restart can change it. A line that has no header was written by
// something else: a child, native code. Pure.
import { levels, levelTexts } from "../line.ts";
import { isoTimeAt, isoTimeBytes } from "./iso-time.ts";

export const raw = 0;
export const text = 1;
export const json = 2;
export const logfmt = 3;
export type LineForm = typeof raw | typeof text | typeof json | typeof logfmt;

/** The header of one line, and where its parts are in the bytes. One object is filled again and again: there are millions of lines. */
export class Header {
  form: LineForm = raw;
  timeMs = Number.NaN;
  /** 0: none; 1 to 4 as in levels. */
  level = 0;
  /** The job's name as it is written there, without quotes; empty: none. */
  jobStart = 0;
  jobEnd = 0;
  runStart = 0;
  runEnd = 0;
  /** What follows the header. */
  bodyStart = 0;

  /** Of the line in bytes[start, end), which has no end of line. Its time stays as it was if it has none. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.form = raw;
    this.level = 0;
    this.bodyStart = start;
    this.jobStart = this.jobEnd = this.runStart = this.runEnd = start;
    const first = bytes[start] ?? 0;
    if (first >= 0x30 && first <= 0x39) this.#readText(bytes, start, end);
    else if (first === 0x7b) this.#readJson(bytes, start, end);
    else if (first === 0x74) this.#readLogfmt(bytes, start, end);
  }

  /** `2026-11-26T03:59:00.123Z INFO  [job] message` */
  #readText(bytes: Uint8Array, start: number, end: number): void {
    const timeMs = isoTimeAt(bytes, start, end);
    const levelAt = start + isoTimeBytes + 1;
    if (Number.isNaN(timeMs) || bytes[levelAt - 1] !== space || end < levelAt + 6) return;
    const level = levelAtPlace(bytes, levelAt, end, paddedLevels);
    if (level === 0) return;
    this.#found(text, timeMs, level);
    this.bodyStart = levelAt + 6;
    if (bytes[this.bodyStart] !== 0x5b) return;
    const jobEnd = indexOfPair(bytes, 0x5d, space, this.bodyStart + 1, end);
    if (jobEnd === -1) return;
    this.jobStart = this.bodyStart + 1;
    this.jobEnd = jobEnd;
    this.bodyStart = jobEnd + 2;
  }

  /** `{"time":"…","level":"info","job":"x","run":"x@…","attempt":1,"message":…` */
  #readJson(bytes: Uint8Array, start: number, end: number): void {
    if (!isAt(bytes, start, end, jsonTime)) return;
    const timeAt = start + jsonTime.length;
    const timeMs = isoTimeAt(bytes, timeAt, end);
    const levelAt = timeAt + isoTimeBytes;
    if (Number.isNaN(timeMs) || !isAt(bytes, levelAt, end, jsonLevel)) return;
    const level = levelAtPlace(bytes, levelAt + jsonLevel.length, end, quotedLevels);
    if (level === 0) return;
    this.#found(json, timeMs, level);
    let at = levelAt + jsonLevel.length + (quotedLevels[level - 1]?.length ?? 0);
    if (isAt(bytes, at, end, jsonJob)) {
      this.jobStart = at + jsonJob.length;
      this.jobEnd = endOfQuoted(bytes, this.jobStart, end);
      at = this.jobEnd + 1;
    }
    if (isAt(bytes, at, end, jsonRun)) {
      this.runStart = at + jsonRun.length;
      this.runEnd = endOfQuoted(bytes, this.runStart, end);
      at = this.runEnd + 1;
    }
    if (isAt(bytes, at, end, jsonAttempt)) at = endOfDigits(bytes, at + jsonAttempt.length, end);
    this.bodyStart = Math.min(at + 1, end);
  }

  /** `time=… level=info job=x run=x@… attempt=1 msg="…" key=value` */
  #readLogfmt(bytes: Uint8Array, start: number, end: number): void {
    if (!isAt(bytes, start, end, logfmtTime)) return;
    const timeAt = start + logfmtTime.length;
    const timeMs = isoTimeAt(bytes, timeAt, end);
    const levelAt = timeAt + isoTimeBytes;
    if (Number.isNaN(timeMs) || !isAt(bytes, levelAt, end, logfmtLevel)) return;
    const level = levelAtPlace(bytes, levelAt + logfmtLevel.length, end, spacedLevels);
    if (level === 0) return;
    this.#found(logfmt, timeMs, level);
    let at = levelAt + logfmtLevel.length + (spacedLevels[level - 1]?.length ?? 0);
    if (isAt(bytes, at, end, logfmtJob)) {
      const quoted = bytes[at + logfmtJob.length] === quote;
      this.jobStart = at + logfmtJob.length + (quoted ? 1 : 0);
      this.jobEnd = quoted ? endOfQuoted(bytes, this.jobStart, end) : endOfWord(bytes, this.jobStart, end);
      at = this.jobEnd + (quoted ? 2 : 1);
    }
    if (isAt(bytes, at, end, logfmtRun)) {
      const quoted = bytes[at + logfmtRun.length] === quote;
      this.runStart = at + logfmtRun.length + (quoted ? 1 : 0);
      this.runEnd = quoted ? endOfQuoted(bytes, this.runStart, end) : endOfWord(bytes, this.runStart, end);
      at = this.runEnd + (quoted ? 2 : 1);
    }
    if (isAt(bytes, at, end, logfmtAttempt)) at = endOfDigits(bytes, at + logfmtAttempt.length, end) + 1;
    this.bodyStart = Math.min(at, end);
  }

  #found(form: LineForm, timeMs: number, level: number): void {
    this.form = form;
    this.timeMs = timeMs;
    this.level = level;
  }
}

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;

const paddedLevels = levels.map((name) => bytesOf(`${levelTexts[name]} `));
const quotedLevels = levels.map((name) => bytesOf(`${name}"`));
const spacedLevels = levels.map((name) => bytesOf(`${name} `));
const jsonTime = bytesOf('{"time":"');
const jsonLevel = bytesOf('","level":"');
const jsonJob = bytesOf(',"job":"');
const jsonRun = bytesOf(',"run":"');
const jsonAttempt = bytesOf(',"attempt":');
const logfmtTime = bytesOf("time=");
const logfmtLevel = bytesOf(" level=");
const logfmtJob = bytesOf("job=");
const logfmtRun = bytesOf("run=");
const logfmtAttempt = bytesOf("attempt=");

function bytesOf(ascii: string): Uint8Array {
  return Buffer.from(ascii);
}

/** Whether these bytes are at that place. */
export function isAt(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
  if (end - at < wanted.length) return false;
  for (let index = 0; index < wanted.length; index += 1) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

function levelAtPlace(
  bytes: Uint8Array,
  at: number,
  end: number,
  spellings: ReadonlyArray<Uint8Array>,
): number {
  for (let index = 0; index < spellings.length; index += 1) {
    const spelling = spellings[index];
    if (spelling !== undefined && isAt(bytes, at, end, spelling)) return index + 1;
  }
  return 0;
}

/** A job's name has at most some hundred characters: a message is not searched to its end. */
const farthest = 2048;

function indexOfPair(bytes: Uint8Array, first: number, second: number, from: number, end: number): number {
  const last = Math.min(end, from + farthest) - 1;
  for (let at = from; at < last; at += 1) if (bytes[at] === first && bytes[at + 1] === second) return at;
  return -1;
}

/** @param from behind the opening quote @returns where the closing one is, or the line's end */
function endOfQuoted(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return Math.min(at, end);
}

function endOfWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== space) at += 1;
  return at;
}

function endOfDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at += 1;
  return at;
}
