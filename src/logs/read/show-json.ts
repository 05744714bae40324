// Records as programs read them: one JSON object a line (NDJSON), whatever form they have in the log. A record that is in JSON form is
// given as it is, with the daemon's name in it; of a raw line, the time is that of the record before it.
import { levels } from "../line.ts";
import { madeText } from "./garbage.ts";
import { json, logfmt, raw, text } from "./header.ts";
import { isoTimeBytes } from "./iso-time.ts";
import { logfmtFields, parsed, unindented, withoutEnd } from "./message.ts";
import type { Out } from "./out.ts";
import type { RecordReader } from "./record-reader.ts";
import type { Show } from "./show-text.ts";

/** So much of a long record is made a text at a time. */
const pieceBytes = 32 * 1024;
/** Of `{"time":"2026-11-26T03:59:00.123Z",` */
const timeMemberBytes = '{"time":"'.length + isoTimeBytes + '",'.length;

/** @param names more may come */
export function showJson(out: Out, names: readonly string[]): Show {
  const members: string[] = [];
  let open: OpenMessage | null = null;
  const end = () => {
    open?.end();
    open = null;
  };
  return {
    isAsIs: false,
    record(reader, source) {
      // Its line, what it says, and what is written.
      madeText(3 * (reader.end - reader.start));
      members[source] ??= `"daemon":${JSON.stringify(names[source] ?? "")}`;
      const member = members[source];
      if (reader.isPart && open?.source === source) open.add(reader);
      else {
        end();
        if (!reader.isOpen && showWhole(out, reader, member)) return;
        open = new OpenMessage(out, source, reader, member);
      }
      if (!reader.isOpen) end();
    },
    end,
  };
}

/** A record that came whole. @returns false if it did not, or is no JSON although it seems to be */
function showWhole(out: Out, reader: RecordReader, member: string): boolean {
  const { header, bytes, start, end, isPart } = reader;
  if (isPart) return false;
  if (header.form === json) {
    const line = withoutEnd(bytes.toString("utf8", start, end));
    if (parsed(line) === undefined) return false;
    out.text(`${line.slice(0, timeMemberBytes)}${member},${escapeControls(line.slice(timeMemberBytes))}\n`);
    return true;
  }
  if (header.form !== logfmt) {
    const said = withoutEnd(bytes.toString("utf8", header.bodyStart, end));
    const message = JSON.stringify(header.form === text ? unindented(said, false) : said);
    out.text(`${headOf(reader, member)}${jobMember(reader)},"message":${escapeControls(message)}}\n`);
    return true;
  }
  const {
    time: _time,
    level: _level,
    job,
    run,
    attempt,
    msg = "",
    ...fields
  } = logfmtFields(withoutEnd(bytes.toString("utf8", start, end)));
  const others = {
    ...(job === undefined ? {} : { job }),
    ...(run === undefined ? {} : { run }),
    ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
    message: msg,
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
  out.text(`${headOf(reader, member)},${escapeControls(JSON.stringify(others).slice(1))}\n`);
  return true;
}

/** An object whose last member, the message, is written as it comes: it may be longer than memory. */
class OpenMessage {
  readonly source: number;
  readonly #out: Out;
  readonly #decoder = new TextDecoder();
  readonly #isText: boolean;
  /** An end of line, and what of an indentation follows it, are held back until it is known what they are. */
  #held = "";

  constructor(out: Out, source: number, reader: RecordReader, member: string) {
    const { header, bytes, isPart } = reader;
    this.#out = out;
    this.source = source;
    this.#isText = header.form === text;
    // Where the job's name was is known of a first part alone.
    out.text(`${headOf(reader, member)}${isPart ? "" : jobMember(reader)},"message":"`);
    if (isPart && this.#isText) this.#held = "\n";
    this.#pieces(bytes, this.#isText && !isPart ? header.bodyStart : reader.start, reader.end, isPart);
  }

  add({ bytes, start, end }: RecordReader): void {
    this.#pieces(bytes, start, end, false);
  }

  end(): void {
    this.#write(this.#decoder.decode(), false);
    this.#out.text('"}\n');
  }

  #pieces(bytes: Buffer, start: number, end: number, isPart: boolean): void {
    for (let at = start; at < end; at += pieceBytes) {
      const piece = bytes.subarray(at, Math.min(end, at + pieceBytes));
      this.#write(this.#decoder.decode(piece, { stream: true }), isPart && at === start);
    }
  }

  #write(piece: string, isFirstOfPart: boolean): void {
    const all = this.#held + piece;
    this.#held = /\n ?$/.exec(all)?.[0] ?? "";
    const body = all.slice(0, all.length - this.#held.length);
    const plain = this.#isText ? unindented(body, false) : body;
    const shown = isFirstOfPart && plain.startsWith("\n") ? plain.slice(1) : plain;
    this.#out.text(escapeControls(JSON.stringify(shown).slice(1, -1)));
  }
}

function headOf({ header }: RecordReader, member: string): string {
  const time = Number.isNaN(header.timeMs) ? "null" : `"${new Date(header.timeMs).toISOString()}"`;
  const level = header.form === raw ? "" : `,"level":"${levels[header.level - 1]}"`;
  return `{"time":${time},${member}${level}`;
}

/** Of a record in text form: the others say it themselves. */
function jobMember({ header, bytes }: RecordReader): string {
  if (header.form !== text || header.jobEnd === header.jobStart) return "";
  return `,"job":${JSON.stringify(bytes.toString("utf8", header.jobStart, header.jobEnd))}`;
}

/** JSON allows DEL and C1 in texts, and a terminal obeys them. */
function escapeControls(json: string): string {
  if (!/[\x7f-\x9f]/.test(json)) return json;
  return json.replace(/[\x7f-\x9f]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
