// What processes that are gone have left open.
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
  nowMs: number,
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
  for (const retry of retries) insertRetry(connection, retry, owner, retry.key, nowMs);
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
