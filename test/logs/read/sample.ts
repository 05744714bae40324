// What the tests of reading logs share: records in all forms, random logs, and the naive reading that theirs is compared with.
import fc from "fast-check";
import type { Bytes } from "../../../src/logs/read/bytes.ts";
import { everything, filterOf, type Wanted } from "../../../src/logs/read/filter.ts";
import type { LogFile } from "../../../src/logs/read/log-file.ts";
import { RecordReader } from "../../../src/logs/read/record-reader.ts";

export const startMs = Date.parse("2026-11-26T03:59:00.000Z");

export function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** One line, or a few, of one record as a daemon writes it; `raw` ones have no header. */
export interface Sample {
  readonly timeMs: number;
  readonly text: string;
}

const levels = ["DEBUG", "INFO ", "WARN ", "ERROR"] as const;
const words = fc.constantFrom(
  "",
  "a",
  "boom",
  "[x] y",
  "  in",
  "ünï",
  "x".repeat(40),
  '{"time":',
  "time=",
  "2026-",
);

const recordParts = fc.record({
  stepMs: fc.integer({ min: 0, max: 5 }),
  form: fc.constantFrom("text", "text", "json", "logfmt", "raw", "trace"),
  level: fc.integer({ min: 0, max: 3 }),
  job: fc.constantFrom(null, "poll", "a b"),
  words: fc.array(words, { minLength: 1, maxLength: 3 }),
});

/** Records whose times ascend. */
export const samples = (most: number, from = startMs): fc.Arbitrary<Sample[]> =>
  fc.array(recordParts, { maxLength: most }).map((parts) => {
    let timeMs = from;
    return parts.map(({ stepMs, form, level, job, words: said }) => {
      timeMs += stepMs;
      const name = levels[level] ?? "INFO ";
      const message = said.join(" ");
      const level2 = name.trim().toLowerCase();
      const quotedJob =
        job === null ? "" : `,"job":${JSON.stringify(job)},"run":"${job}@${iso(from)}","attempt":1`;
      const lines = {
        text: `${iso(timeMs)} ${name} ${job === null ? "" : `[${job}] `}${message}\n`,
        trace: `${iso(timeMs)} ${name} Error: ${message}\n      at one\n  ${message}\n`,
        json: `{"time":"${iso(timeMs)}","level":"${level2}"${quotedJob},"message":${JSON.stringify(message)}}\n`,
        logfmt: `time=${iso(timeMs)} level=${level2}${job === null ? "" : ` job=${JSON.stringify(job)}`} msg=${JSON.stringify(message)}\n`,
        // Two spaces at its begin would continue a record.
        raw: `~${message}\n`,
      };
      return { timeMs, text: lines[form as keyof typeof lines] };
    });
  });

export function inMemory(text: string | Buffer): Bytes {
  const all = Buffer.from(text);
  return {
    size: all.length,
    read(at, into) {
      // Short reads happen.
      const count = Math.min(into.length, Math.max(0, all.length - at), 1 + (at % 977));
      all.copy(into, 0, at, at + count);
      return count;
    },
  };
}

/**
 * Every wanted record of a text, in one go, each byte as a character. Raw lines at its begin, of which no time is known, are earlier than the
 * first header.
 */
export function naive(text: string | Buffer, wanted: Partial<Wanted> = {}): string[] {
  const wants = filterOf({ ...everything, ...wanted });
  const reader = new RecordReader();
  const all = Buffer.from(text);
  const firstMs = firstTimeIn(all);
  if (wanted.sinceMs !== undefined && firstMs < wanted.sinceMs) reader.header.timeMs = firstMs;
  const found: string[] = [];
  for (let at = 0; ; ) {
    while (reader.next(at === all.length ? "none" : "more")) {
      if (wants(reader)) found.push(reader.bytes.toString("latin1", reader.start, reader.end));
    }
    if (at === all.length) return found;
    const count = all.copy(reader.room(), 0, at);
    reader.filled(count);
    at += count;
  }
}

function firstTimeIn(all: Buffer): number {
  const reader = new RecordReader(all.length + 1);
  for (let at = 0; at < all.length; ) {
    const count = all.copy(reader.room(), 0, at);
    reader.filled(count);
    at += count;
  }
  while (reader.next("none")) if (!Number.isNaN(reader.header.timeMs)) return reader.header.timeMs;
  return Number.NaN;
}

export function asFile(text: string): LogFile {
  return Object.assign(Object.create(null), inMemory(text), {
    path: "memory",
    compression: "none",
    close() {},
  });
}
