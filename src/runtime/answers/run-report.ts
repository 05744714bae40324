// A run as it is told: from its record, or while it goes on. Pure.
import type { RunReport } from "../../control/jobs.ts";
import { type Outcome, type RunRecord, runId } from "../../store/records.ts";
import { parsedJson } from "../parsed-json.ts";
import type { Run } from "../running/run.ts";

/** Runs that did not succeed, and were not skipped. */
export const failures: readonly Outcome[] = ["failed", "timed-out", "interrupted", "cancelled"];

/** Runs that were not skipped. */
export const begun: readonly Outcome[] = [...failures, "succeeded"];

export function reportOf(record: RunRecord): RunReport {
  const { job, scheduledAtMs, startedAtMs, endedAtMs, result, times, throughMs, ...rest } = record;
  return {
    id: runId(job, scheduledAtMs),
    job,
    scheduledAt: iso(scheduledAtMs),
    startedAt: startedAtMs === null ? null : iso(startedAtMs),
    endedAt: iso(endedAtMs),
    attempt: rest.attempt,
    trigger: rest.trigger,
    outcome: rest.outcome,
    reason: rest.reason,
    error: rest.error,
    exitCode: rest.exitCode,
    signal: rest.signal,
    result: parsedJson(result) ?? null,
    times,
    through: times === 1 ? null : iso(throughMs),
  };
}

export function reportOfRun({
  id,
  job,
  scheduledAtMs,
  startedAtMs,
  attempt,
  trigger,
  phase,
}: Run): RunReport {
  return {
    id,
    job,
    scheduledAt: iso(scheduledAtMs),
    startedAt: startedAtMs === null ? null : iso(startedAtMs),
    endedAt: null,
    attempt,
    trigger,
    outcome: null,
    reason: phase === "running" ? null : phase,
    error: null,
    exitCode: null,
    signal: null,
    result: null,
    times: 1,
    through: null,
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
