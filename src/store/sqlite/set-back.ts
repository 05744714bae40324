// The clock was set back: the times that lie ahead of it again and did not run lose their records, in one transaction, because they
// come again. What ran keeps its record, and does not.
import type { SetBack } from "../store.ts";
import type { Connection, Value } from "./connection.ts";
import { decodeKeys } from "./keys.ts";
import type { RealKeys } from "./real-keys.ts";
import { hasNotRun } from "./rows.ts";

/** Within a transaction. It may be called again. */
export function setBack(connection: Connection, step: SetBack, keys: RealKeys): void {
  const { toMs, nowMs, byMs } = step;
  for (const { job, firstMs, lastMs, records } of ahead(connection, toMs)) {
    connection.run("UPDATE jobs SET kept = max(0, kept - ?) WHERE key = ?", records, job);
    leaveGap(connection, job, firstMs, lastMs, toMs);
  }
  connection.run(`DELETE FROM runs WHERE scheduled > ? AND ${hasNotRun}`, toMs);
  for (const { job, firstMs, lastMs } of straddling(connection, toMs)) {
    const row = step.cut(keys.ownOf(job), firstMs);
    if (row === null) continue;
    connection.run(
      "UPDATE runs SET times = ?, through = ? WHERE scheduled = ? AND job = ?",
      ...[row.times, row.throughMs, firstMs, job],
    );
    leaveGap(connection, job, toMs + 1, lastMs, toMs);
  }
  connection.run(
    `UPDATE jobs SET known = max(?1,
       ifnull((SELECT max(scheduled) FROM runs WHERE job = key), 0),
       ifnull((SELECT max(through) FROM runs WHERE job = key AND times > 1), 0),
       ifnull((SELECT max(scheduled) FROM retries WHERE job = key), 0))
     WHERE known > ?1 OR accounted > ?1`,
    toMs,
  );
  noteAhead(connection, toMs);
  connection.run("UPDATE jobs SET accounted = ?1 WHERE accounted > ?1", toMs);
  // As `datedRight` has it.
  connection.run(
    "UPDATE jobs SET succeeded = min(?1, succeeded - ?2) WHERE succeeded > ?1",
    nowMs,
    byMs ?? 0,
  );
}

function noteAhead(connection: Connection, toMs: number): void {
  connection.run("UPDATE jobs SET ahead_first = 1, ahead_last = 0 WHERE ahead_last > 0");
  const note = (job: number, firstMs: number, lastMs: number) =>
    connection.run(
      `UPDATE jobs SET ahead_first = iif(ahead_last = 0, ?1, min(ahead_first, ?1)), ahead_last = max(ahead_last, ?2) WHERE key = ?3`,
      ...[firstMs, lastMs, job],
    );
  const times = connection.rows(
    `SELECT job, min(scheduled), max(scheduled) FROM (
       SELECT job, scheduled FROM runs WHERE scheduled > ?1 UNION ALL SELECT job, scheduled FROM retries WHERE scheduled > ?1
     ) GROUP BY job`,
    toMs,
  );
  for (const [job, firstMs, lastMs] of times) note(Number(job), Number(firstMs), Number(lastMs));
  const rows = connection.rows(
    "SELECT scheduled, jobs FROM pending WHERE scheduled > ? AND skipped IS NULL",
    toMs,
  );
  for (const [scheduled, jobs] of rows)
    for (const job of jobs instanceof Uint8Array ? decodeKeys(jobs) : [])
      note(job, Number(scheduled), Number(scheduled));
}

/** From when on times of each job come again, by its key here. */
export function comingAgain(connection: Connection, toMs: number, keys: RealKeys): Map<number, number> {
  const again = new Map<number, number>();
  for (const { job, firstMs } of [
    ...ahead(connection, toMs),
    ...straddling(connection, toMs),
    ...forgotten(connection, toMs),
  ]) {
    const key = keys.ownOf(job);
    const timeMs = Math.max(firstMs, toMs);
    again.set(key, Math.min(again.get(key) ?? timeMs, timeMs));
  }
  return again;
}

/** What ran after these times may be forgotten before they come. */
function leaveGap(connection: Connection, job: number, firstMs: number, lastMs: number, toMs: number): void {
  connection.run(
    `UPDATE jobs SET gap_last = max(ifnull(gap_last, ?2), ?2),
       gap_first = iif(gap_last > ?3, min(gap_first, ?1), ?1) WHERE key = ?4`,
    ...[firstMs, lastMs, toMs, job],
  );
}

function ahead(connection: Connection, toMs: number) {
  return connection
    .rows(
      `SELECT job, min(scheduled), max(through), count(*) FROM runs WHERE scheduled > ? AND ${hasNotRun} GROUP BY job`,
      toMs,
    )
    .map(([job, firstMs, lastMs, records]) => ({ ...span(job, firstMs, lastMs), records: Number(records) }));
}

/** Rows of times of which some have come. */
function straddling(connection: Connection, toMs: number) {
  return connection
    .rows(
      "SELECT job, scheduled, through FROM runs WHERE times > 1 AND through > ?1 AND scheduled <= ?1",
      toMs,
    )
    .map(([job, firstMs, lastMs]) => span(job, firstMs, lastMs));
}

/** Their records are gone already. */
function forgotten(connection: Connection, toMs: number) {
  return connection
    .rows("SELECT key, gap_first, gap_last FROM jobs WHERE gap_last > ?", toMs)
    .map(([job, firstMs, lastMs]) => span(job, firstMs, lastMs));
}

function span(job: Value | undefined, firstMs: Value | undefined, lastMs: Value | undefined) {
  return { job: Number(job), firstMs: Number(firstMs), lastMs: Number(lastMs) };
}
