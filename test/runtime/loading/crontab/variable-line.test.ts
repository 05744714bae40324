// Environment lines, compared with a walk over the characters in the order in which cronie's manual tells them.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseVariableLine } from "../../../../src/runtime/loading/crontab/variable-line.ts";

test.each([
  ["FOO=bar", "FOO", "bar", 5],
  ["FOO = bar", "FOO", "bar", 7],
  ["FOO=", "FOO", "", 5],
  ["FOO  =\t two  words \t", "FOO", "two  words", 9],
  ['FOO="  kept  "  ', "FOO", "  kept  ", 5],
  ["FOO='it is \"x\"'", "FOO", 'it is "x"', 5],
  ['"A NAME" = x', "A NAME", "x", 12],
  ["'A'=x", "A", "x", 5],
  ["PATH=$HOME/bin:$PATH", "PATH", "$HOME/bin:$PATH", 6],
  ["FOO=a # no comment", "FOO", "a # no comment", 5],
  ["FOO=a=b", "FOO", "a=b", 5],
  ["=x", "", "x", 2],
])("%p is a variable", (line, name, value, valueColumn) => {
  expect(parseVariableLine(line)).toEqual({ name, value, valueColumn, isQuoteOpen: false });
});

test.each([`FOO='`, `FOO="bar`, `FOO="bar" baz`, `FOO="it's`])(
  "the quote in %p is open, and stays",
  (line) => {
    expect(parseVariableLine(line)).toMatchObject({ value: line.slice(4), isQuoteOpen: true });
  },
);

test.each([
  "* * * * * FOO=bar env",
  "@daily FOO=bar env",
  "FOO",
  "FOO bar=x",
  '"FOO=x',
  '"A=B"=c',
  "'A'B=c",
  "",
])("%p is none", (line) => {
  expect(parseVariableLine(line)).toBeNull();
});

/** Character by character: a name, which may be in quotes, spaces, the sign, spaces, a value, which may be. */
function plainReading(line: string): { name: string; value: string } | null {
  const isSpace = (character: string | undefined) => character !== undefined && " \t".includes(character);
  const isQuote = (character: string | undefined) => character !== undefined && `"'`.includes(character);
  let at = 0;
  let name = "";
  if (isQuote(line[0])) {
    const end = line.indexOf(line[0] ?? "", 1);
    if (end === -1 || line.slice(1, end).includes("=")) return null;
    name = line.slice(1, end);
    at = end + 1;
  } else {
    while (at < line.length && !isSpace(line[at]) && line[at] !== "=") at += 1;
    name = line.slice(0, at);
  }
  while (isSpace(line[at])) at += 1;
  if (line[at] !== "=") return null;
  at += 1;
  while (isSpace(line[at])) at += 1;
  let end = line.length;
  while (end > at && isSpace(line[end - 1])) end -= 1;
  const isClosed = isQuote(line[at]) && end - at > 1 && line[end - 1] === line[at];
  return { name, value: isClosed ? line.slice(at + 1, end - 1) : line.slice(at, end) };
}

test("every line is read as the plain reading has it", () => {
  const line = fc.string({
    unit: fc.constantFrom("a", "B", "=", "=", " ", "\t", "'", '"', "$", "#", "*"),
    maxLength: 14,
  });
  fc.assert(
    fc.property(line, (text) => {
      // What is before a line's first word has been left out.
      const trimmed = text.replace(/^[ \t]+/, "");
      const found = parseVariableLine(trimmed);
      const expected = plainReading(trimmed);
      expect(found === null ? null : { name: found.name, value: found.value }).toEqual(expected);
    }),
    { numRuns: 3_000 },
  );
});
