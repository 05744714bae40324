// What is to be written, in order, some milliseconds at a time, many in one transaction. What could not be written stays; beyond
// a bound the oldest records are dropped.
import type { Ended, SetBack } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Counted } from "./counts.ts";
import { endedBy, fold, recordsIn } from "./fold.ts";
import type { Keeper } from "./keeper.ts";
import type { OpenDecision } from "./open-decisions.ts";
import { didNotRun } from "./rows.ts";
import type { Write } from "./write.ts";
import { applyWrite, type Writing } from "./writes.ts";

/** So many lost ones are still known to have been. */
const mostRemembered = 100_000;

export interface OutboxOptions {
  readonly monotonic: () => number;
  /** So many records are kept while they can't be written. */
  readonly mostUnwritten: number;
  /** Called for each record that there was no room for. */
  readonly lost: (counted: Counted) => void;
  /** Called for decisions of which no record is kept. */
  readonly closed: (decision: OpenDecision) => void;
}

interface LostTime {
  readonly key: number;
  readonly timeMs: number;
  readonly didRun: boolean;
}

export class Outbox {
  readonly #keeper: Keeper;
  readonly #writing: Writing;
  readonly #options: OutboxOptions;
  #writes: Write[] = [];
  #next = 0;
  /** How many records wait, as far as that counts: while they can't be written. */
  #records = 0;
  #isBehind = false;
  #lost = 0;
  readonly #lostTimes = new Map<string, LostTime>();

  /** @param writing whose `recorded` is called when a transaction is over, and has not failed */
  constructor(keeper: Keeper, writing: Writing, options: OutboxOptions) {
    this.#keeper = keeper;
    this.#writing = writing;
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#next === this.#writes.length;
  }

  /** Whether something waits that could not be written at its time: nothing may be written before it. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** How many records could not be kept. */
  get lost(): number {
    return this.#lost;
  }

  push(write: Write): void {
    this.#writes.push(write);
    this.#records += recordsIn(write);
    if (!this.#keeper.isFailing) return;
    this.#isBehind = true;
    // Some at a time: it costs as much as there is left.
    if (this.#records > this.#options.mostUnwritten * 1.25) this.#foldOldest();
  }

  /**
   * Writes as much as the time allows, and at least one.
   * @returns what was written; null: it failed, and is still to be written
   */
  step(limitMs: number, isUrgent = false): readonly Write[] | null {
    if (this.isEmpty) return [];
    const attempt = this.#keeper.attempt((connection) => this.#writeSome(connection, limitMs), isUrgent);
    if (!attempt.done) {
      this.#isBehind = true;
      return null;
    }
    const { end, recorded } = attempt.value;
    for (const counted of recorded) this.#writing.recorded(counted);
    const written = this.#writes.slice(this.#next, end);
    for (const write of written) this.#records -= recordsIn(write);
    this.#next = end;
    if (this.isEmpty) this.#isBehind = false;
    // Moved rarely: it costs as much as there is left.
    if (this.#next * 2 > this.#writes.length) {
      this.#writes = this.#writes.slice(this.#next);
      this.#next = 0;
    }
    return written;
  }

  /** What is not written yet, in order. */
  get waiting(): readonly Write[] {
    return this.#next === 0 ? this.#writes : this.#writes.slice(this.#next);
  }

  /** Records that are not written yet. */
  unwritten(): Ended[] {
    let all: Ended[] = [];
    for (const write of this.waiting) {
      if (write.type === "set back") all = all.flatMap((ended) => leftOf(ended, write.step));
      else for (const ended of endedBy(write)) all.push(ended);
    }
    return all;
  }

  /** The times after it that are in the database and did not run are about to lose their records. */
  get setBackMs(): number {
    let setBackMs = Number.MAX_SAFE_INTEGER;
    for (const write of this.waiting)
      if (write.type === "set back") setBackMs = Math.min(setBackMs, write.step.toMs);
    return setBackMs;
  }

  setBack(step: SetBack): void {
    for (const [id, { timeMs, didRun }] of this.#lostTimes)
      if (!didRun && timeMs > step.toMs) this.#lostTimes.delete(id);
    this.push({ type: "set back", step });
  }

  /** Whether the record of a job's time is not written yet. */
  holds(key: number, timeMs: number): boolean {
    return this.unwritten().some(
      (ended) => ended.key === key && timeMs >= ended.scheduledAtMs && timeMs <= ended.throughMs,
    );
  }

  /** The database that they are in is no more. */
  forgetRows(): void {
    for (const write of this.waiting) {
      if (write.type === "records") write.of.row = null;
      else if (write.type === "folded") for (const decision of write.decisions) decision.row = null;
      else if ("closes" in write && write.closes !== null) write.closes.row = null;
    }
  }

  wasLost(key: number, scheduledAtMs: number): boolean {
    return this.#lostTimes.has(`${key}@${scheduledAtMs}`);
  }

  firstLost(key: number, fromMs: number): number | null {
    let firstMs: number | null = null;
    for (const lost of this.#lostTimes.values())
      if (lost.key === key && lost.timeMs >= fromMs && lost.timeMs < (firstMs ?? Number.POSITIVE_INFINITY))
        firstMs = lost.timeMs;
    return firstMs;
  }

  #writeSome(connection: Connection, limitMs: number): { end: number; recorded: Counted[] } {
    const startMs = this.#options.monotonic();
    const recorded: Counted[] = [];
    const writing: Writing = { ...this.#writing, recorded: (counted) => void recorded.push(counted) };
    const end = connection.atomically(() => {
      let at = this.#next;
      let write = this.#writes[at];
      while (write !== undefined) {
        applyWrite(connection, write, writing);
        at += 1;
        if (this.#options.monotonic() - startMs >= limitMs) break;
        write = this.#writes[at];
      }
      return at;
    });
    return { end, recorded };
  }

  /** Of a record there is left what its job must know: without that its time would come twice. */
  #foldOldest(): void {
    const { mostUnwritten, lost, closed } = this.#options;
    const folded = fold(this.waiting, this.#records - mostUnwritten);
    this.#writes = [...folded.writes];
    this.#next = 0;
    this.#records -= folded.lost.length;
    this.#lost += folded.lost.length;
    for (const decision of folded.closed) closed(decision);
    for (const ended of folded.lost) {
      const { key, scheduledAtMs } = ended;
      lost(ended);
      this.#lostTimes.set(`${key}@${scheduledAtMs}`, {
        key,
        timeMs: scheduledAtMs,
        didRun: !didNotRun(ended),
      });
    }
    for (const oldest of this.#lostTimes.keys()) {
      if (this.#lostTimes.size <= mostRemembered) break;
      this.#lostTimes.delete(oldest);
    }
  }
}

/** Of a record, when the clock has been set back: nothing of what is to come again. */
function leftOf(ended: Ended, { toMs, cut }: SetBack): Ended[] {
  if (!didNotRun(ended) || ended.throughMs <= toMs) return [ended];
  return ended.scheduledAtMs > toMs ? [] : [{ ...ended, ...cut(ended.key, ended.scheduledAtMs) }];
}
