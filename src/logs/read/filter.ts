// Which records a reader of a log wants. Pure.
import { type Header, isAt, raw, text } from "./header.ts";
import { literalFilter, needleOf } from "./literal.ts";
import { messageOf } from "./message.ts";
import type { RecordReader } from "./record-reader.ts";

/** Times in milliseconds since the epoch, both inclusive. */
export interface Wanted {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** This level and those above it: 1 is debug, 4 error; 0: also what has none. */
  readonly level: number;
  readonly job: string | null;
  readonly run: WantedRun | null;
  readonly grep: RegExp | null;
}

/** Records in text form do not say which run they are of: then it is what its job wrote while it went on. */
export interface WantedRun {
  readonly id: string;
  readonly job: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export const everything: Wanted = {
  sinceMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
  level: 0,
  job: null,
  run: null,
  grep: null,
};

export interface Filter {
  /** Tells of a reader's current record whether it is wanted. */
  (reader: RecordReader): boolean;
  /** What each record that it wants has in its bytes; null: nothing that is known. */
  readonly needle?: Buffer | null;
  /** Whether it wants all there are. */
  readonly isEverything?: boolean;
}

/** Made once: it holds the names as bytes. A record whose time is not known passes for one of any time. */
export function filterOf({ sinceMs, untilMs, level, job, run, grep }: Wanted): Filter {
  const ofJob = job === null ? null : nameMatcher(job);
  const ofRun = run === null ? null : runMatcher(run);
  const mayMatch = (grep === null ? null : literalFilter(grep)) ?? (() => true);
  const wants = (reader: RecordReader) => {
    const { header, bytes } = reader;
    if (header.timeMs < sinceMs || header.timeMs > untilMs) return false;
    if (level > 1 && header.level < level) return false;
    if (ofJob !== null && !ofJob(header, bytes)) return false;
    if (ofRun !== null && !ofRun(header, bytes)) return false;
    return grep === null || (mayMatch(reader) && grep.test(messageOf(reader)));
  };
  const isAnyTime = sinceMs === everything.sinceMs && untilMs === everything.untilMs;
  return Object.assign(wants, {
    needle: grep === null ? null : needleOf(grep),
    isEverything: isAnyTime && level <= 1 && job === null && run === null && grep === null,
  });
}

function nameMatcher(name: string): (header: Header, bytes: Uint8Array) => boolean {
  // A name with "] " in it ends elsewhere than a header that is read without knowing it.
  const inText = Buffer.from(`${name}] `);
  const quoted = quotedBytes(name);
  return (header, bytes) => {
    if (header.form === raw || header.jobStart === header.jobEnd) return false;
    if (header.form === text) return isAt(bytes, header.jobStart, bytes.length, inText);
    return isExactly(bytes, header.jobStart, header.jobEnd, quoted);
  };
}

function runMatcher({ id, job, fromMs, toMs }: WantedRun): (header: Header, bytes: Uint8Array) => boolean {
  const ofJob = nameMatcher(job);
  const quoted = quotedBytes(id);
  return (header, bytes) => {
    if (header.form !== text) return isExactly(bytes, header.runStart, header.runEnd, quoted);
    return header.timeMs >= fromMs && header.timeMs <= toMs && ofJob(header, bytes);
  };
}

/** As it is written in JSON, and in logfmt, without its quotes. */
function quotedBytes(name: string): Uint8Array {
  return Buffer.from(JSON.stringify(name).slice(1, -1));
}

function isExactly(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  return end - start === wanted.length && isAt(bytes, start, end, wanted);
}

/** The run's job: what stands before the last "@" of its id. */
export function jobOfRun(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf("@")));
}
