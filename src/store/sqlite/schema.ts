// The tables, and how a database of an older version becomes one of this version. Times are milliseconds since the epoch.
import type { Connection } from "./connection.ts";

/** "djob", at byte 68 of the file (https://sqlite.org/fileformat2.html). */
const applicationId = 0x646a_6f62;

/** What made version 1, 2 … of the one before. Never changed once released; only added to. */
const migrations: ReadonlyArray<readonly string[]> = [
  [
    `CREATE TABLE jobs (
      key INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      schedule TEXT NOT NULL,
      accounted INTEGER NOT NULL,
      forgotten INTEGER NOT NULL DEFAULT 0,
      kept INTEGER NOT NULL DEFAULT 0,
      succeeded INTEGER,
      last_scheduled INTEGER,
      last_started INTEGER,
      last_ended INTEGER,
      last_outcome TEXT,
      paused INTEGER,
      state TEXT,
      boot TEXT
    )`,
    // Jobs that are new and not in "jobs" yet: many in one row, so that a hundred thousand are known in an instant.
    `CREATE TABLE arrivals (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, entered INTEGER NOT NULL, jobs TEXT NOT NULL)`,
    `CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
    `INSERT INTO counters VALUES ('job', 1)`,
    // Decided and not all recorded: one row for all jobs whose times fell together. "jobs" holds their keys (keys.ts).
    `CREATE TABLE pending (
      id INTEGER PRIMARY KEY,
      owner INTEGER NOT NULL,
      scheduled INTEGER NOT NULL,
      decided INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      trigger TEXT NOT NULL,
      skipped TEXT,
      jobs BLOB NOT NULL
    )`,
    `CREATE TABLE retries (
      job INTEGER NOT NULL,
      scheduled INTEGER NOT NULL,
      owner INTEGER NOT NULL,
      origin TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      due INTEGER NOT NULL,
      input TEXT,
      PRIMARY KEY (job, scheduled)
    ) WITHOUT ROWID`,
    `CREATE TABLE runs (
      scheduled INTEGER NOT NULL,
      job INTEGER NOT NULL,
      started INTEGER,
      ended INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      trigger TEXT NOT NULL,
      outcome TEXT NOT NULL,
      reason TEXT,
      error TEXT,
      exit_code INTEGER,
      signal TEXT,
      result TEXT,
      times INTEGER NOT NULL,
      through INTEGER NOT NULL,
      PRIMARY KEY (scheduled, job)
    ) WITHOUT ROWID`,
    `CREATE INDEX runs_of_job ON runs (job, scheduled)`,
    `CREATE INDEX rows_of_times ON runs (job, through) WHERE times > 1`,
  ],
  [
    // The latest time that has a record; beyond "accounted" where the clock was set back.
    `ALTER TABLE jobs ADD COLUMN known INTEGER NOT NULL DEFAULT 0`,
    // Times that did not run, though one after them may be "forgotten": from the first through the last.
    `ALTER TABLE jobs ADD COLUMN gap_first INTEGER`,
    `ALTER TABLE jobs ADD COLUMN gap_last INTEGER`,
    // Where times lay that had begun when the clock was set back: what becomes of them does not account for the times before.
    `ALTER TABLE jobs ADD COLUMN ahead_first INTEGER NOT NULL DEFAULT 1`,
    `ALTER TABLE jobs ADD COLUMN ahead_last INTEGER NOT NULL DEFAULT 0`,
  ],
];

export const schemaVersion = migrations.length;

export type Fitness = "ours" | "new" | "newer" | "foreign";

/** Whose database this is. */
export function fitnessOf(connection: Connection): Fitness {
  const [id, version] = ["application_id", "user_version"].map((name) =>
    Number(connection.rows(`PRAGMA ${name}`)[0]?.[0] ?? 0),
  );
  if (id === applicationId) return Number(version) > schemaVersion ? "newer" : "ours";
  const [[objects] = []] = connection.rows("SELECT count(*) FROM sqlite_schema");
  return id === 0 && version === 0 && objects === 0 ? "new" : "foreign";
}

/** Makes it a database of this version. For one that is of this process alone, `isShared` is false. */
export function prepareDatabase(connection: Connection, isNew: boolean, isShared: boolean): void {
  if (isShared) {
    // A file that is being made holds nothing that a power failure could take, and each wait for the disk is long.
    if (isNew) connection.run("PRAGMA synchronous = OFF");
    connection.rows("PRAGMA journal_mode = WAL");
  }
  connection.run("PRAGMA foreign_keys = OFF");
  connection.run("PRAGMA cache_size = -8192");
  migrate(connection);
  connection.run("PRAGMA synchronous = NORMAL");
}

function migrate(connection: Connection): void {
  if (versionOf(connection) === schemaVersion) return;
  connection.atomically(() => {
    // Another process may have been first.
    for (const statements of migrations.slice(versionOf(connection))) {
      for (const statement of statements) connection.run(statement);
    }
    connection.run(`PRAGMA application_id = ${applicationId}`);
    connection.run(`PRAGMA user_version = ${schemaVersion}`);
  });
}

function versionOf(connection: Connection): number {
  return Number(connection.rows("PRAGMA user_version")[0]?.[0] ?? 0);
}
