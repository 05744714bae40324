// A record as logfmt: `time=… level=… job=… run=… attempt=… msg="…" key=value …` on one line. What is no bare word is quoted as
// JSON quotes it. Pure.
import { isMessage, isoTime, type LogRecord } from "../line.ts";
import { insideQuotes, quoted } from "./hazards.ts";
import { cachedHead } from "./head.ts";
import { plainError, plainValue } from "./values.ts";

export const logfmtForm = { head: cachedHead(headOf), body, tail };

function body(record: LogRecord): string {
  const { message, fields = null, error } = record;
  if (isMessage(record)) return insideQuotes(message);
  let text = `${insideQuotes(message)}"`;
  if (fields !== null) text += pairs(plainValue(fields));
  if (error !== undefined) text += errorPairs(error);
  return text;
}

function tail(record: LogRecord): string {
  return isMessage(record) ? '"\n' : "\n";
}

function headOf({ timeMs, level, job, run = null }: LogRecord): string {
  let head = `time=${isoTime(timeMs)} level=${level}`;
  if (job !== null) head += ` job=${word(job)}`;
  if (run !== null) head += ` run=${word(run.id)} attempt=${run.attempt}`;
  return `${head} msg="`;
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
