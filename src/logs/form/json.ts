// A record as one JSON object on one line: the time first, then the level, so that a reader can search for a time by the first
// bytes of lines; what there is nothing of is left out. Pure.
import { isoTime, type LogRecord } from "../line.ts";
import { escapeHidden, quoted } from "./hazards.ts";
import { cachedHead } from "./head.ts";
import { plainError, plainValue } from "./values.ts";

export function formatJson(record: LogRecord): string {
  const { message, fields = null, error } = record;
  let text = `${headOf(record)},"message":${quoted(message)}`;
  if (fields !== null) text += `,"fields":${quotedValue(fields)}`;
  if (error !== undefined) text += `,"error":${escapeHidden(JSON.stringify(plainError(error)))}`;
  return `${text}}\n`;
}

const headOf = cachedHead(({ timeMs, level, job, run = null }) => {
  let head = `{"time":"${isoTime(timeMs)}","level":"${level}"`;
  if (job !== null) head += `,"job":${quoted(job)}`;
  if (run !== null) head += `,"run":${quoted(run.id)},"attempt":${run.attempt}`;
  return head;
});

function quotedValue(value: unknown): string {
  return escapeHidden(JSON.stringify(plainValue(value)));
}
