// A record as one JSON object on one line: the time first, then the level, so that a reader can search for a time by the first
// bytes of lines; what there is nothing of is left out. Pure.
import { isoTime, type LogRecord } from "../line.ts";
import { escapeHidden, quoted } from "./hazards.ts";
import { cachedHead } from "./head.ts";
import { plainError, plainValue } from "./values.ts";

export const jsonForm = { head: cachedHead(headOf), rest };

function rest({ message, fields = null, error }: LogRecord): string {
  if (fields === null && error === undefined) return `${quoted(message)}}\n`;
  let text = quoted(message);
  if (fields !== null) text += `,"fields":${quotedValue(fields)}`;
  if (error !== undefined) text += `,"error":${escapeHidden(JSON.stringify(plainError(error)))}`;
  return `${text}}\n`;
}

function headOf({ timeMs, level, job, run = null }: LogRecord): string {
  let head = `{"time":"${isoTime(timeMs)}","level":"${level}"`;
  if (job !== null) head += `,"job":${quoted(job)}`;
  if (run !== null) head += `,"run":${quoted(run.id)},"attempt":${run.attempt}`;
  return `${head},"message":`;
}

function quotedValue(value: unknown): string {
  return escapeHidden(JSON.stringify(plainValue(value)));
}
