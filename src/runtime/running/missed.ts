// Many times of one job that have come due at once: those that its policy catches up are offered, the others skipped.
import { type CatchUp, decideCatchUp } from "../../schedule/catch-up.ts";
import { dueTimes } from "../../schedule/due-times.ts";
import type { DueTimes } from "../../schedule/plan.ts";
import type { Reason } from "../../store/records.ts";
import type { Batch } from "./batch.ts";
import type { JobEntry } from "./job-entry.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";
import { skippedManyText } from "./skipped.ts";

/** How many times of one job are recorded one by one; those before are one record. */
const toldOneByOne = 100;

export interface Circumstances {
  /** The machine slept, or no daemon ran. */
  readonly wasAway: boolean;
  /** The clock was wrong, and was set forward over them. */
  readonly wasCorrected: boolean;
}

/** @returns the time that comes next, and those too many to be told one by one, which are skipped for `reason` */
export function offerMany(
  batch: Batch,
  entry: JobEntry,
  dueMs: number,
  nowMs: number,
  { wasAway, wasCorrected }: Circumstances,
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
export function recordMany(
  { clock, store, journal }: Pick<SchedulerParts, "clock" | "store" | "journal">,
  { key, definition }: JobEntry,
  { firstMs, lastMs, count }: NonNullable<DueTimes["earlier"]>,
  reason: Reason,
): void {
  store.end({
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
