// A record as one JSON object on one line: the time first, then the level, so that a reader can search for a time by the first
// bytes of lines; what there is nothing of is left out. Pure.
import { isMessage, isoTime, type LogRecord } from "../line.ts";
import { escapeHidden, insideQuotes, quoted } from "./hazards.ts";
import { cachedHead } from "./head.ts";
import { plainError, plainValue } from "./values.ts";

export const jsonForm = { head: cachedHead(headOf), body, tail };

function body(record: LogRecord): string {
  const { message, fields = null, error } = record;
  if (isMessage(record)) return insideQuotes(message);
  let text = `${insideQuotes(message)}"`;
  if (fields !== null) text += `,"fields":${quotedValue(fields)}`;
  if (error !== undefined) text += `,"error":${escapeHidden(JSON.stringify(plainError(error)))}`;
  return text;
}

function tail(record: LogRecord): string {
  return isMessage(record) ? '"}\n' : "}\n";
}

function headOf({ timeMs, level, job, run = null }: LogRecord): string {
  let head = `{"time":"${isoTime(timeMs)}","level":"${level}"`;
  if (job !== null) head += `,"job":${quoted(job)}`;
  if (run !== null) head += `,"run":${quoted(run.id)},"attempt":${run.attempt}`;
  return `${head},"message":"`;
}

function quotedValue(value: unknown): string {
  return escapeHidden(JSON.stringify(plainValue(value)));
}
