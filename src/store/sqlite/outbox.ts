// What is to be written, in order, some milliseconds at a time, many in one transaction. What could not be written stays; beyond
// a bound the oldest records are dropped.
import type { Ended } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Keeper } from "./keeper.ts";
import { applyWrite, type Write } from "./writes.ts";

/** So many are kept while they can't be written. */
const maximumUnwritten = 10_000;
/** So many dropped ones are still known to have been. */
const maximumRemembered = 100_000;

export class Outbox {
  readonly #keeper: Keeper;
  readonly #owner: number;
  readonly #monotonic: () => number;
  readonly #recorded: (key: number) => void;
  #writes: Write[] = [];
  #next = 0;
  #dropped = 0;
  readonly #droppedTimes = new Set<string>();

  constructor(keeper: Keeper, owner: number, monotonic: () => number, recorded: (key: number) => void) {
    this.#keeper = keeper;
    this.#owner = owner;
    this.#monotonic = monotonic;
    this.#recorded = recorded;
  }

  get isEmpty(): boolean {
    return this.#next === this.#writes.length;
  }

  /** How many records could not be kept. */
  get dropped(): number {
    return this.#dropped;
  }

  push(write: Write): void {
    this.#writes.push(write);
    const isFailing = this.#keeper.trouble?.kind === "degraded";
    if (isFailing && this.#writes.length - this.#next > maximumUnwritten) this.#dropOldest();
  }

  /**
   * Writes as much as the time allows, and at least one.
   * @returns what was written; null: it failed, and is still to be written
   */
  step(limitMs: number, isUrgent = false): readonly Write[] | null {
    if (this.isEmpty) return [];
    const attempt = this.#keeper.attempt((connection) => this.#writeSome(connection, limitMs), isUrgent);
    if (!attempt.done) return null;
    const end = attempt.value;
    const written = this.#writes.slice(this.#next, end);
    this.#next = end;
    // Moved rarely: it costs as much as there is left.
    if (this.#next * 2 > this.#writes.length) {
      this.#writes = this.#writes.slice(this.#next);
      this.#next = 0;
    }
    return written;
  }

  /** Records that are not written yet. */
  unwritten(): Ended[] {
    return this.#writes.slice(this.#next).flatMap((write) => (write.type === "ended" ? [write.ended] : []));
  }

  wasDropped(key: number, scheduledAtMs: number): boolean {
    return this.#droppedTimes.has(`${key}@${scheduledAtMs}`);
  }

  #writeSome(connection: Connection, limitMs: number): number {
    const startMs = this.#monotonic();
    return connection.atomically(() => {
      let at = this.#next;
      let write = this.#writes[at];
      while (write !== undefined) {
        applyWrite(connection, write, this.#owner, this.#recorded);
        at += 1;
        if (this.#monotonic() - startMs >= limitMs) break;
        write = this.#writes[at];
      }
      return at;
    });
  }

  /** Decisions, jobs and retries are never dropped: without them a time would be forgotten, or come twice. */
  #dropOldest(): void {
    const at = this.#writes.findIndex(({ type }, index) => index >= this.#next && type === "ended");
    const [write] = at < 0 ? [] : this.#writes.splice(at, 1);
    if (write?.type !== "ended") return;
    this.#dropped += 1;
    this.#droppedTimes.add(`${write.ended.key}@${write.ended.scheduledAtMs}`);
    if (this.#droppedTimes.size <= maximumRemembered) return;
    for (const oldest of this.#droppedTimes) {
      this.#droppedTimes.delete(oldest);
      break;
    }
  }
}
