// What showing logs once and following them have in common.
import type { Directories } from "../daemon/paths.ts";
import type { Wanted, WantedRun } from "../logs/read/filter.ts";
import type { LogRequest } from "../logs/read/open-log.ts";
import { Out } from "../logs/read/out.ts";
import type { Reading } from "../logs/read/read-logs.ts";
import { showJson } from "../logs/read/show-json.ts";
import { showText } from "../logs/read/show-text.ts";
import { isTerminal, outDescriptor } from "../logs/sink.ts";
import { readError } from "./log-damage.ts";
import type { DaemonLogs } from "./log-sources.ts";
import type { Wishes } from "./log-wishes.ts";
import { hasColour, type Output } from "./output.ts";

export interface Session {
  readonly wishes: Wishes;
  readonly daemons: readonly DaemonLogs[];
  readonly directories: Directories;
  readonly output: Output;
  /** Of those that have no log nothing is said, if one has. */
  readonly isAll: boolean;
}

export interface SourceRequest extends LogRequest {
  /** An index into the daemons. */
  readonly source: number;
}

/** @param run null: any */
export function wantedOf(
  { sinceMs, untilMs, level, job, grep }: Wishes,
  run: WantedRun | null,
  isOfOneJob: boolean,
): Wanted {
  // Nothing of a run is written before its scheduled time.
  const from = run === null ? sinceMs : Math.max(sinceMs, Date.parse(run.id.slice(run.job.length + 1)));
  return { sinceMs: from, untilMs, level, job: isOfOneJob ? null : job, run, grep };
}

/** @param names of the daemons; more may come where all are followed */
export function readingOf(
  { wishes, output, isAll }: Session,
  names: readonly string[],
  opened: ReadonlyArray<{ readonly count: number }>,
): Reading {
  const out = new Out(outDescriptor);
  const { colour } = wishes;
  const style = {
    names: names.length > 1 || (isAll && wishes.follows) ? names : null,
    // Whoever asks for colours has what is shown end on a terminal.
    isTerminal: colour === "always" || isTerminal(outDescriptor),
    hasColour: colour === "auto" ? hasColour(outDescriptor) : colour === "always",
  };
  const held = opened.reduce((sum, { count }) => sum + count, 0);
  return {
    out,
    show: output.json ? showJson(out, names) : showText(out, style),
    skip: wishes.count === null ? 0 : Math.max(0, held - wishes.count),
  };
}

export interface Opened<T> {
  readonly logs: readonly T[];
  /** Those that have a log which can't be opened. */
  readonly refused: ReadonlySet<number>;
}

/**
 * One log that can't be opened hides no other: that is told. @param open null: it is not there
 * @throws {DjobError} if there is no other
 */
export function openAll<T>(
  requests: readonly SourceRequest[],
  open: (request: SourceRequest) => T | null,
): Opened<T> {
  const logs: T[] = [];
  const failures: Array<readonly [SourceRequest, unknown]> = [];
  for (const request of requests) {
    try {
      const log = open(request);
      if (log !== null) logs.push(log);
    } catch (error) {
      failures.push([request, error]);
    }
  }
  const [first] = failures;
  if (first !== undefined && logs.length === 0) throw readError(first[0].path, first[1]);
  for (const [{ path, onDamage }, error] of failures) onDamage(path, error, null);
  return { logs, refused: new Set(failures.map(([{ source }]) => source)) };
}
