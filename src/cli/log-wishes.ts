// What the flags of `djob logs` ask for.
import type { ParsedArgs } from "citty";
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { levels } from "../logs/line.ts";
import { isSet, type RepeatableArg, textOf } from "./command.ts";
import { patternOf } from "./log-pattern.ts";
import { momentOf, timeForms } from "./log-times.ts";

const usualRecords = 20;

export const logFlags: Readonly<Record<string, RepeatableArg>> = {
  follow: {
    type: "boolean",
    alias: "f",
    description: "and go on with what is written, until Ctrl-C; a log that is not there is waited for",
  },
  lines: {
    type: "string",
    alias: "n",
    valueHint: "N",
    description: `the last N records, or all (default: ${usualRecords}; all with --since, --until, --run or --grep)`,
  },
  job: { type: "string", valueHint: "JOB", description: "only what was written in this job's runs" },
  run: {
    type: "string",
    valueHint: "ID",
    description: "only what was written in this run: job@time, as djob runs --json shows it",
  },
  level: {
    type: "string",
    valueHint: "LEVEL",
    description: `this level and those above it: ${levels.join(", ")}`,
  },
  since: { type: "string", valueHint: "TIME", description: `not before: ${timeForms}` },
  until: { type: "string", valueHint: "TIME", description: "not after; the same forms" },
  grep: {
    type: "string",
    valueHint: "REGEX",
    description: "only records whose message, or raw line, matches (JavaScript)",
  },
};

export interface Wishes {
  readonly follows: boolean;
  /** Null: all. */
  readonly count: number | null;
  readonly job: string | null;
  /** The id of a run. */
  readonly run: string | null;
  readonly level: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly grep: RegExp | null;
}

/** @throws {DjobError} with exit code 2 */
export function wishesOf(args: ParsedArgs, nowMs: number): Wishes {
  const [since, until, grep, run] = ["since", "until", "grep", "run"].map((flag) => textOf(args, flag));
  const follows = isSet(args, "follow");
  if (follows && until !== null) {
    throw misuse("-f and --until ask for opposite things", "leave one of them out");
  }
  const sinceMs = since == null ? Number.NEGATIVE_INFINITY : momentOf("since", since, nowMs);
  const untilMs = until == null ? Number.POSITIVE_INFINITY : momentOf("until", until, nowMs);
  if (sinceMs > untilMs) throw misuse(`--since ${since} is later than --until ${until}`, "swap them");
  const isAll = [since, until, grep, run].some((text) => text != null);
  return {
    follows,
    count: countOf(textOf(args, "lines") ?? textOf(args, "n"), isAll ? null : usualRecords),
    job: textOf(args, "job"),
    run: run == null ? null : checkRun(run),
    level: levelOf(textOf(args, "level")),
    sinceMs,
    untilMs,
    grep: grep == null ? null : patternOf(grep),
  };
}

function countOf(text: string | null, usual: number | null): number | null {
  if (text === null) return usual;
  if (text === "all") return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DjobError(
    exitCode.usage,
    `cannot use -n ${JSON.stringify(text)}: it is not a number of records`,
    "write -n 100, or -n all",
  );
}

function levelOf(text: string | null): number {
  if (text === null) return 0;
  const names: readonly string[] = levels;
  const index = names.indexOf(text.toLowerCase());
  if (index !== -1) return index + 1;
  throw misuse(`--level ${JSON.stringify(text)} is no level`, `the levels are ${levels.join(", ")}`);
}

function checkRun(text: string): string {
  const at = text.lastIndexOf("@");
  if (at > 0 && !Number.isNaN(Date.parse(text.slice(at + 1)))) return text;
  throw misuse(
    `--run ${JSON.stringify(text)} is not the id of a run`,
    "write it as djob runs --json shows it, such as report@2026-11-24T09:00:00.000Z",
  );
}

function misuse(why: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob logs: ${why}`, hint);
}
