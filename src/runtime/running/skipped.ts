// What the log says of times that were skipped, and of an always-on job that begins again.
import { formatDuration } from "../../schedule/duration.ts";
import type { Outcome, Reason } from "../../store/records.ts";
import type { SkippedTime } from "./batch.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";

/** A line in the log for each job and reason, and a call of the hooks; a paused job's times are only recorded. */
export function tellSkipped(
  { observers, journal }: Pick<SchedulerParts, "observers" | "journal">,
  times: readonly SkippedTime[],
  nowMs: number,
): void {
  for (const row of rowsOf(times)) {
    const [{ entry, reason, scheduledAtMs }] = row;
    observers?.skipped(entry, scheduledAtMs, reason, nowMs);
    if (reason !== "paused") journal.write("warn", skippedText(row), entry.definition.name);
  }
}

type SkippedRow = readonly [SkippedTime, ...SkippedTime[]];

/** A row for each job and reason: its line in the log is one. */
function rowsOf(times: readonly SkippedTime[]): SkippedRow[] {
  const rows: Array<[SkippedTime, ...SkippedTime[]]> = [];
  for (const time of times) {
    const row = rows.at(-1);
    if (row !== undefined && row[0].entry === time.entry && row[0].reason === time.reason) row.push(time);
    else rows.push([time]);
  }
  return rows;
}

function skippedText(row: SkippedRow): string {
  const [{ scheduledAtMs, reason }] = row;
  const last = iso(row.at(-1)?.scheduledAtMs ?? scheduledAtMs);
  const which =
    row.length === 1 ? oneRun(scheduledAtMs) : `${row.length} runs, from ${iso(scheduledAtMs)} to ${last}`;
  return `skipped ${which}: ${reasonText[reason]}`;
}

/** Of times that are not told one by one. */
export function skippedManyText(firstMs: number, lastMs: number, count: number, reason: Reason): string {
  const which = count === 1 ? oneRun(firstMs) : `${count} runs between ${iso(firstMs)} and ${iso(lastMs)}`;
  return `skipped ${which}: ${reasonText[reason]}`;
}

function oneRun(timeMs: number): string {
  return `the run of ${iso(timeMs)}`;
}

export function restartText(outcome: Outcome, delayMs: number): string {
  const how = outcome === "succeeded" ? "it returned" : "it failed";
  return `${how}: starting it again in ${formatDuration(delayMs)}`;
}

const reasonText: Readonly<Record<Reason, string>> = {
  overlap: "the run before it is still going on",
  "queue-full": "too many of its runs wait or go on already",
  paused: "the job is paused",
  "not-caught-up": "missed, and not caught up",
  "clock-correction": "passed over when the clock was set forward",
  replaced: "a newer run takes its place",
  stopping: "the daemon is stopping",
  asked: "somebody asked for it",
  "daemon-died": "the daemon died",
  removed: "no module declares its job any more",
};

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
