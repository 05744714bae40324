// A record as logfmt: `time=… level=… job=… run=… attempt=… msg="…" key=value …` on one line. What is no bare word is quoted as
// JSON quotes it. Pure.
import { isoTime, type Level, type LogRecord, type RecordRun } from "../line.ts";
import { quoted } from "./hazards.ts";
import { plainError, plainValue } from "./values.ts";

export function formatLogfmt(record: LogRecord): string {
  const { message, fields = null, error } = record;
  let text = `${headOf(record)} msg=${quoted(message)}`;
  if (fields !== null) text += pairs(plainValue(fields));
  if (error !== undefined) text += errorPairs(error);
  return `${text}\n`;
}

let headMs = Number.NaN;
let headLevel: Level = "debug";
let headJob: string | null = null;
let headRun: RecordRun | null = null;
let headAttempt = 0;
let head = "";

/** Many records of one millisecond have the same. */
function headOf({ timeMs, level, job, run = null }: LogRecord): string {
  const attempt = run?.attempt ?? 0;
  const isSameRun = run === headRun && attempt === headAttempt;
  if (timeMs !== headMs || level !== headLevel || job !== headJob || !isSameRun) {
    head = `time=${isoTime(timeMs)} level=${level}`;
    if (job !== null) head += ` job=${word(job)}`;
    if (run !== null) head += ` run=${word(run.id)} attempt=${attempt}`;
    [headMs, headLevel, headJob, headRun, headAttempt] = [timeMs, level, job, run, attempt];
  }
  return head;
}

function pairs(fields: unknown): string {
  if (typeof fields !== "object" || fields === null) return ` fields=${word(String(fields))}`;
  return Object.entries(fields)
    .map(([key, value]) => ` ${keyWord(key)}=${valueWord(value)}`)
    .join("");
}

function errorPairs(error: unknown): string {
  const { name, message, stack, cause } = plainError(error);
  const causes = cause === undefined ? "" : ` error.cause=${valueWord(cause)}`;
  return ` error.name=${word(name)} error.message=${quoted(message)}${stack === undefined ? "" : ` error.stack=${quoted(stack)}`}${causes}`;
}

/** A key of djob's own would be there twice. */
const ownKeys: readonly string[] = ["time", "level", "job", "run", "attempt", "msg"];

function keyWord(key: string): string {
  const clean = key.replace(/[^\w.-]/g, "_");
  return clean === "" || ownKeys.includes(clean) ? `fields.${clean}` : clean;
}

function valueWord(value: unknown): string {
  if (typeof value === "string") return word(value);
  return typeof value === "object" && value !== null ? quoted(JSON.stringify(value)) : String(value);
}

function word(text: string): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : quoted(text);
}
