// How one record becomes lines of a log in text form. Pure.
import { isoTime, type LogRecord, levelTexts } from "../line.ts";
import { showHazards } from "./hazards.ts";
import { cachedHead } from "./head.ts";
import { shownFields } from "./values.ts";

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

const continuation = "  ";
