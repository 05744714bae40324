// Forgetting old records, a few at a time. What a job must know of its past is in its own row, and stays.
import type { Connection } from "./connection.ts";

export interface Retention {
  /** The latest so many of each job. */
  readonly keepRuns: number;
  /** Those that were due no longer ago than that; null: however long. */
  readonly keepForMs: number | null;
}

/** Later than that after now, a record was made under a clock that was wrong. */
export const futureMs = 3 * 3_600_000;

const recordsAtOnce = 200;

/** Not at each record: a job may have a tenth more than it is to keep. */
export function isCrowded(kept: number, { keepRuns }: Retention): boolean {
  return kept > keepRuns + Math.max(5, Math.floor(keepRuns / 10));
}

/** @returns how many it has forgotten; 0: there are no more to forget */
export function forgetBeyond(connection: Connection, key: number, keepRuns: number, nowMs: number): number {
  const horizonMs = nowMs + futureMs;
  const [[newestMs] = [-1]] = connection.rows(
    "SELECT scheduled FROM runs WHERE job = ? AND scheduled <= ? ORDER BY scheduled DESC LIMIT 1 OFFSET ?",
    ...[key, horizonMs, keepRuns],
  );
  const victims = connection.rows(
    `SELECT scheduled, job, through FROM runs WHERE job = ? AND (scheduled <= ? OR scheduled > ?)
     ORDER BY scheduled LIMIT ${recordsAtOnce}`,
    ...[key, newestMs ?? -1, horizonMs],
  );
  return forget(connection, victims, horizonMs);
}

/** @returns how many it has forgotten; 0: there are no more to forget */
export function forgetOlder(connection: Connection, beforeMs: number): number {
  const victims = connection.rows(
    `SELECT scheduled, job, through FROM runs WHERE scheduled < ? ORDER BY scheduled LIMIT ${recordsAtOnce}`,
    beforeMs,
  );
  return forget(connection, victims, beforeMs);
}

function forget(connection: Connection, victims: ReturnType<Connection["rows"]>, horizonMs: number): number {
  for (const [scheduledMs = null, key = null, throughMs = null] of victims) {
    connection.run("DELETE FROM runs WHERE scheduled = ? AND job = ?", scheduledMs, key);
    // That these times had records is still known.
    const forgottenMs = Number(scheduledMs) > horizonMs ? 0 : Number(throughMs);
    connection.run(
      "UPDATE jobs SET kept = max(0, kept - 1), forgotten = max(forgotten, ?) WHERE key = ?",
      ...[forgottenMs, key],
    );
  }
  return victims.length;
}
