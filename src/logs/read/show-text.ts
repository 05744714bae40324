// Records as people read them: as they stand in the log, with the daemon's name before each line where several are shown, in colours
// and without control characters on a terminal.
import { text } from "./header.ts";
import type { Out } from "./out.ts";
import type { RecordReader } from "./record-reader.ts";
import { firstHazard, visibleText } from "./visible.ts";

/** Writes records to an Out. */
export interface Show {
  /** Records are shown as they stand in the log. */
  readonly isAsIs: boolean;
  /** @param source which daemon's it is: an index into the names */
  record(reader: RecordReader, source: number): void;
  /** Nothing more comes of what was begun. */
  end(): void;
}

export interface TextStyle {
  /** Before each line; more may come. Null: none. */
  readonly names: readonly string[] | null;
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
}

const newline = 0x0a;

export function showText(out: Out, style: TextStyle): Show {
  const isPlain = style.names === null && !style.isTerminal;
  const prefixOf = prefixesOf(style);
  let openSource = -1;
  const end = () => {
    if (openSource !== -1) out.byte(newline);
    openSource = -1;
  };
  return {
    isAsIs: isPlain,
    record(reader, source) {
      const { bytes, start, end: stop } = reader;
      const goesOn = reader.isPart && openSource === source;
      if (!goesOn) end();
      const endsLine = bytes[stop - 1] === newline;
      if (isPlain) out.copy(bytes, start, stop);
      else {
        const prefix = prefixOf(source);
        showLines(out, reader, goesOn ? null : prefix, prefix, style);
      }
      openSource = endsLine ? -1 : source;
      if (!endsLine && !reader.isOpen) end();
    },
    end,
  };
}

/** @param first before the first line; null: it has begun already */
function showLines(
  out: Out,
  reader: RecordReader,
  first: string | null,
  prefix: string,
  { isTerminal, hasColour }: TextStyle,
): void {
  const { bytes, end } = reader;
  let before = first;
  for (let at = reader.start; at < end; ) {
    const found = bytes.indexOf(newline, at);
    const stop = found === -1 || found >= end ? end : found + 1;
    if (before !== null && before !== "") out.text(before);
    let from = at;
    if (hasColour && at === reader.start && first !== null) from = showHeader(out, reader);
    if (isTerminal && firstHazard(bytes, from, stop) < stop) out.text(visibleText(bytes, from, stop));
    else out.copy(bytes, from, stop);
    before = prefix;
    at = stop;
  }
}

/** The time dim, the level in its colour. @returns where it ends */
function showHeader(out: Out, { header, bytes, start, isPart }: RecordReader): number {
  if (header.form !== text || isPart) return start;
  const levelAt = start + 25;
  out.text(dim);
  out.copy(bytes, start, levelAt - 1);
  out.text(`${reset} ${levelColours[header.level] ?? ""}`);
  out.copy(bytes, levelAt, levelAt + 5);
  out.text(reset);
  return levelAt + 5;
}

const reset = "\x1b[0m";
const dim = "\x1b[2m";
const levelColours: readonly string[] = ["", dim, "\x1b[32m", "\x1b[33m", "\x1b[31m"];
/** Cyan, magenta, green, yellow, blue, and the same brighter; red is for errors. */
const nameColours = [36, 35, 32, 33, 34, 96, 95, 92, 93, 94];

/** Wider ones come when a daemon comes that has a longer name. */
function prefixesOf({ names, hasColour }: TextStyle): (source: number) => string {
  let [made, known]: [string[], number] = [[], 0];
  return (source) => {
    if (names !== null && names.length !== known) {
      const width = Math.max(...names.map((name) => name.length));
      made = names.map((name, index) => prefix(`${name.padEnd(width)} |`, index, hasColour));
      known = names.length;
    }
    return made[source] ?? "";
  };
}

function prefix(text: string, index: number, hasColour: boolean): string {
  return hasColour ? `\x1b[${nameColours[index % nameColours.length]}m${text}${reset} ` : `${text} `;
}
