// The records of runs, and which times of a job have one, are being run, or wait for their next attempt: in the database, in what is
// to be written, and in what this process has decided.
import type { RunRecord } from "../records.ts";
import type { RunQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Keeper } from "./keeper.ts";
import { decodeKeys } from "./keys.ts";
import type { OpenDecisions } from "./open-decisions.ts";
import type { Outbox } from "./outbox.ts";
import type { RealKeys } from "./real-keys.ts";
import { didNotRun, hasNotRun, matches, readRuns, runOrder } from "./rows.ts";
import { comingAgain } from "./set-back.ts";

type Span = readonly [firstMs: number, lastMs: number];

export class Recorded {
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #decisions: OpenDecisions;
  readonly #keys: RealKeys;

  constructor(keeper: Keeper, outbox: Outbox, decisions: OpenDecisions, keys: RealKeys) {
    this.#keeper = keeper;
    this.#outbox = outbox;
    this.#decisions = decisions;
    this.#keys = keys;
  }

  has(key: number, timeMs: number): boolean {
    if (this.#decisions.has(key, timeMs) || this.#outbox.wasLost(key, timeMs)) return true;
    return this.#outbox.holds(key, timeMs) || this.#first(key, timeMs, timeMs) !== null;
  }

  first(key: number, fromMs: number): number | null {
    const found = [
      this.#first(key, fromMs, Number.MAX_SAFE_INTEGER),
      this.#outbox.firstLost(key, fromMs),
      ...this.#unwritten(key).map(([firstMs, lastMs]) =>
        lastMs < fromMs ? null : Math.max(firstMs, fromMs),
      ),
    ].filter((timeMs) => timeMs !== null && timeMs >= fromMs) as number[];
    return found.length === 0 ? null : Math.min(...found);
  }

  between(key: number, fromMs: number, throughMs: number): Span[] {
    const [real, limitMs] = [this.#keys.realOf(key), this.#outbox.setBackMs];
    const attempt = this.#keeper.read((connection) =>
      writtenBetween(connection, real, fromMs, throughMs, limitMs),
    );
    return [...(attempt.done ? attempt.value : []), ...this.#unwritten(key)]
      .filter(([firstMs, lastMs]) => lastMs >= fromMs && firstMs <= throughMs)
      .sort(([a], [b]) => a - b);
  }

  /** From when on times come again if the clock is set back, by the keys of their jobs: those that have records and did not run. */
  comingAgain(toMs: number): Map<number, number> {
    const attempt = this.#keeper.read((connection) => comingAgain(connection, toMs, this.#keys));
    const again = new Map(attempt.done ? attempt.value : []);
    for (const ended of this.#outbox.unwritten()) {
      const { key, scheduledAtMs, throughMs } = ended;
      if (!didNotRun(ended) || throughMs <= toMs) continue;
      const firstMs = Math.max(scheduledAtMs, toMs);
      again.set(key, Math.min(again.get(key) ?? firstMs, firstMs));
    }
    return again;
  }

  runs(query: RunQuery, nameOf: (key: number) => string): RunRecord[] {
    const attempt = this.#keeper.read((connection) => readRuns(connection, query));
    const written = attempt.done ? attempt.value : [];
    if (this.#outbox.isEmpty) return written;
    const unwritten = this.#outbox
      .unwritten()
      .map(({ key, state: _, ...rest }): RunRecord => ({ job: nameOf(key), ...rest }));
    return [...unwritten.filter((record) => matches(query, record)), ...written]
      .sort(runOrder(query))
      .slice(0, query.limit);
  }

  #unwritten(key: number): Span[] {
    const unwritten = this.#outbox.unwritten().filter((ended) => ended.key === key);
    return [
      ...unwritten.map(({ scheduledAtMs, throughMs }) => [scheduledAtMs, throughMs] as const),
      ...this.#decisions.timesOf(key).map((timeMs) => [timeMs, timeMs] as const),
    ];
  }

  #first(key: number, fromMs: number, throughMs: number): number | null {
    const [real, limitMs] = [this.#keys.realOf(key), this.#outbox.setBackMs];
    const attempt = this.#keeper.read((connection) =>
      firstWritten(connection, real, fromMs, throughMs, limitMs),
    );
    return attempt.done ? attempt.value : null;
  }
}

/** @param limitMs the times after it that did not run are about to lose their records */
function writtenBetween(
  connection: Connection,
  key: number,
  fromMs: number,
  throughMs: number,
  limitMs: number,
): Span[] {
  return connection
    .rows(
      `SELECT scheduled, CASE WHEN times > 1 THEN min(through, ?4) ELSE through END FROM runs
         WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3 AND (scheduled <= ?4 OR NOT (${hasNotRun}))
       UNION SELECT scheduled, min(through, ?4) FROM runs
         WHERE job = ?1 AND times > 1 AND through >= ?2 AND scheduled <= min(?3, ?4)
       UNION SELECT scheduled, scheduled FROM retries WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3`,
      ...[key, fromMs, throughMs, limitMs],
    )
    .map(([first, last]) => [Number(first), Number(last)] as const)
    .concat(
      decidedBetween(connection, key, fromMs, throughMs, limitMs).map((timeMs) => [timeMs, timeMs] as const),
      forgottenBetween(connection, key, fromMs, throughMs),
    );
}

/** Times whose records are forgotten by now, but for those that did not run. */
function forgottenBetween(connection: Connection, key: number, fromMs: number, throughMs: number): Span[] {
  const [[forgotten, first, last] = []] = connection.rows(
    "SELECT forgotten, gap_first, gap_last FROM jobs WHERE key = ? AND forgotten >= ?",
    ...[key, fromMs],
  );
  if (forgotten == null) return [];
  const endMs = Math.min(Number(forgotten), throughMs);
  const spans: Span[] =
    first == null
      ? [[fromMs, endMs]]
      : [
          [fromMs, Math.min(Number(first) - 1, endMs)],
          [Math.max(Number(last) + 1, fromMs), endMs],
        ];
  return spans.filter(([firstMs, lastMs]) => firstMs <= lastMs);
}

/** The first that has a record, also one that is forgotten by now, is being run, or waits for its next attempt. */
function firstWritten(
  connection: Connection,
  key: number,
  fromMs: number,
  throughMs: number,
  limitMs: number,
): number | null {
  const [[recorded] = [null]] = connection.rows(
    `SELECT min(first) FROM (
       SELECT min(scheduled) AS first FROM runs
         WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3 AND (scheduled <= ?4 OR NOT (${hasNotRun}))
       UNION ALL SELECT ?2 FROM runs
         WHERE job = ?1 AND times > 1 AND through >= ?2 AND scheduled <= ?2 AND ?2 <= ?4
       UNION ALL SELECT min(scheduled) FROM retries WHERE job = ?1 AND scheduled BETWEEN ?2 AND ?3
       UNION ALL SELECT iif(?2 BETWEEN ifnull(gap_first, 1) AND ifnull(gap_last, 0), gap_last + 1, ?2) FROM jobs
         WHERE key = ?1 AND forgotten >= ?2 AND forgotten >= iif(?2 >= gap_first, gap_last + 1, 0))`,
    ...[key, fromMs, throughMs, limitMs],
  );
  const firstMs = Math.min(
    recorded == null ? Number.POSITIVE_INFINITY : Number(recorded),
    ...decidedBetween(connection, key, fromMs, throughMs, limitMs),
  );
  return firstMs <= throughMs ? firstMs : null;
}

function decidedBetween(
  connection: Connection,
  key: number,
  fromMs: number,
  throughMs: number,
  limitMs: number,
): number[] {
  if (fromMs < throughMs)
    return (decidedTimes(connection, limitMs).get(key) ?? []).filter(
      (timeMs) => timeMs >= fromMs && timeMs <= throughMs,
    );
  const isDecided = connection
    .rows(
      "SELECT jobs FROM pending WHERE scheduled = ? AND (skipped IS NULL OR scheduled <= ?)",
      ...[fromMs, limitMs],
    )
    .some(([jobs]) => jobs instanceof Uint8Array && decodeKeys(jobs).includes(key));
  return isDecided ? [fromMs] : [];
}

/** Of each job the times that are decided and not all recorded, also by another process, as long as nothing is written. */
const decided = new WeakMap<
  Connection,
  { readonly version: string; readonly times: Map<number, number[]> }
>();

/** Thousands of jobs ask one after the other when the clock was set back and forward again. */
function decidedTimes(connection: Connection, limitMs: number): ReadonlyMap<number, readonly number[]> {
  // What others have written, and what this connection has.
  const version = ["PRAGMA data_version", "SELECT total_changes()"]
    .map((query) => connection.rows(query)[0]?.[0])
    .concat(limitMs)
    .join(" ");
  const before = decided.get(connection);
  if (before?.version === version) return before.times;
  const times = new Map<number, number[]>();
  const rows = connection.rows(
    "SELECT scheduled, jobs FROM pending WHERE skipped IS NULL OR scheduled <= ?",
    limitMs,
  );
  for (const [scheduled, jobs] of rows)
    for (const job of jobs instanceof Uint8Array ? decodeKeys(jobs) : []) {
      const known = times.get(job);
      if (known === undefined) times.set(job, [Number(scheduled)]);
      else known.push(Number(scheduled));
    }
  decided.set(connection, { version, times });
  return times;
}
