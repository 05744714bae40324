// A crontab(5) file, as cronie and supercronic read it: what each line has run, with the variables of the lines before it.
// Everything that is wrong with it is found at once. Pure.
import { ScheduleError } from "../../../schedule/schedule-error.ts";
import { checkTimeZone } from "../../../schedule/time-zone.ts";
import { type EntryLine, parseEntryLine } from "./entry-line.ts";
import { parseVariableLine } from "./variable-line.ts";
import { warningsOf } from "./warnings.ts";

export interface CrontabEntry {
  /** From 1, both. */
  readonly line: number;
  readonly column: number;
  /** The line's text, for its mistakes. */
  readonly source: string;
  readonly schedule: string;
  readonly command: string;
  readonly stdin: string | null;
  /** null: the file has no such column. */
  readonly user: { readonly name: string; readonly column: number } | null;
  /** Of the lines before. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly source: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface Warning {
  readonly line: number;
  readonly message: string;
}

export interface Crontab {
  readonly entries: readonly CrontabEntry[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** cronie's highest RANDOM_DELAY, in minutes: a day. */
const longestDelayMinutes = 24 * 60;

/** @param hasUser whether a line has a user before its command, as in /etc/crontab */
export function parseCrontab(text: string, hasUser: boolean): Crontab {
  const entries: CrontabEntry[] = [];
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  let variables: Readonly<Record<string, string>> = {};
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const source = raw.replace(/\r$/, "");
    const line = index + 1;
    const start = /^[ \t]*/.exec(source)?.[0].length ?? 0;
    const isNothing = start === source.length || source.charAt(start) === "#";
    if (isNothing) continue;
    const refuse = (at: number, message: string, hint: string | null) =>
      void problems.push({ line, column: at + 1, source, message, hint });
    if (source.includes("\0")) {
      refuse(source.indexOf("\0"), "the line has a NUL byte", "is this a text file?");
      continue;
    }
    const variable = parseVariableLine(source.slice(start));
    if (variable !== null) {
      const fault = faultOfVariable(variable.name, variable.value);
      // The lines after it are not to be blamed for it.
      if (fault === null) variables = { ...variables, [variable.name]: variable.value };
      else refuse(start + variable.valueColumn - 1, fault.message, fault.hint);
      warnings.push(...warningsOf.variable(variable, hasUser).map((message) => ({ line, message })));
      continue;
    }
    const entry = parseEntryLine(source, start, hasUser);
    if ("reason" in entry) {
      refuse(entry.at, entry.reason, entry.hint);
      continue;
    }
    warnings.push(...warningsOf.entry(entry).map((message) => ({ line, message })));
    entries.push(entryOf(entry, line, start, source, variables));
  }
  return { entries, problems, warnings: onceEach(warnings) };
}

function entryOf(
  { schedule, command, stdin, user }: EntryLine,
  line: number,
  start: number,
  source: string,
  variables: Readonly<Record<string, string>>,
): CrontabEntry {
  const named = user === null ? null : { name: user.text, column: user.at + 1 };
  return { line, column: start + 1, source, schedule, command, stdin, user: named, variables };
}

function faultOfVariable(name: string, value: string): { message: string; hint: string | null } | null {
  if (name === "") return { message: "the variable has no name", hint: "write NAME=value" };
  if (name === "RANDOM_DELAY") {
    if (/^\d+$/.test(value) && Number(value) <= longestDelayMinutes) return null;
    const message = `RANDOM_DELAY ${JSON.stringify(value)} is not a number of minutes from 0 to ${longestDelayMinutes}`;
    return { message, hint: "write RANDOM_DELAY=10" };
  }
  if (name !== "CRON_TZ" || value === "") return null;
  try {
    checkTimeZone(value);
    return null;
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { message: error.message, hint: error.hint ?? null };
  }
}

/** What holds for a whole file is told of its first line alone. */
function onceEach(warnings: readonly Warning[]): Warning[] {
  const told = new Set<string>();
  return warnings.filter(({ message }) => {
    if (told.has(message)) return false;
    told.add(message);
    return true;
  });
}
