// What a record says, as text: without its header, and its lines without their indentation. Pure.
import { madeText } from "./garbage.ts";
import { json, logfmt, text } from "./header.ts";
import type { RecordReader } from "./record-reader.ts";

/**
 * The current record's message, for people to search in: in text form all that follows the header, in JSON and logfmt the message
 * and then the rest as it is written there, a raw line as it is.
 */
export function messageOf(reader: RecordReader): string {
  const { header, bytes, end } = reader;
  const from = reader.isPart ? reader.start : header.bodyStart;
  const written = withoutEnd(bytes.toString("utf8", from, end));
  madeText(written.length);
  if (header.form === text) return unindented(written, reader.isPart);
  if (header.form === json) return `${jsonMessage(written)}\n${written}`;
  if (header.form === logfmt) return `${logfmtFields(written)["msg"] ?? ""}\n${written}`;
  return written;
}

/** What is written in a text record, with the indentation of the lines that continue it taken off. */
export function unindented(written: string, isPart: boolean): string {
  const body = isPart && written.startsWith("  ") ? written.slice(2) : written;
  return body.includes("\n") ? body.replaceAll("\n  ", "\n") : body;
}

export function withoutEnd(line: string): string {
  return line.endsWith("\n") ? line.slice(0, -1) : line;
}

/** @param rest a line in JSON form from the key "message" on */
function jsonMessage(rest: string): string {
  const match = /^"message":("(?:[^"\\]|\\.)*")/.exec(rest);
  if (match?.[1] === undefined) return "";
  return match[1].includes("\\") ? String(parsed(match[1]) ?? "") : match[1].slice(1, -1);
}

/** The value of a JSON text; undefined if it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const pair = /([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g;

/** The pairs of a line in logfmt, each value as text. */
export function logfmtFields(line: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const [, key = "", quoted, bare = ""] of line.matchAll(pair)) {
    fields[key] = quoted === undefined ? bare : String(parsed(`"${quoted}"`) ?? quoted);
  }
  return fields;
}
