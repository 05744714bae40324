// What processes that are gone have left open, and whether a time has its record.
import type { Reason, Trigger } from "../records.ts";
import type { Decision, Retry } from "../store.ts";
import type { Connection, Value } from "./connection.ts";
import { decodeKeys } from "./keys.ts";
import type { OpenDecisions } from "./open-decisions.ts";
import type { RealKeys } from "./real-keys.ts";
import { retryOf } from "./rows.ts";
import { insertRetry } from "./writes.ts";

export interface Adopted {
  readonly decisions: ReadonlyArray<{ readonly row: number; readonly decision: Decision }>;
  readonly retries: Retry[];
}

/**
 * Makes it this process's own. Within a transaction.
 * @param owner this process; what is its own by number but not in `known` is a dead one's, that had the same number
 */
export function adopt(
  connection: Connection,
  owner: number,
  known: OpenDecisions,
  living: readonly number[],
  keys: RealKeys,
): Adopted {
  const knownRows = new Set(known.all().map(({ row }) => row));
  const isLeft = (its: number, isKnown: boolean) => (its === owner ? !isKnown : !living.includes(its));
  const decisions = connection
    .rows("SELECT id, owner, scheduled, decided, attempt, trigger, skipped, jobs FROM pending ORDER BY id")
    .filter(([id, its]) => isLeft(Number(its), knownRows.has(Number(id))))
    .map((row) => ({ row: Number(row[0]), decision: decisionOf(row.slice(2), keys) }));
  const retries = connection
    .rows("SELECT job, scheduled, origin, attempt, due, input, owner FROM retries ORDER BY due")
    .filter((row) => isLeft(Number(row[6]), known.has(keys.ownOf(Number(row[0])), Number(row[1]))))
    .map(retryOf);
  for (const { row } of decisions) connection.run("UPDATE pending SET owner = ? WHERE id = ?", owner, row);
  for (const retry of retries) insertRetry(connection, retry, owner, retry.key);
  return { decisions, retries: retries.map((retry) => ({ ...retry, key: keys.ownOf(retry.key) })) };
}

function decisionOf(
  [scheduled, decided, attempt, trigger, skipped, jobs]: readonly Value[],
  keys: RealKeys,
): Decision {
  return {
    scheduledAtMs: Number(scheduled),
    decidedAtMs: Number(decided),
    attempt: Number(attempt),
    trigger: String(trigger) as Trigger,
    skipped: typeof skipped === "string" ? (skipped as Reason) : null,
    jobs: jobs instanceof Uint8Array ? keys.ownOfAll(decodeKeys(jobs)) : [],
  };
}

/** What `isRecorded` is true of, but for what is forgotten by now. */
export function recordedBetween(
  connection: Connection,
  key: number,
  fromMs: number,
  throughMs: number,
): Array<readonly [number, number]> {
  return connection
    .rows(
      `SELECT scheduled, through FROM runs WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3
       UNION SELECT scheduled, through FROM runs WHERE job = ?1 AND times > 1 AND through >= ?2 AND scheduled <= ?3
       UNION SELECT scheduled, scheduled FROM retries WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3`,
      ...[key, fromMs, throughMs],
    )
    .map(([first, last]) => [Number(first), Number(last)] as const)
    .concat(
      (decidedTimes(connection).get(key) ?? [])
        .filter((timeMs) => timeMs >= fromMs && timeMs <= throughMs)
        .map((timeMs) => [timeMs, timeMs] as const),
    );
}

/** Of each job the times that are decided and not all recorded, also by another process, as long as nothing is written. */
const decided = new WeakMap<
  Connection,
  { readonly version: string; readonly times: Map<number, number[]> }
>();

/** Thousands of jobs ask one after the other when the clock was set back and forward again. */
function decidedTimes(connection: Connection): ReadonlyMap<number, readonly number[]> {
  // What others have written, and what this connection has.
  const version = ["PRAGMA data_version", "SELECT total_changes()"]
    .map((query) => connection.rows(query)[0]?.[0])
    .join(" ");
  const before = decided.get(connection);
  if (before?.version === version) return before.times;
  const times = new Map<number, number[]>();
  for (const [scheduled, jobs] of connection.rows("SELECT scheduled, jobs FROM pending"))
    for (const job of jobs instanceof Uint8Array ? decodeKeys(jobs) : []) {
      const known = times.get(job);
      if (known === undefined) times.set(job, [Number(scheduled)]);
      else known.push(Number(scheduled));
    }
  decided.set(connection, { version, times });
  return times;
}

function isDecided(connection: Connection, key: number, timeMs: number): boolean {
  return connection
    .rows("SELECT jobs FROM pending WHERE scheduled = ?", timeMs)
    .some(([jobs]) => jobs instanceof Uint8Array && decodeKeys(jobs).includes(key));
}

/** Also one whose record is forgotten by now, or that waits for its next attempt. */
export function isRecorded(connection: Connection, key: number, timeMs: number): boolean {
  const found = connection.rows(
    `SELECT 1 FROM runs WHERE scheduled = ?2 AND job = ?1
     UNION ALL SELECT 1 FROM runs WHERE job = ?1 AND times > 1 AND through >= ?2 AND scheduled <= ?2
     UNION ALL SELECT 1 FROM retries WHERE job = ?1 AND scheduled = ?2
     UNION ALL SELECT 1 FROM jobs WHERE key = ?1 AND forgotten >= ?2 LIMIT 1`,
    ...[key, timeMs],
  );
  return found.length > 0 || isDecided(connection, key, timeMs);
}
