// A record in the native protocol of systemd's journal: a field a line, and a value that has lines of its own with its length
// before it (systemd, "Native Journal Protocol"). Pure.
import { plainError, plainValue } from "../form/values.ts";
import { isoTime, type Level, type LogRecord } from "../line.ts";

/** syslog(3) */
export const priorities: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

export interface Sender {
  /** The daemon's name. */
  readonly name: string;
  readonly pid: number;
}

export function encodeForJournal(record: LogRecord, { name, pid }: Sender): Uint8Array {
  const { timeMs, level, job, run = null, message, fields = null, error } = record;
  const parts: Uint8Array[] = [];
  const add = (key: string, value: string) => void parts.push(field(key, value));
  add("MESSAGE", message);
  add("PRIORITY", String(priorities[level]));
  add("SYSLOG_IDENTIFIER", name);
  add("SYSLOG_PID", String(pid));
  add("DJOB_NAME", name);
  add("DJOB_TIME", isoTime(timeMs));
  if (job !== null) add("DJOB_JOB", job);
  if (run !== null) {
    add("DJOB_RUN", run.id);
    add("DJOB_ATTEMPT", String(run.attempt));
  }
  if (fields !== null) for (const [key, value] of entriesOf(fields)) add(keyOf(key), textOf(value));
  if (error !== undefined) {
    const { name: kind, message: what, stack, cause } = plainError(error);
    add("ERROR_NAME", kind);
    add("ERROR_MESSAGE", what);
    if (stack !== undefined) add("ERROR_STACK", stack);
    if (cause !== undefined) add("ERROR_CAUSE", textOf(cause));
  }
  return Buffer.concat(parts);
}

function entriesOf(fields: Readonly<Record<string, unknown>>): ReadonlyArray<[string, unknown]> {
  const plain = plainValue(fields);
  return typeof plain === "object" && plain !== null ? Object.entries(plain) : [["value", plain]];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

const lineFeed = 10;

function field(key: string, value: string): Uint8Array {
  const bytes = Buffer.from(value);
  if (!bytes.includes(lineFeed)) return Buffer.concat([Buffer.from(`${key}=`), bytes, Buffer.from("\n")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${key}\n`), length, bytes, Buffer.from("\n")]);
}

const longestKey = 64;
/** What djob or the journal itself gives a meaning. */
const taken = /^(?:MESSAGE(?:_ID)?|PRIORITY|SYSLOG_.*|DJOB_.*|ERROR_.*|CODE_.*|ERRNO|COREDUMP_.*|OBJECT_.*)$/;

/** The journal's names have capitals, digits and underscores, and begin with a letter. */
function keyOf(key: string): string {
  const name = key
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, "_");
  const isFree = /^[A-Z]/.test(name) && !taken.test(name);
  return (isFree ? name : `FIELD_${name}`).slice(0, longestKey);
}
