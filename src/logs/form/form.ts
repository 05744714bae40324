// The forms that a log can have.
import type { LogRecord } from "../line.ts";
import { jsonForm } from "./json.ts";
import { logfmtForm } from "./logfmt.ts";
import { textForm } from "./text.ts";

export const forms = ["text", "json", "logfmt"] as const;
export type Form = (typeof forms)[number];

/** A record as what is written for it. */
export interface Formatter {
  /** What comes before its message: the same text for many records one after another. */
  head(record: LogRecord): string;
  /** The message and what follows. */
  body(record: LogRecord): string;
  /** Its end of line, and what of a record's end is always the same: ASCII. */
  tail(record: LogRecord): string;
}

export function formatterOf(form: Form): Formatter {
  return formatters[form];
}

export function formatted({ head, body, tail }: Formatter, record: LogRecord): string {
  return head(record) + body(record) + tail(record);
}

const formatters: Readonly<Record<Form, Formatter>> = {
  text: textForm,
  json: jsonForm,
  logfmt: logfmtForm,
};
