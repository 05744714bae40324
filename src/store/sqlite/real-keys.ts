// Keys that were given while nothing could be written. By the time that their jobs can be, the database may know a job by another
// key, or another job by that one: then it has another key there than in this process.
import type { Connection } from "./connection.ts";

/** Own numbers of jobs whose keys this process has given to others. */
const foreign = 2 ** 31;

export class RealKeys {
  readonly #realOf = new Map<number, number>();
  readonly #ownOf = new Map<number, number>();

  /** In the database. */
  realOf(key: number): number {
    return key >= foreign ? key - foreign : (this.#realOf.get(key) ?? key);
  }

  /** In this process. */
  ownOf(real: number): number {
    return this.#ownOf.get(real) ?? (this.#realOf.has(real) ? real + foreign : real);
  }

  /** The same list, where all keys are the same here and there. */
  realOfAll(keys: readonly number[]): readonly number[] {
    return this.#realOf.size === 0 ? keys : keys.map((key) => this.realOf(key));
  }

  ownOfAll(keys: readonly number[]): readonly number[] {
    return this.#realOf.size === 0 ? keys : keys.map((key) => this.ownOf(key));
  }

  /**
   * Inserts a job that may be there already, under whatever key is free. Within a transaction: when that fails, it is called again.
   * @returns its key there
   */
  insert(connection: Connection, key: number, name: string, schedule: string, accountedMs: number): number {
    this.#forget(key);
    const sql = "INSERT OR IGNORE INTO jobs (key, name, schedule, accounted) VALUES (?, ?, ?, ?)";
    if (connection.run(sql, key, name, schedule, accountedMs) === 1) return key;
    const [[known] = []] = connection.rows("SELECT key FROM jobs WHERE name = ?", name);
    const real = known === undefined ? nextKey(connection) : Number(known);
    if (known === undefined) connection.run(sql, real, name, schedule, accountedMs);
    if (real !== key) {
      this.#realOf.set(key, real);
      this.#ownOf.set(real, key);
    }
    return real;
  }

  /** For a database that was begun anew. */
  clear(): void {
    this.#realOf.clear();
    this.#ownOf.clear();
  }

  #forget(key: number): void {
    const real = this.#realOf.get(key);
    this.#realOf.delete(key);
    if (real !== undefined) this.#ownOf.delete(real);
  }
}

/** The first that no job has, nor will have of those that are only noted as arrivals. */
export function nextKey(connection: Connection): number {
  const [[counter] = []] = connection.rows("SELECT value FROM counters WHERE name = 'job'");
  const [[highest] = []] = connection.rows("SELECT max(key) FROM jobs");
  return Math.max(Number(counter ?? 1), Number(highest ?? 0) + 1);
}
