// The regular expression of --grep, and where it is wrong. Pure.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";

/** @throws {DjobError} with exit code 2, the pattern and a caret under the place where it goes wrong */
export function patternOf(text: string): RegExp {
  const reason = refusalOf(text);
  if (reason === null) return new RegExp(text, "m");
  const shown = text.replace(/[\p{Cc}\p{Cf}]/gu, "?");
  throw new DjobError(
    exitCode.usage,
    `cannot use --grep: ${reason}\n  ${shown}\n  ${" ".repeat(Bun.stringWidth(shown.slice(0, placeOf(text))))}^`,
    "it is a JavaScript regular expression; a backslash before one of \\ . * + ? ( ) [ ] { } | ^ $ takes it as it is",
  );
}

/** Null: it is a regular expression. */
function refusalOf(text: string): string | null {
  try {
    new RegExp(text, "m");
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace(/^Invalid regular expression: /, "");
  }
}

/** What is only not complete yet. */
const unfinished = /^missing \)|^missing terminating \]|at end of pattern|^unterminated/i;

/** The place of the first character that no continuation could make good, or of what was opened and not closed. */
function placeOf(text: string): number {
  for (let length = 1; length <= text.length; length += 1) {
    const reason = refusalOf(text.slice(0, length));
    // A group's head, such as (?<name>, is read as wrong until it is whole.
    const isHead = /\(\?[^)]*$/.test(text.slice(0, length)) && length < text.length;
    if (reason !== null && !unfinished.test(reason) && !isHead) return length - 1;
  }
  return lastOpened(text);
}

function lastOpened(text: string): number {
  const opened: number[] = [];
  let classAt = -1;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\\") {
      if (at + 1 === text.length) return at;
      at += 1;
    } else if (classAt !== -1) {
      if (character === "]") classAt = -1;
    } else if (character === "[") classAt = at;
    else if (character === "(") opened.push(at);
    else if (character === ")") opened.pop();
  }
  return classAt !== -1 ? classAt : (opened.at(-1) ?? Math.max(0, text.length - 1));
}
