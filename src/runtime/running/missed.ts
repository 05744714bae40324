// Many times of one job that have come due at once: those that its policy catches up are offered, the others skipped.
import { type CatchUp, decideCatchUp } from "../../schedule/catch-up.ts";
import type { DueTimes } from "../../schedule/plan.ts";
import { unrecordedTimes } from "../../schedule/unrecorded.ts";
import type { Reason } from "../../store/records.ts";
import type { Batch } from "./batch.ts";
import type { JobEntry } from "./job-entry.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";
import { skippedManyText } from "./skipped.ts";

/** How many times of one job are recorded one by one; those before are one record. */
const toldOneByOne = 100;

export interface Missed {
  /** The first of them. */
  readonly dueMs: number;
  readonly nowMs: number;
  /** The machine slept, or no daemon ran. */
  readonly wasAway: boolean;
  /** The clock was wrong, and was set forward over them. */
  readonly wasCorrected: boolean;
}

/**
 * All times of a job that have come at once: those that have no record yet.
 * @returns the time that comes next
 */
export function fireMissed(
  parts: Pick<SchedulerParts, "clock" | "store" | "journal">,
  batch: Batch,
  entry: JobEntry,
  missed: Missed,
): number | null {
  const { dueMs, nowMs, wasAway, wasCorrected } = missed;
  const { plan, policies } = entry.definition;
  const isPaused = entry.pausedAtMs !== null;
  const catchUp: CatchUp = wasCorrected || isPaused ? { type: "none" } : policies.catchUp;
  const oneByOne = Math.max(toldOneByOne, catchUp.type === "all" ? catchUp.maximum + 1 : 0);
  const recorded = dueMs <= entry.knownMs ? parts.store.recordedBetween(entry.key, dueMs, nowMs) : [];
  const { times, earlier, nextDueMs } = unrecordedTimes(plan, dueMs, nowMs, recorded, oneByOne);
  const caught = decideCatchUp(catchUp, { times }, nowMs, wasAway || wasCorrected);
  const reason = isPaused ? "paused" : wasCorrected ? "clock-correction" : "not-caught-up";
  for (const timeMs of caught.skipped) batch.skip(entry, timeMs, "schedule", reason);
  for (const timeMs of caught.runs) {
    const trigger = timeMs === caught.dueMs ? "schedule" : "catch-up";
    if (isPaused) batch.skip(entry, timeMs, "schedule", "paused");
    else batch.offer(entry, timeMs, trigger, undefined, caught.runs.length > 1);
  }
  for (const row of earlier) recordMany(parts, batch, entry, row, reason);
  const latestMs = times.at(-1);
  if (latestMs !== undefined) entry.lastScheduledMs = Math.max(latestMs, entry.lastScheduledMs ?? latestMs);
  entry.knownMs = Math.max(entry.knownMs, nowMs);
  return nextDueMs;
}

/** A row of times is one record, and one line in the log. */
function recordMany(
  { clock, journal }: Pick<SchedulerParts, "clock" | "journal">,
  batch: Batch,
  { key, definition }: JobEntry,
  { firstMs, lastMs, count }: NonNullable<DueTimes["earlier"]>,
  reason: Reason,
): void {
  batch.skipRow({
    key,
    scheduledAtMs: firstMs,
    throughMs: lastMs,
    times: count,
    startedAtMs: null,
    endedAtMs: clock.now(),
    attempt: 0,
    trigger: "schedule",
    outcome: "skipped",
    reason,
    error: null,
    exitCode: null,
    signal: null,
    result: null,
  });
  journal.write("warn", skippedManyText(firstMs, lastMs, count, reason), definition.name);
}
