// What is recorded of a run that is over. Pure.
import type { Redact } from "../../logs/redact.ts";
import type { RunRecord } from "../../store/records.ts";
import type { Ended } from "../../store/store.ts";
import type { AttemptEnd } from "./attempt-end.ts";
import { keptResult, runError } from "./kept.ts";
import type { Run } from "./run.ts";

/** @param state JSON text of what is kept between its job's runs from now on */
export function recordOf(
  run: Run,
  end: AttemptEnd,
  endedAtMs: number,
  state: string | null,
  redact: Redact | null,
): RunRecord & Ended {
  const { entry, scheduledAtMs, startedAtMs, attempt, trigger } = run;
  const { outcome, exitCode, signal } = end;
  const isCancelled = outcome === "cancelled";
  const record: RunRecord & Mutable<Ended> = {
    key: entry.key,
    job: run.job,
    scheduledAtMs,
    startedAtMs,
    endedAtMs,
    attempt: startedAtMs === null ? 0 : attempt,
    trigger,
    outcome,
    reason: isCancelled ? (run.asked?.reason ?? null) : null,
    error: outcome === "succeeded" || isCancelled ? null : runError(end.error, redact),
    exitCode,
    signal,
    result: outcome === "succeeded" ? keptResult(end.result) : null,
    times: 1,
    throughMs: scheduledAtMs,
  };
  if (state !== null && state !== entry.state) record.state = state;
  return record;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Of a run that did not come to its first attempt. */
export const neverBegun = {
  error: null,
  result: undefined,
  state: undefined,
  exitCode: null,
  signal: null,
};
