// What waits to be written, and how each is. All of it can be written again after a transaction that failed.
import type { Ended, Retry } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Counted } from "./counts.ts";
import { encodeKeys } from "./keys.ts";
import type { OpenDecision } from "./open-decisions.ts";
import type { RealKeys } from "./real-keys.ts";
import { insertRun, plainEnding, runValues } from "./rows.ts";
import { setBack } from "./set-back.ts";
import type { FoldedJob, NewJob, Write } from "./write.ts";

/** So many records are one write: they take less than a millisecond. */
export const recordsAtOnce = 200;

/** Changes nothing. */
export function tryToWrite(connection: Connection): void {
  connection.run("UPDATE counters SET value = value WHERE name = 'job'");
}

export interface Writing {
  readonly owner: number;
  readonly keys: RealKeys;
  readonly now: () => number;
  /** Called for each record that is new. */
  readonly recorded: (counted: Counted) => void;
}

export function applyWrite(connection: Connection, write: Write, writing: Writing): void {
  const { owner, keys, now } = writing;
  switch (write.type) {
    case "jobs":
      insertUnwritten(connection, write.jobs, keys);
      break;
    case "arrivals":
      settleArrivals(connection, write.row);
      break;
    case "decision":
      insertDecision(connection, write.open, owner, keys.realOfAll(write.open.decision.jobs));
      break;
    case "schedule":
      connection.run(
        "UPDATE jobs SET schedule = ?, accounted = max(accounted, ?) WHERE key = ?",
        ...[write.schedule, write.accountedMs, keys.realOf(write.key)],
      );
      break;
    case "ended":
      record(connection, write.ended, writing);
      if (write.endsRetry) deleteRetry(connection, keys.realOf(write.ended.key), write.ended.scheduledAtMs);
      deleteDecision(connection, write.closes);
      break;
    case "folded":
      writeFolded(connection, write, keys);
      break;
    case "records":
      recordMany(connection, write, writing);
      break;
    case "retry":
      insertRetry(connection, write.retry, owner, keys.realOf(write.retry.key), now());
      deleteDecision(connection, write.closes);
      break;
    case "set back":
      setBack(connection, write.step, keys);
      break;
    case "pause":
      connection.run("UPDATE jobs SET paused = ? WHERE key = ?", write.pausedAtMs, keys.realOf(write.key));
      break;
    case "boot":
      connection.run("UPDATE jobs SET boot = ? WHERE key = ?", write.bootId, keys.realOf(write.key));
  }
}

/** Jobs whose keys were given without a look into the database, or that a database has been begun anew without. */
export function insertUnwritten(connection: Connection, jobs: readonly NewJob[], keys: RealKeys): void {
  settleArrivals(connection, null);
  let highest = 0;
  for (const { key, name, schedule, accountedMs } of jobs)
    highest = Math.max(highest, keys.insert(connection, key, name, schedule, accountedMs));
  connection.run("UPDATE counters SET value = max(value, ?) WHERE name = 'job'", highest + 1);
}

export function insertJobs(connection: Connection, jobs: readonly NewJob[]): void {
  let highest = 0;
  for (const { key, name, schedule, accountedMs } of jobs) {
    highest = Math.max(highest, key);
    connection.run(
      "INSERT OR IGNORE INTO jobs (key, name, schedule, accounted) VALUES (?, ?, ?, ?)",
      ...[key, name, schedule, accountedMs],
    );
  }
  connection.run("UPDATE counters SET value = max(value, ?) WHERE name = 'job'", highest + 1);
}

/** @param row null: all that any process has left */
export function settleArrivals(connection: Connection, row: number | null): void {
  const which = row === null ? [] : [row];
  const where = row === null ? "" : "WHERE arrivals.id = ?";
  connection.run(
    `INSERT OR IGNORE INTO jobs (key, name, schedule, accounted)
     SELECT first + job.key, job.value ->> 0, job.value ->> 1, entered FROM arrivals, json_each(arrivals.jobs) AS job ${where}`,
    ...which,
  );
  connection.run(`DELETE FROM arrivals ${where}`, ...which);
}

export function insertDecision(
  connection: Connection,
  open: OpenDecision,
  owner: number,
  jobs = open.decision.jobs,
): void {
  const { scheduledAtMs, decidedAtMs, attempt, trigger, skipped } = open.decision;
  open.row = connection.insert(
    "INSERT INTO pending (owner, scheduled, decided, attempt, trigger, skipped, jobs) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ...[owner, scheduledAtMs, decidedAtMs, attempt, trigger, skipped, encodeKeys(jobs)],
  );
  if (trigger === "retry") for (const key of jobs) deleteRetry(connection, key, scheduledAtMs);
}

/** @param key of its job in the database */
export function insertRetry(
  connection: Connection,
  retry: Retry,
  owner: number,
  key: number,
  nowMs: number,
): void {
  const { scheduledAtMs, origin, attempt, dueMs, input } = retry;
  connection.run(
    "INSERT OR REPLACE INTO retries (job, scheduled, owner, origin, attempt, due, input) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ...[key, scheduledAtMs, owner, origin, attempt, dueMs, input],
  );
  const decided = { trigger: origin, scheduledAtMs, throughMs: scheduledAtMs, endedAtMs: nowMs };
  account(connection, key, decided);
}

function deleteRetry(connection: Connection, key: number, scheduledAtMs: number): void {
  connection.run("DELETE FROM retries WHERE job = ? AND scheduled = ?", key, scheduledAtMs);
}

function deleteDecision(connection: Connection, open: OpenDecision | null): void {
  if (open?.row != null) connection.run("DELETE FROM pending WHERE id = ?", open.row);
}

/** What had begun before the clock was set back does not account for the times before it, whatever the clock says when it ends. */
const raised = `accounted = iif(? BETWEEN ahead_first AND ahead_last, accounted, max(accounted, ?)), known = max(known, ?)`;

function through(of: Parameters<typeof accountedBy>[0]): number[] {
  return [accountedBy(of), accountedBy(of), knownBy(of)];
}

function account(connection: Connection, key: number, of: Parameters<typeof accountedBy>[0]): void {
  accountThrough(connection, key, accountedBy(of), knownBy(of));
}

function accountThrough(connection: Connection, key: number, accountedMs: number, knownMs: number): void {
  connection.run(`UPDATE jobs SET ${raised} WHERE key = ?`, accountedMs, accountedMs, knownMs, key);
}

function recordMany(
  connection: Connection,
  { of, from, to }: Extract<Write, { type: "records" }>,
  writing: Writing,
): void {
  const { jobs, scheduledAtMs, decidedAtMs, attempt, trigger, skipped } = of.decision;
  const isInterrupted = skipped === null;
  for (const key of jobs.slice(from, to)) {
    if (of.interruptedMs !== null && waitsForRetry(connection, writing.keys.realOf(key), scheduledAtMs))
      continue;
    const ending = plainEnding(key, scheduledAtMs, {
      startedAtMs: isInterrupted ? decidedAtMs : null,
      endedAtMs: isInterrupted ? (of.interruptedMs ?? decidedAtMs) : decidedAtMs,
      attempt,
      trigger,
      outcome: isInterrupted ? "interrupted" : "skipped",
      reason: skipped ?? "daemon-died",
    });
    record(connection, ending, writing);
  }
  if (to >= jobs.length) deleteDecision(connection, of);
}

function waitsForRetry(connection: Connection, key: number, scheduledAtMs: number): boolean {
  return (
    connection.rows("SELECT 1 FROM retries WHERE job = ? AND scheduled = ?", key, scheduledAtMs).length > 0
  );
}

/** What triggered the first attempt of a retry is not told. */
export function knownBy({ trigger, throughMs }: Pick<Ended, "trigger" | "throughMs">): number {
  return trigger === "manual" ? 0 : throughMs;
}

/**
 * A manual run has a time that no schedule gave: it accounts for nothing. A retry's was accounted for when it began to wait. What
 * has ended before its time began under a clock that was set back meanwhile: the times before it are still to come.
 */
export function accountedBy({
  trigger,
  scheduledAtMs,
  throughMs,
  endedAtMs,
}: Pick<Ended, "trigger" | "scheduledAtMs" | "throughMs" | "endedAtMs">): number {
  const isOfSchedule = trigger === "schedule" || trigger === "catch-up";
  return isOfSchedule && endedAtMs >= scheduledAtMs ? throughMs : 0;
}

function record(connection: Connection, ended: Ended, { keys, recorded }: Writing): void {
  const key = keys.realOf(ended.key);
  if (connection.run(insertRun, ...runValues({ ...ended, key })) === 0) return;
  recorded(ended);
  const { outcome, endedAtMs, state } = ended;
  if (outcome === "skipped") {
    connection.run(countSkipped, ...through(ended), key);
    return;
  }
  connection.run(countRun, ...through(ended), ...lastValues(ended), key);
  if (outcome === "succeeded") rememberSuccess(connection, key, endedAtMs, state ?? null);
}

const lastColumns = "last_scheduled = ?, last_started = ?, last_ended = ?, last_outcome = ?";
const oneMore = `UPDATE jobs SET kept = kept + 1, ${raised}`;
const countSkipped = `${oneMore} WHERE key = ?`;
const countRun = `${oneMore}, ${lastColumns} WHERE key = ?`;
const keepLast = `UPDATE jobs SET ${lastColumns} WHERE key = ?`;

function lastValues({ scheduledAtMs, startedAtMs, endedAtMs, outcome }: Ended) {
  return [scheduledAtMs, startedAtMs, endedAtMs, outcome] as const;
}

function writeFolded(
  connection: Connection,
  { jobs, retries, decisions }: Extract<Write, { type: "folded" }>,
  keys: RealKeys,
): void {
  for (const [key, job] of jobs) rememberFolded(connection, keys.realOf(key), job);
  for (const { key, scheduledAtMs } of retries) deleteRetry(connection, keys.realOf(key), scheduledAtMs);
  for (const decision of decisions) deleteDecision(connection, decision);
}

function rememberFolded(
  connection: Connection,
  key: number,
  { accountedMs, knownMs, last, lastSuccessMs, state }: FoldedJob,
): void {
  accountThrough(connection, key, accountedMs, knownMs);
  if (last !== null) connection.run(keepLast, ...lastValues(last), key);
  if (lastSuccessMs !== null) rememberSuccess(connection, key, lastSuccessMs, state);
}

/** @param state null: unchanged */
function rememberSuccess(connection: Connection, key: number, endedAtMs: number, state: string | null): void {
  if (state === null) connection.run("UPDATE jobs SET succeeded = ? WHERE key = ?", endedAtMs, key);
  else connection.run("UPDATE jobs SET succeeded = ?, state = ? WHERE key = ?", endedAtMs, state, key);
}
