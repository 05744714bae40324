// Records as rows of the table "runs", and back.
import type { Outcome, Reason, RunError, RunRecord, Trigger } from "../records.ts";
import type { Ended, JobMemory, Retry, RunQuery } from "../store.ts";
import type { Connection, Value } from "./connection.ts";

export const insertRun = `INSERT OR IGNORE INTO runs (scheduled, job, started, ended, attempt, trigger, outcome, reason, error,
  exit_code, signal, result, times, through) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** The values of `insertRun`. */
export function runValues(ended: Ended): Value[] {
  return [
    ended.scheduledAtMs,
    ended.key,
    ended.startedAtMs,
    ended.endedAtMs,
    ended.attempt,
    ended.trigger,
    ended.outcome,
    ended.reason,
    ended.error === null ? null : JSON.stringify(ended.error),
    ended.exitCode,
    ended.signal,
    ended.result,
    ended.times,
    ended.throughMs,
  ];
}

/** A time that a schedule gave, and that did not run: it comes again if the clock is set back before it. */
export const hasNotRun = "outcome = 'skipped' AND trigger IN ('schedule', 'catch-up')";

/** The same of a record that is not written yet. */
export function didNotRun({ outcome, trigger }: Pick<Ended, "outcome" | "trigger">): boolean {
  return outcome === "skipped" && (trigger === "schedule" || trigger === "catch-up");
}

/** A time of which nothing more is known. */
export function plainEnding(
  key: number,
  scheduledAtMs: number,
  rest: Pick<Ended, "startedAtMs" | "endedAtMs" | "attempt" | "trigger" | "outcome" | "reason">,
): Ended {
  const nothing = { error: null, exitCode: null, signal: null, result: null };
  return { key, scheduledAtMs, ...rest, ...nothing, times: 1, throughMs: scheduledAtMs };
}

/** A clock that was set back by less than that was not wrong for long. */
const aheadMs = 60_000;

/** Those that a query asks for. */
export function readRuns(connection: Connection, query: RunQuery): RunRecord[] {
  const { clockMs, sinceMs = 0, untilMs = Number.MAX_SAFE_INTEGER, limit } = query;
  if (clockMs === undefined) return newestRuns(connection, query);
  const throughMs = clockMs + aheadMs;
  const past = newestRuns(connection, { ...query, untilMs: Math.min(untilMs, throughMs) });
  if (past.length >= limit) return past;
  const rest = { sinceMs: Math.max(sinceMs, throughMs + 1), limit: limit - past.length };
  return [...past, ...newestRuns(connection, { ...query, ...rest })];
}

/** The order in which `readRuns` gives them. */
export function runOrder({ clockMs = Number.POSITIVE_INFINITY }: RunQuery) {
  const isAhead = ({ scheduledAtMs }: RunRecord) => Number(scheduledAtMs > clockMs + aheadMs);
  return (a: RunRecord, b: RunRecord) => isAhead(a) - isAhead(b) || b.scheduledAtMs - a.scheduledAtMs;
}

function newestRuns(
  connection: Connection,
  { job, outcomes, sinceMs, untilMs, limit }: RunQuery,
): RunRecord[] {
  const conditions: Array<readonly [sql: string, value: Value]> = [];
  if (job !== undefined) conditions.push(["runs.job = (SELECT key FROM jobs WHERE name = ?)", job]);
  if (sinceMs !== undefined) conditions.push(["scheduled >= ?", sinceMs]);
  if (untilMs !== undefined) conditions.push(["scheduled <= ?", untilMs]);
  if (outcomes !== undefined)
    conditions.push(["outcome IN (SELECT value FROM json_each(?))", JSON.stringify(outcomes)]);
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([sql]) => sql).join(" AND ")}`;
  return connection
    .rows(
      `SELECT jobs.name, scheduled, started, ended, attempt, trigger, outcome, reason, error, exit_code, signal, result, times,
      through FROM runs JOIN jobs ON jobs.key = runs.job ${where} ORDER BY scheduled DESC, runs.job DESC LIMIT ?`,
      ...[...conditions.map(([, value]) => value), limit],
    )
    .map(recordOf);
}

function recordOf(row: readonly Value[]): RunRecord {
  const [job, scheduled, started, ended, attempt, trigger, outcome, reason, error, exitCode, signal, result] =
    row;
  return {
    job: String(job),
    scheduledAtMs: Number(scheduled),
    startedAtMs: numberOrNull(started),
    endedAtMs: Number(ended),
    attempt: Number(attempt),
    trigger: String(trigger) as Trigger,
    outcome: String(outcome) as Outcome,
    reason: textOrNull(reason) as Reason | null,
    error: errorOf(textOrNull(error)),
    exitCode: numberOrNull(exitCode),
    signal: textOrNull(signal),
    result: textOrNull(result),
    times: Number(row[12]),
    throughMs: Number(row[13]),
  };
}

/** Whether a query asks for a record that isn't written yet. */
export function matches(query: RunQuery, { job, outcome, scheduledAtMs }: RunRecord): boolean {
  const { outcomes, sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = query;
  const isInTime = scheduledAtMs >= sinceMs && scheduledAtMs <= untilMs;
  return isInTime && (query.job ?? job) === job && (outcomes?.includes(outcome) ?? true);
}

export const memoryColumns = `key, name, schedule, accounted, ahead_first, ahead_last, known, kept, succeeded, last_scheduled, last_started, last_ended,
  last_outcome, paused, state, boot`;

export interface JobRow {
  readonly memory: JobMemory;
  readonly name: string;
  readonly schedule: string;
  /** How many records it has. */
  readonly kept: number;
  /** From the first through the last: times that had begun when the clock was set back. */
  readonly ahead?: readonly [number, number];
}

export function jobRowOf(row: readonly Value[]): JobRow {
  const [
    key,
    name,
    schedule,
    accounted,
    aheadFirst,
    aheadLast,
    known,
    kept,
    succeeded,
    scheduled,
    started,
    ended,
    outcome,
    paused,
    state,
    boot,
  ] = row;
  const memory: JobMemory = {
    key: Number(key),
    accountedMs: Number(accounted),
    knownMs: Math.max(Number(accounted), Number(known)),
    lastSuccessMs: numberOrNull(succeeded),
    last:
      typeof outcome !== "string"
        ? null
        : {
            scheduledAtMs: Number(scheduled),
            outcome: outcome as Outcome,
            startedAtMs: numberOrNull(started),
            endedAtMs: Number(ended),
          },
    pausedAtMs: numberOrNull(paused),
    state: textOrNull(state),
    bootId: textOrNull(boot),
  };
  const ahead = [Number(aheadFirst), Number(aheadLast)] as const;
  return { memory, name: String(name), schedule: String(schedule), kept: Number(kept), ahead };
}

export function newMemory(key: number, nowMs: number): JobMemory {
  return {
    key,
    accountedMs: nowMs,
    knownMs: nowMs,
    lastSuccessMs: null,
    last: null,
    pausedAtMs: null,
    state: null,
    bootId: null,
  };
}

export function retryOf([key, scheduled, origin, attempt, due, input]: readonly Value[]): Retry {
  return {
    key: Number(key),
    scheduledAtMs: Number(scheduled),
    origin: String(origin) as Trigger,
    attempt: Number(attempt),
    dueMs: Number(due),
    input: textOrNull(input ?? null),
  };
}

function numberOrNull(value: Value | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function textOrNull(value: Value | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function errorOf(text: string | null): RunError | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as RunError;
  } catch {
    return { name: "Error", message: text, stack: null };
  }
}
