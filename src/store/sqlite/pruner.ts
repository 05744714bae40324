// When what is forgotten: counts the records of each job, and looks for old ones once a minute.
import type { Keeper } from "./keeper.ts";
import type { RealKeys } from "./real-keys.ts";
import { forgetBeyond, forgetOlder, isCrowded, type Retention } from "./retention.ts";

const forgetOldEveryMs = 60_000;

interface Clocks {
  readonly now: () => number;
  readonly monotonic: () => number;
}

export class Pruner {
  readonly #keeper: Keeper;
  readonly #options: Retention & Clocks;
  readonly #keys: RealKeys;
  /** How many records each job has, by key; of those that this process has entered. */
  readonly #kept = new Map<number, number>();
  readonly #crowded = new Set<number>();
  #forgotOldMs: number | null = null;

  constructor(keeper: Keeper, options: Retention & Clocks, keys: RealKeys) {
    this.#keeper = keeper;
    this.#options = options;
    this.#keys = keys;
  }

  enter(key: number, kept: number): void {
    this.#kept.set(key, kept);
  }

  /** There is one record more of a job. */
  recorded(key: number): void {
    const kept = (this.#kept.get(key) ?? 0) + 1;
    this.#kept.set(key, kept);
    if (isCrowded(kept, this.#options)) this.#crowded.add(key);
  }

  get hasWork(): boolean {
    if (this.#crowded.size > 0) return true;
    if (this.#options.keepForMs === null) return false;
    return this.#forgotOldMs === null || this.#options.monotonic() - this.#forgotOldMs >= forgetOldEveryMs;
  }

  /** Some records at most. @returns whether there is more to do now */
  step(): boolean {
    const { keepForMs, monotonic } = this.#options;
    const [key] = this.#crowded;
    if (key !== undefined) return this.#thin(key);
    if (keepForMs === null || !this.hasWork) return false;
    const attempt = this.#keeper.attempt((connection) =>
      connection.atomically(() => forgetOlder(connection, this.#options.now() - keepForMs)),
    );
    const isDone = !attempt.done || attempt.value === 0;
    if (isDone) this.#forgotOldMs = monotonic();
    return !isDone;
  }

  #thin(key: number): boolean {
    const { keepRuns, now } = this.#options;
    const attempt = this.#keeper.attempt((connection) =>
      connection.atomically(() => forgetBeyond(connection, this.#keys.realOf(key), keepRuns, now())),
    );
    if (!attempt.done) return false;
    this.#kept.set(key, (this.#kept.get(key) ?? 0) - attempt.value);
    if (attempt.value > 0) return true;
    // Others may have forgotten some, too: it is counted anew.
    this.#kept.set(key, Math.min(this.#kept.get(key) ?? 0, keepRuns));
    this.#crowded.delete(key);
    return this.hasWork;
  }
}
