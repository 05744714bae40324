// What a soak's run history holds when its daemon has ended, read from the database itself.
import { Database } from "bun:sqlite";

export interface Record {
  readonly job: string;
  readonly scheduledMs: number;
  readonly startedMs: number | null;
  readonly attempt: number;
  readonly trigger: string;
  readonly outcome: string;
  readonly reason: string | null;
  /** More than one: it stands for all times of its job from `scheduledMs` through `throughMs`. */
  readonly times: number;
  readonly throughMs: number;
}

export interface SoakHistory {
  readonly records: readonly Record[];
  /** Runs that wait for their next attempt: `job@time`. */
  readonly retries: ReadonlySet<string>;
  /** Decisions of which not every job has its record. */
  readonly pending: number;
}

export function readHistory(path: string): SoakHistory {
  const database = new Database(path);
  try {
    const records = database
      .query(
        `SELECT name AS job, scheduled AS scheduledMs, started AS startedMs, attempt, trigger, outcome, reason, times,
         through AS throughMs FROM runs JOIN jobs ON jobs.key = runs.job ORDER BY runs.job, scheduled`,
      )
      .all() as Record[];
    const retries = database
      .query("SELECT name, scheduled FROM retries JOIN jobs ON jobs.key = retries.job")
      .values() as Array<[string, number]>;
    const [[pending] = [0]] = database.query("SELECT count(*) FROM pending").values() as number[][];
    return { records, retries: new Set(retries.map(([job, at]) => idOf(job, at))), pending: pending ?? 0 };
  } finally {
    database.close();
  }
}

export function idOf(job: string, scheduledMs: number): string {
  return `${job}@${new Date(scheduledMs).toISOString()}`;
}
