// A record as one JSON object on one line: the time first, then the level, so that a reader can search for a time by the first
// bytes of lines; what there is nothing of is left out. Pure.
import { isoTime, type LogRecord, type RecordRun } from "../line.ts";
import { escapeHidden } from "./hazards.ts";
import { plainError, plainValue } from "./values.ts";

export function formatJson({
  timeMs,
  level,
  job,
  run = null,
  message,
  fields = null,
  error,
}: LogRecord): string {
  let text = `{"time":"${isoTime(timeMs)}","level":"${level}"`;
  if (job !== null) text += jobPart(job);
  if (run !== null) text += runPart(run);
  text += `,"message":${quoted(message)}`;
  if (fields !== null) text += `,"fields":${quotedValue(fields)}`;
  if (error !== undefined) text += `,"error":${escapeHidden(JSON.stringify(plainError(error)))}`;
  return `${text}}\n`;
}

let lastJob = "";
let lastJobPart = "";

function jobPart(job: string): string {
  if (job !== lastJob) {
    lastJob = job;
    lastJobPart = `,"job":${quoted(job)}`;
  }
  return lastJobPart;
}

let lastRun: RecordRun | null = null;
let lastAttempt = 0;
let lastPart = "";

/** A run writes many records, and its id is made anew each time that it is asked for. */
function runPart(run: RecordRun): string {
  if (run !== lastRun || run.attempt !== lastAttempt) {
    lastPart = `,"run":${quoted(run.id)},"attempt":${run.attempt}`;
    lastRun = run;
    lastAttempt = run.attempt;
  }
  return lastPart;
}

function quotedValue(value: unknown): string {
  return escapeHidden(JSON.stringify(plainValue(value)));
}

/** Of such a text nothing has to be escaped. */
const plain = /^[ !#-[\]-~]*$/;

/** Also of text that is no well-formed UTF-16: a lone surrogate is escaped. */
function quoted(text: string): string {
  return plain.test(text) ? `"${text}"` : escapeHidden(JSON.stringify(text));
}
