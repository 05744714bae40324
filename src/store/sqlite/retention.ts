// Forgetting old records, a few at a time. What a job must know of its past is in its own row, and stays.
import type { Connection } from "./connection.ts";
import { hasNotRun } from "./rows.ts";

export interface Retention {
  /** The latest so many of each job. */
  readonly keepRuns: number;
  /** Those that were due no longer ago than that; null: however long. */
  readonly keepForMs: number | null;
}

/** Later than that after now, a record was made under a clock that was wrong. */
const futureMs = 3 * 3_600_000;

const recordsAtOnce = 200;
const victimColumns = `scheduled, job, through, ${hasNotRun}`;

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
    `SELECT ${victimColumns} FROM runs WHERE job = ? AND (scheduled <= ? OR scheduled > ?)
     ORDER BY scheduled LIMIT ${recordsAtOnce}`,
    ...[key, newestMs ?? -1, horizonMs],
  );
  return forget(connection, victims, horizonMs);
}

/** @returns how many it has forgotten; 0: there are no more to forget */
export function forgetOlder(connection: Connection, beforeMs: number): number {
  const victims = connection.rows(
    `SELECT ${victimColumns} FROM runs WHERE scheduled < ? ORDER BY scheduled LIMIT ${recordsAtOnce}`,
    beforeMs,
  );
  return forget(connection, victims, beforeMs);
}

function forget(connection: Connection, victims: ReturnType<Connection["rows"]>, horizonMs: number): number {
  for (const [scheduledMs = null, key = null, throughMs = null, isNone = null] of victims) {
    connection.run("DELETE FROM runs WHERE scheduled = ? AND job = ?", scheduledMs, key);
    connection.run("UPDATE jobs SET kept = max(0, kept - 1) WHERE key = ?", key);
    if (Number(scheduledMs) > horizonMs) continue;
    const [[forgottenMs, firstMs, lastMs] = []] = connection.rows(
      "SELECT forgotten, gap_first, gap_last FROM jobs WHERE key = ?",
      key,
    );
    const before: Forgotten = {
      throughMs: Number(forgottenMs ?? 0),
      gap: firstMs == null ? null : { firstMs: Number(firstMs), lastMs: Number(lastMs) },
    };
    const times = { firstMs: Number(scheduledMs), lastMs: Number(throughMs), didRun: isNone === 0 };
    const after = afterForgetting(before, times);
    if (after === before) continue;
    connection.run(
      "UPDATE jobs SET forgotten = ?, gap_first = ?, gap_last = ? WHERE key = ?",
      ...[after.throughMs, after.gap?.firstMs ?? null, after.gap?.lastMs ?? null, key],
    );
  }
  return victims.length;
}

/** What is still known of times whose records are forgotten. */
export interface Forgotten {
  /** Those up to this one had records: none of them comes again. */
  readonly throughMs: number;
  /** But these did not run, and come again if the clock is set back before them: the longest such row. */
  readonly gap: { readonly firstMs: number; readonly lastMs: number } | null;
}

/** Pure. Records are forgotten in the order of their times, until the clock is set back. */
export function afterForgetting(
  before: Forgotten,
  {
    firstMs,
    lastMs,
    didRun,
  }: { readonly firstMs: number; readonly lastMs: number; readonly didRun: boolean },
): Forgotten {
  const { throughMs, gap } = before;
  if (didRun) {
    // What ran meanwhile, after the clock was set back into the row.
    const isWithin = gap !== null && lastMs >= gap.firstMs && lastMs <= gap.lastMs;
    const rest = isWithin ? { firstMs: lastMs + 1, lastMs: gap.lastMs } : gap;
    const isEmpty = rest !== null && rest.firstMs > rest.lastMs;
    return { throughMs: Math.max(throughMs, lastMs), gap: isEmpty ? null : rest };
  }
  // Nothing that ran has been forgotten in between.
  if (gap !== null && throughMs < gap.firstMs)
    return {
      throughMs,
      gap: { firstMs: Math.min(gap.firstMs, firstMs), lastMs: Math.max(gap.lastMs, lastMs) },
    };
  if (gap !== null && lastMs - firstMs < gap.lastMs - gap.firstMs) return before;
  return { throughMs, gap: { firstMs, lastMs } };
}
