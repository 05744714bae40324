// A crontab's environment lines, `name = value`, as cronie's load_env reads them: spaces around the sign are left out, name and
// value may each be in quotes, and nothing is expanded. Pure.

export interface VariableLine {
  readonly name: string;
  readonly value: string;
  /** Where the value begins, from 1. */
  readonly valueColumn: number;
  /** The value begins with a quote that has no fellow at its end: cronie refuses that, supercronic takes it as it is. */
  readonly isQuoteOpen: boolean;
}

/** What C calls space: isspace(3). */
const space = "[ \\t\\n\\v\\f\\r]";
const form = new RegExp(
  `^(?:(["'])((?:(?!\\1)[^=])*)\\1|([^= \\t\\n\\v\\f\\r"'][^= \\t\\n\\v\\f\\r]*|))${space}*=${space}*`,
);
const trailing = new RegExp(`${space}+$`);

/** @param line without what is before its first word, and without its end @returns null if it is another kind of line */
export function parseVariableLine(line: string): VariableLine | null {
  const match = form.exec(line);
  if (match === null) return null;
  const [before, , quoted, plain = ""] = match;
  const written = line.slice(before.length).replace(trailing, "");
  const [quote = ""] = written;
  const isQuoted = quote === '"' || quote === "'";
  const isClosed = isQuoted && written.length > 1 && written.endsWith(quote);
  return {
    name: quoted ?? plain,
    value: isClosed ? written.slice(1, -1) : written,
    valueColumn: before.length + 1,
    isQuoteOpen: isQuoted && !isClosed,
  };
}
