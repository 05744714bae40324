// The forms that a log can have.
import { formatLine, type LogRecord } from "../line.ts";
import { formatJson } from "./json.ts";
import { formatLogfmt } from "./logfmt.ts";

export const forms = ["text", "json", "logfmt"] as const;
export type Form = (typeof forms)[number];

/** A record as what is written for it, with its end of line. */
export type Formatter = (record: LogRecord) => string;

export function formatterOf(form: Form): Formatter {
  return formatters[form];
}

const formatters: Readonly<Record<Form, Formatter>> = {
  text: formatLine,
  json: formatJson,
  logfmt: formatLogfmt,
};
