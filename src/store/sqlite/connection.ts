// The one way to SQLite: a few calls, so that a test can fail exactly one of them. Prepared statements are kept.
import type { Database, Statement } from "bun:sqlite";

export type Value = string | number | null | Uint8Array;

export interface Connection {
  /** @returns how many rows changed */
  run(sql: string, ...values: Value[]): number;
  /** @returns the new row's number */
  insert(sql: string, ...values: Value[]): number;
  rows(sql: string, ...values: Value[]): Value[][];
  /** All of it or, if something throws, nothing. Waits for other processes. */
  atomically<Result>(call: () => Result): Result;
  close(): void;
}

/** What opens databases: the path of a file that is there already, or ":memory:". */
export type Connect = (path: string) => Connection;

/** How long one process waits while another one writes: their transactions take milliseconds. */
const busyTimeoutMs = 5_000;

/** The loading of SQLite takes milliseconds, which a daemon that has no jobs does not spend. */
export async function loadSqlite(): Promise<Connect> {
  const { Database, constants } = await import("bun:sqlite");
  return (path) => {
    const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_NOFOLLOW;
    const database = new Database(path, path === ":memory:" ? constants.SQLITE_OPEN_READWRITE : flags);
    try {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      return new SqliteConnection(database);
    } catch (error) {
      database.close();
      throw error;
    }
  };
}

/** @returns what opens a file to read; one that nobody writes without a look at its locks and its log */
export async function loadSqliteReader(): Promise<(path: string, isAtRest: boolean) => Connection> {
  const { Database, constants } = await import("bun:sqlite");
  return (path, isAtRest) => {
    const { SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE, SQLITE_OPEN_URI, SQLITE_OPEN_NOFOLLOW } = constants;
    if (!isAtRest)
      return new SqliteConnection(new Database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW));
    const address = `file:${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}?immutable=1`;
    return new SqliteConnection(
      new Database(address, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW),
    );
  };
}

export class SqliteConnection implements Connection {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  insert(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  rows(sql: string, ...values: Value[]): Value[][] {
    return this.#statement(sql).values(...values) as Value[][];
  }

  atomically<Result>(call: () => Result): Result {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = call();
      this.run("COMMIT");
      return result;
    } catch (error) {
      try {
        this.run("ROLLBACK");
      } catch {
        // SQLite has rolled it back by itself, as it does when the disk is full.
      }
      throw error;
    }
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
