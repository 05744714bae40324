// Making jobs known: those that were known are read in one query, new ones are written at once, or, if they are many, as a few
// rows that become rows of their own later.
import type { JobMemory } from "../store.ts";
import type { Connection } from "./connection.ts";
import { decodeKeys } from "./keys.ts";
import type { RealKeys } from "./real-keys.ts";
import { type JobRow, jobRowOf, memoryColumns, newMemory } from "./rows.ts";
import type { NewJob } from "./write.ts";
import { insertJobs, settleArrivals } from "./writes.ts";

export interface Declared {
  readonly name: string;
  readonly schedule: string;
}

export interface Entered {
  readonly memories: JobMemory[];
  /** How many records each has, in the same order. */
  readonly kept: number[];
  readonly arrived: readonly NewJob[];
  /** Rows of "arrivals" that are to be settled. */
  readonly arrivals: readonly number[];
}

/** New jobs up to so many are written at once. */
const maximumAtOnce = 2_000;
const arrivalsInRow = 500;
/** From so many on, all that there are is read. */
const fewJobs = 1_000;

/** To be called within a transaction. */
export function enterJobs(
  connection: Connection,
  jobs: readonly Declared[],
  nowMs: number,
  keys: RealKeys,
): Entered {
  if (connection.rows("SELECT 1 FROM arrivals LIMIT 1").length > 0) settleArrivals(connection, null);
  const known = readKnown(connection, jobs, nowMs);
  let key = Number(connection.rows("SELECT value FROM counters WHERE name = 'job'")[0]?.[0] ?? 1);
  const arrived: NewJob[] = [];
  const memories: JobMemory[] = [];
  const kept: number[] = [];
  for (const { name, schedule } of jobs) {
    const row = known.get(name);
    kept.push(row?.kept ?? 0);
    if (row !== undefined) {
      const hasChanged = row.schedule !== schedule;
      const accountedMs = hasChanged ? Math.max(row.memory.accountedMs, nowMs) : row.memory.accountedMs;
      const memory = { ...row.memory, accountedMs };
      if (hasChanged) changeSchedule(connection, memory, schedule);
      memories.push({ ...memory, key: keys.ownOf(memory.key) });
      continue;
    }
    arrived.push({ key, name, schedule, accountedMs: nowMs });
    memories.push(newMemory(key, nowMs));
    key += 1;
  }
  return { memories, kept, arrived, arrivals: write(connection, arrived, nowMs) };
}

function write(connection: Connection, arrived: readonly NewJob[], nowMs: number): number[] {
  if (arrived.length <= maximumAtOnce) {
    if (arrived.length > 0) insertJobs(connection, arrived);
    return [];
  }
  const rows: number[] = [];
  for (let from = 0; from < arrived.length; from += arrivalsInRow) {
    const some = arrived.slice(from, from + arrivalsInRow);
    const text = JSON.stringify(some.map(({ name, schedule }) => [name, schedule]));
    rows.push(
      connection.insert(
        "INSERT INTO arrivals (first, entered, jobs) VALUES (?, ?, ?)",
        ...[some[0]?.key ?? 0, nowMs, text],
      ),
    );
  }
  const next = (arrived.at(-1)?.key ?? 0) + 1;
  connection.run("UPDATE counters SET value = ? WHERE name = 'job'", next);
  return rows;
}

/** Those that the database knows, by name, with all that is accounted for by what processes have decided and not recorded yet. */
export function readKnown(
  connection: Connection,
  jobs: readonly Declared[],
  nowMs: number,
): Map<string, JobRow> {
  const rows =
    jobs.length > fewJobs
      ? connection.rows(`SELECT ${memoryColumns} FROM jobs`)
      : connection.rows(
          `SELECT ${memoryColumns} FROM jobs WHERE name IN (SELECT value FROM json_each(?))`,
          JSON.stringify(jobs.map(({ name }) => name)),
        );
  const known = rows.map(jobRowOf);
  const ahead = new Map(known.map((row) => [row.memory.key, row.ahead]));
  const decidedMs = latestDecided(connection, nowMs, ahead);
  return new Map(
    known.map((row) => {
      const { accounted = 0, known = 0 } = decidedMs.get(row.memory.key) ?? {};
      const accountedMs = Math.max(accountedOf(connection, row, nowMs), accounted);
      const knownMs = Math.max(row.memory.knownMs, known);
      return [row.name, { ...row, memory: { ...row.memory, accountedMs, knownMs } }];
    }),
  );
}

/** A time in the future was accounted for before the clock was set back: the latest one that is not counts. */
function accountedOf(connection: Connection, { memory }: JobRow, nowMs: number): number {
  const { key, accountedMs } = memory;
  if (accountedMs <= nowMs) return accountedMs;
  const [[throughMs] = [null]] = connection.rows(
    "SELECT max(through) FROM runs WHERE job = ? AND scheduled <= ? AND through <= ? AND trigger != 'manual'",
    ...[key, nowMs, nowMs],
  );
  return Number(throughMs ?? nowMs);
}

function changeSchedule(connection: Connection, { key, accountedMs }: JobMemory, schedule: string): void {
  connection.run("UPDATE jobs SET schedule = ?, accounted = ? WHERE key = ?", schedule, accountedMs, key);
}

interface LatestDecided {
  /** Under a clock that was right. */
  readonly accounted: number;
  /** Under any. */
  readonly known: number;
}

/** The latest time of each job that some process has decided and not recorded yet. */
function latestDecided(
  connection: Connection,
  nowMs: number,
  ahead: ReadonlyMap<number, JobRow["ahead"]>,
): Map<number, LatestDecided> {
  const latest = new Map<number, LatestDecided>();
  const rows = connection.rows("SELECT scheduled, jobs, trigger FROM pending WHERE trigger != 'manual'");
  for (const [scheduled, jobs, trigger] of rows) {
    if (!(jobs instanceof Uint8Array)) continue;
    const timeMs = Number(scheduled);
    // A retry's time was accounted for when it began to wait.
    const isOnlyKnown = timeMs > nowMs || trigger === "retry";
    for (const key of decodeKeys(jobs)) {
      const { accounted = 0, known = 0 } = latest.get(key) ?? {};
      const [firstMs, lastMs] = ahead.get(key) ?? [1, 0];
      const hadBegun = timeMs >= firstMs && timeMs <= lastMs;
      latest.set(key, {
        accounted: isOnlyKnown || hadBegun ? accounted : Math.max(accounted, timeMs),
        known: Math.max(known, timeMs),
      });
    }
  }
  return latest;
}
