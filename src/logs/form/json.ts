// A record as one JSON object on one line: the time first, then the level, so that a reader can search for a time by the first
// bytes of lines; what there is nothing of is left out. Pure.
import { isoTime, type Level, type LogRecord, type RecordRun } from "../line.ts";
import { escapeHidden, quoted } from "./hazards.ts";
import { plainError, plainValue } from "./values.ts";

export function formatJson(record: LogRecord): string {
  const { message, fields = null, error } = record;
  let text = `${headOf(record)},"message":${quoted(message)}`;
  if (fields !== null) text += `,"fields":${quotedValue(fields)}`;
  if (error !== undefined) text += `,"error":${escapeHidden(JSON.stringify(plainError(error)))}`;
  return `${text}}\n`;
}

let headMs = Number.NaN;
let headLevel: Level = "debug";
let headJob: string | null = null;
let headRun: RecordRun | null = null;
let headAttempt = 0;
let head = "";

/** Many records of one millisecond have the same; and a run's id is made anew each time that it is asked for. */
function headOf({ timeMs, level, job, run = null }: LogRecord): string {
  const attempt = run?.attempt ?? 0;
  const isSameRun = run === headRun && attempt === headAttempt;
  if (timeMs !== headMs || level !== headLevel || job !== headJob || !isSameRun) {
    head = `{"time":"${isoTime(timeMs)}","level":"${level}"`;
    if (job !== null) head += `,"job":${quoted(job)}`;
    if (run !== null) head += `,"run":${quoted(run.id)},"attempt":${attempt}`;
    [headMs, headLevel, headJob, headRun, headAttempt] = [timeMs, level, job, run, attempt];
  }
  return head;
}

function quotedValue(value: unknown): string {
  return escapeHidden(JSON.stringify(plainValue(value)));
}
