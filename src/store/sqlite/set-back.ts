// The clock was set back: the times that lie ahead of it again and did not run lose their records, in one transaction, because they
// come again. What ran keeps its record, and does not.
import type { SetBack } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { RealKeys } from "./real-keys.ts";
import { hasNotRun } from "./rows.ts";

/** Within a transaction. It may be called again. */
export function setBack(connection: Connection, step: SetBack, keys: RealKeys): void {
  const { toMs, nowMs, byMs } = step;
  for (const [job, records] of ahead(connection, toMs, "count(*)"))
    connection.run("UPDATE jobs SET kept = max(0, kept - ?) WHERE key = ?", records, job);
  connection.run(`DELETE FROM runs WHERE scheduled > ? AND ${hasNotRun}`, toMs);
  for (const [job, firstMs] of straddling(connection, toMs)) {
    const row = step.cut(keys.ownOf(job), firstMs);
    if (row === null) continue;
    connection.run(
      "UPDATE runs SET times = ?, through = ? WHERE scheduled = ? AND job = ?",
      ...[row.times, row.throughMs, firstMs, job],
    );
  }
  connection.run(
    `UPDATE jobs SET known = max(?1,
       ifnull((SELECT max(scheduled) FROM runs WHERE job = key), 0),
       ifnull((SELECT max(through) FROM runs WHERE job = key AND times > 1), 0),
       ifnull((SELECT max(scheduled) FROM retries WHERE job = key), 0))
     WHERE known > ?1 OR accounted > ?1`,
    toMs,
  );
  connection.run("UPDATE jobs SET accounted = ?1 WHERE accounted > ?1", toMs);
  // As `datedRight` has it.
  connection.run(
    "UPDATE jobs SET succeeded = min(?1, succeeded - ?2) WHERE succeeded > ?1",
    nowMs,
    byMs ?? 0,
  );
}

/** From when on times of each job come again, by its key here. */
export function comingAgain(connection: Connection, toMs: number, keys: RealKeys): Map<number, number> {
  const firstMs = new Map<number, number>();
  for (const [job, timeMs] of ahead(connection, toMs, "min(scheduled)")) firstMs.set(keys.ownOf(job), timeMs);
  for (const [job] of straddling(connection, toMs)) firstMs.set(keys.ownOf(job), toMs);
  return firstMs;
}

function ahead(connection: Connection, toMs: number, what: string): Array<readonly [number, number]> {
  return connection
    .rows(`SELECT job, ${what} FROM runs WHERE scheduled > ? AND ${hasNotRun} GROUP BY job`, toMs)
    .map(([job, value]) => [Number(job), Number(value)] as const);
}

/** Rows of times of which some have come. */
function straddling(connection: Connection, toMs: number): Array<readonly [number, number]> {
  return connection
    .rows("SELECT job, scheduled FROM runs WHERE times > 1 AND through > ?1 AND scheduled <= ?1", toMs)
    .map(([job, firstMs]) => [Number(job), Number(firstMs)] as const);
}
