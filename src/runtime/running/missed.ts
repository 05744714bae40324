// Many times of one job that have come due at once: those that its policy catches up are offered, the others skipped.
import { type CatchUp, decideCatchUp } from "../../schedule/catch-up.ts";
import { dueTimes } from "../../schedule/due-times.ts";
import { type DueTimes, nextPlanned } from "../../schedule/plan.ts";
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
  const { dueMs, nowMs } = missed;
  const fromMs = dueMs <= entry.knownMs ? passKnown(parts, batch, entry, dueMs, nowMs) : dueMs;
  if (fromMs === null || fromMs > nowMs) return fromMs;
  const { nextDueMs, earlier, reason } = offerMany(batch, entry, { ...missed, dueMs: fromMs });
  if (earlier !== null) recordMany(parts, batch, entry, earlier, reason);
  entry.knownMs = Math.max(entry.knownMs, nowMs);
  return nextDueMs;
}

/**
 * The clock was set back, and forward again over times that have their records. Those between them have none, because they were
 * before the job was declared: they are skipped.
 * @returns the first time after all of them
 */
function passKnown(
  parts: Pick<SchedulerParts, "clock" | "store" | "journal">,
  batch: Batch,
  entry: JobEntry,
  dueMs: number,
  nowMs: number,
): number | null {
  const { plan } = entry.definition;
  let fromMs: number | null = dueMs;
  for (const [firstMs, lastMs] of parts.store.recordedBetween(entry.key, dueMs, nowMs)) {
    if (fromMs === null || fromMs > nowMs) break;
    if (fromMs < firstMs) {
      const { times, earlier } = dueTimes(plan, fromMs, firstMs - 1, toldOneByOne);
      for (const timeMs of times) batch.skip(entry, timeMs, "schedule", "not-caught-up");
      if (earlier !== null) recordMany(parts, batch, entry, earlier, "not-caught-up");
    }
    if (fromMs <= lastMs) fromMs = nextPlanned(plan, lastMs);
  }
  return fromMs;
}

/** @returns the time that comes next, and those too many to be told one by one, which are skipped for `reason` */
function offerMany(
  batch: Batch,
  entry: JobEntry,
  { dueMs, nowMs, wasAway, wasCorrected }: Missed,
): Pick<DueTimes, "nextDueMs" | "earlier"> & { readonly reason: Reason } {
  const { plan, policies } = entry.definition;
  const isPaused = entry.pausedAtMs !== null;
  const catchUp: CatchUp = wasCorrected || isPaused ? { type: "none" } : policies.catchUp;
  const oneByOne = Math.max(toldOneByOne, catchUp.type === "all" ? catchUp.maximum + 1 : 0);
  const { times, earlier, nextDueMs } = dueTimes(plan, dueMs, nowMs, oneByOne);
  const caught = decideCatchUp(catchUp, { times }, nowMs, wasAway || wasCorrected);
  const reason = isPaused ? "paused" : wasCorrected ? "clock-correction" : "not-caught-up";
  for (const timeMs of caught.skipped) batch.skip(entry, timeMs, "schedule", reason);
  for (const timeMs of caught.runs) {
    const trigger = timeMs === caught.dueMs ? "schedule" : "catch-up";
    if (isPaused) batch.skip(entry, timeMs, "schedule", "paused");
    else batch.offer(entry, timeMs, trigger, undefined, caught.runs.length > 1);
  }
  const latestMs = times.at(-1) ?? dueMs;
  entry.lastScheduledMs = Math.max(latestMs, entry.lastScheduledMs ?? latestMs);
  return { nextDueMs, earlier, reason };
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
