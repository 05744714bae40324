// How one record becomes lines of a log in text form. Pure.

import { showHazards } from "./form/hazards.ts";
import { cachedHead } from "./form/head.ts";
import { shownFields } from "./form/values.ts";

export const levels = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof levels)[number];

/** Whether a record of the one level counts for less than one of the other. */
export function isBelow(level: Level, other: Level): boolean {
  return levels.indexOf(level) < levels.indexOf(other);
}

/** The run that a record was written in. */
export interface RecordRun {
  readonly job: string;
  /** `job@scheduledTime` */
  readonly id: string;
  readonly attempt: number;
}

export interface LogRecord {
  readonly timeMs: number;
  readonly level: Level;
  /** The job inside whose run it was written. */
  readonly job: string | null;
  /** null: it speaks of no run, or only of a job. */
  readonly run?: RecordRun | null;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>> | null;
  /** Whatever was thrown; undefined: nothing. */
  readonly error?: unknown;
}

/**
 * `2026-11-21T09:30:00.000Z INFO  [job] message { fields }`, with its end of line. The lines after the first are indented, and
 * control characters are shown as escapes, so that no message can pass for the start of another record, or hide one on a
 * terminal. An error is part of the message already.
 */
export function formatLine(record: LogRecord): string {
  return textForm.head(record) + textForm.body(record) + textForm.tail();
}

/** The same as a form of logs. */
export const textForm = {
  head: cachedHead(headOf),
  body: (record: LogRecord) => showHazards(wholeMessage(record), continuation),
  tail: () => "\n",
};

function headOf({ timeMs, level, job }: LogRecord): string {
  const name = job === null ? "" : `[${showHazards(job, continuation)}] `;
  return `${isoTime(timeMs)} ${levelTexts[level]} ${name}`;
}

/** With the fields behind it. */
export function wholeMessage({ message, fields = null }: LogRecord): string {
  return fields === null ? message : `${message} ${shownFields(fields)}`;
}

/** Whether there is nothing but its message to tell. */
export function isMessage({ fields = null, error }: LogRecord): boolean {
  return fields === null && error === undefined;
}

/** ISO 8601 in UTC with milliseconds. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** As wide as each other. */
export const levelTexts: Readonly<Record<Level, string>> = {
  debug: "DEBUG",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};
const continuation = "  ";
