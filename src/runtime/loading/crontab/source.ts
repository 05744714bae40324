// A crontab's file on its way from bytes to what the daemon runs, or to everything that is wrong with it.
import type { ModuleFailure } from "../../failure.ts";
import { type Crontab, type CrontabEntry, type Problem, parseCrontab } from "./parse.ts";
import { warningsOf } from "./warnings.ts";

/** How the daemon's crontabs are to be read. */
export interface CrontabPort {
  /** Whether each line has a user before its command (--system-crontab). */
  readonly isSystem: boolean;
  /** @throws {Error} that says why the file can't be read, or may not be believed */
  read(path: string): Uint8Array;
}

export interface CrontabSource {
  readonly path: string;
  readonly entries: readonly CrontabEntry[];
  readonly problems: readonly Problem[];
  /** For the daemon's log. */
  readonly warnings: readonly string[];
}

export function readCrontab(path: string, { isSystem, read }: CrontabPort): CrontabSource {
  const { text, unreadable } = textOf(read(path));
  const { entries, problems, warnings }: Crontab = parseCrontab(text, isSystem);
  const places = isSystem ? [] : entries.flatMap(({ command }) => warningsOf.place(path, command));
  return {
    path,
    entries,
    problems: [...problems, ...unreadable].toSorted((one, other) => one.line - other.line),
    warnings: [
      ...warnings.map(({ line, message }) => `${path}:${line}: ${message}`),
      ...[...new Set(places)].map((message) => `${path}: ${message}`),
    ],
  };
}

/** Line by line: a comment may be in whatever encoding, what is run may not. */
function textOf(bytes: Uint8Array): { text: string; unreadable: Problem[] } {
  const whole = decode(bytes);
  if (whole !== null) return { text: whole, unreadable: [] };
  const unreadable: Problem[] = [];
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  const texts = lines.map((latin, index) => {
    const text = decode(Buffer.from(latin, "latin1"));
    if (text !== null) return text;
    if (!/^[ \t]*#/.test(latin))
      unreadable.push({
        line: index + 1,
        column: 1,
        source: latin,
        message: "the line is not UTF-8",
        hint: "convert the file: iconv -f latin1 -t utf-8",
      });
    return "";
  });
  return { text: texts.join("\n"), unreadable };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

const shownProblems = 20;
const shownColumns = 160;

export interface FileProblem extends Problem {
  readonly path: string;
}

/** Pure: all of them as one failure, each with its line and a caret. */
export function failureOfProblems(problems: readonly FileProblem[]): ModuleFailure {
  const parts = problems.slice(0, shownProblems).map(failureOfProblem);
  const [first] = parts;
  if (first !== undefined && problems.length === 1) return first;
  const left = problems.length - parts.length;
  return {
    module: first?.module ?? null,
    message: `${problems.length} lines can't be used`,
    location: null,
    sourceLine: null,
    stack: null,
    hint: left > 0 ? `the first ${shownProblems} are shown, and ${left} more are wrong` : null,
    parts,
  };
}

function failureOfProblem({ path, line, column, source, message, hint }: FileProblem): ModuleFailure {
  // What a terminal would obey is not to be printed.
  const shown = source.slice(0, shownColumns).replace(/[^\P{Cc}\t]/gu, "\uFFFD");
  return {
    module: path,
    message,
    location: { file: path, line, column },
    sourceLine: column <= shownColumns ? shown : null,
    stack: null,
    hint,
  };
}
