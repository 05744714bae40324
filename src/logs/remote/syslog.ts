// A record as messages of RFC 5424. The job and its run are structured data, and so are fields. Pure.
import { plainError, plainValue } from "../form/values.ts";
import { isoTime, type LogRecord } from "../line.ts";
import { type Facility, facilities } from "../rules.ts";
import { priorities, type Sender } from "./journald.ts";

export interface SyslogSender extends Sender {
  readonly host: string;
  readonly facility: Facility;
}

/** What rsyslog takes at most where nobody tells it otherwise. */
const longestMessage = 8_192;
/** Fields that take more are text of the message, which is cut into pieces: structured data is not, and a datagram has a largest size. */
const longestFields = 2_048;
/** For structured data of one's own (RFC 5424, 7.2.2): the number that RFC 5612 gives to nobody. */
const enterprise = 32473;

/** @returns one message, or several of a record that is too long for one */
export function encodeForSyslog(record: LogRecord, sender: SyslogSender): readonly Uint8Array[] {
  const { timeMs, level, job, run = null, message, fields = null, error } = record;
  const priority = facilities[sender.facility] * 8 + priorities[level];
  const head = `<${priority}>1 ${isoTime(timeMs)} ${word(sender.host, 255)} ${word(sender.name, 48)} ${sender.pid} - `;
  const own: Array<[string, string]> = job === null ? [] : [["job", job]];
  if (run !== null) own.push(["run", run.id], ["attempt", String(run.attempt)]);
  const stack = error === undefined ? "" : `\n${plainError(error).stack ?? ""}`;
  const apart = fields === null ? "" : element("fields", parameters(fields));
  const isLong = apart.length > longestFields;
  const data = `${element("djob", own)}${isLong ? "" : apart}`;
  const start = Buffer.from(`${head}${data === "" ? "-" : data} `);
  const told = isLong ? ` ${JSON.stringify(plainValue(fields))}` : "";
  return pieces(
    Buffer.from(printable(`${message}${told}${stack}`)),
    Math.max(1_024, longestMessage - start.length),
  ).map((piece) => Buffer.concat([start, piece]));
}

function parameters(fields: Readonly<Record<string, unknown>>): Array<[string, string]> {
  const plain = plainValue(fields);
  const entries = typeof plain === "object" && plain !== null ? Object.entries(plain) : [["value", plain]];
  return entries.map(([key, value]) => [
    word(String(key).replace(/[=\]"]/g, "_"), 32),
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

function element(id: string, entries: ReadonlyArray<readonly [string, string]>): string {
  if (entries.length === 0) return "";
  const shown = entries.map(([key, value]) => ` ${key}="${printable(value).replace(/[\\"\]]/g, "\\$&")}"`);
  return `[${id}@${enterprise}${shown.join("")}]`;
}

/** PRINTUSASCII without spaces. */
function word(text: string, longest: number): string {
  const clean = text.replace(/[^\x21-\x7e]/g, "_").slice(0, longest);
  return clean === "" ? "-" : clean;
}

/** As rsyslog itself shows what would end a line or reach a terminal: #012 for a line feed. */
function printable(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (found) => {
    const code = found.charCodeAt(0);
    return code < 0x100
      ? `#${code.toString(8).padStart(3, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** Cut between characters. */
function pieces(bytes: Buffer, longest: number): Uint8Array[] {
  const all: Uint8Array[] = [];
  let from = 0;
  do {
    let to = Math.min(bytes.length, from + longest);
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
    all.push(bytes.subarray(from, to));
    from = to;
  } while (from < bytes.length);
  return all;
}
