// Flags on how much of a daemon's past is kept.
import type { ParsedArgs } from "citty";
import { DjobError } from "../daemon/error.ts";
import { defaults, type HistoryRules } from "../daemon/spec.ts";
import { exitCode } from "../exit-code.ts";
import { parseDuration } from "../schedule/duration.ts";
import type { RepeatableArg } from "./command.ts";
import { textOf } from "./command.ts";

export const historyFlags: Readonly<Record<string, RepeatableArg>> = {
  "keep-runs": {
    type: "string",
    valueHint: "N",
    description: `how many records of runs are kept of each job (default: ${defaults.keepRuns})`,
  },
  "keep-runs-for": {
    type: "string",
    valueHint: "TIME",
    description: "keep no record longer than that, such as 30d (default: however long)",
  },
};

const mostRuns = 10_000_000;

/** @throws {DjobError} with exit code 2 */
export function historyOf(args: ParsedArgs): HistoryRules {
  return { keepRuns: runsOf(textOf(args, "keep-runs")), keepForMs: ageOf(textOf(args, "keep-runs-for")) };
}

function runsOf(text: string | null): number {
  if (text === null) return defaults.keepRuns;
  const count = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= mostRuns) return count;
  throw misuse(
    `--keep-runs ${JSON.stringify(text)} is no number from 1 to ${mostRuns}`,
    `write --keep-runs ${defaults.keepRuns}`,
  );
}

function ageOf(text: string | null): number | null {
  if (text === null) return null;
  let reason = "it is no time at all";
  try {
    const ageMs = parseDuration(text);
    if (ageMs > 0) return ageMs;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw misuse(`--keep-runs-for ${JSON.stringify(text)}: ${reason}`, "write --keep-runs-for 30d");
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
