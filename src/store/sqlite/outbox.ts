// What is to be written, in order, some milliseconds at a time, many in one transaction. What could not be written stays; beyond
// a bound the oldest records are dropped.
import type { Ended, SetBack } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Counted } from "./counts.ts";
import type { Keeper } from "./keeper.ts";
import { didNotRun, plainEnding } from "./rows.ts";
import { applyWrite, type Write, type Writing } from "./writes.ts";

/** So many are kept while they can't be written. */
const maximumUnwritten = 10_000;
/** So many dropped ones are still known to have been. */
const maximumRemembered = 100_000;

interface DroppedTime {
  readonly key: number;
  readonly timeMs: number;
  readonly didRun: boolean;
}

export class Outbox {
  readonly #keeper: Keeper;
  readonly #writing: Writing;
  readonly #monotonic: () => number;
  readonly #lost: (counted: Counted) => void;
  #writes: Write[] = [];
  #next = 0;
  /** No record stands before this one. */
  #oldest = 0;
  #isBehind = false;
  #dropped = 0;
  readonly #droppedTimes = new Map<string, DroppedTime>();

  /**
   * @param writing whose `recorded` is called when a transaction is over, and has not failed
   * @param lost called for each record that there was no room for
   */
  constructor(keeper: Keeper, writing: Writing, monotonic: () => number, lost: (counted: Counted) => void) {
    this.#keeper = keeper;
    this.#writing = writing;
    this.#monotonic = monotonic;
    this.#lost = lost;
  }

  get isEmpty(): boolean {
    return this.#next === this.#writes.length;
  }

  /** Whether something waits that could not be written at its time: nothing may be written before it. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** How many records could not be kept. */
  get dropped(): number {
    return this.#dropped;
  }

  push(write: Write): void {
    this.#writes.push(write);
    const { isFailing } = this.#keeper;
    if (isFailing) this.#isBehind = true;
    if (isFailing && this.#writes.length - this.#next > maximumUnwritten) this.#dropOldest();
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
    this.#next = end;
    if (this.isEmpty) this.#isBehind = false;
    // Moved rarely: it costs as much as there is left.
    if (this.#next * 2 > this.#writes.length) {
      this.#writes = this.#writes.slice(this.#next);
      this.#oldest = Math.max(0, this.#oldest - this.#next);
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
      else for (const ended of recordsOf(write)) all.push(ended);
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
    for (const [id, { timeMs, didRun }] of this.#droppedTimes)
      if (!didRun && timeMs > step.toMs) this.#droppedTimes.delete(id);
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
      else if ("closes" in write && write.closes !== null) write.closes.row = null;
    }
  }

  wasDropped(key: number, scheduledAtMs: number): boolean {
    return this.#droppedTimes.has(`${key}@${scheduledAtMs}`);
  }

  firstDropped(key: number, fromMs: number): number | null {
    let firstMs: number | null = null;
    for (const dropped of this.#droppedTimes.values())
      if (
        dropped.key === key &&
        dropped.timeMs >= fromMs &&
        dropped.timeMs < (firstMs ?? Number.POSITIVE_INFINITY)
      )
        firstMs = dropped.timeMs;
    return firstMs;
  }

  #writeSome(connection: Connection, limitMs: number): { end: number; recorded: Counted[] } {
    const startMs = this.#monotonic();
    const recorded: Counted[] = [];
    const writing: Writing = { ...this.#writing, recorded: (counted) => void recorded.push(counted) };
    const end = connection.atomically(() => {
      let at = this.#next;
      let write = this.#writes[at];
      while (write !== undefined) {
        applyWrite(connection, write, writing);
        at += 1;
        if (this.#monotonic() - startMs >= limitMs) break;
        write = this.#writes[at];
      }
      return at;
    });
    return { end, recorded };
  }

  /** Of a record there is left that its time is over: without that, and without decisions, jobs and retries, it would come twice. */
  #dropOldest(): void {
    let at = Math.max(this.#oldest, this.#next);
    while (at < this.#writes.length && this.#writes[at]?.type !== "ended") at += 1;
    this.#oldest = at;
    const write = this.#writes[at];
    if (write?.type !== "ended") return;
    const { ended, closes, endsRetry } = write;
    const { key, scheduledAtMs, throughMs, endedAtMs, trigger } = ended;
    this.#writes[at] = {
      type: "dropped",
      ended: { key, scheduledAtMs, throughMs, endedAtMs, trigger },
      closes,
      endsRetry,
    };
    this.#lost(ended);
    this.#dropped += 1;
    const dropped = { key, timeMs: scheduledAtMs, didRun: !didNotRun(ended) };
    this.#droppedTimes.set(`${key}@${scheduledAtMs}`, dropped);
    if (this.#droppedTimes.size <= maximumRemembered) return;
    for (const oldest of this.#droppedTimes.keys()) {
      this.#droppedTimes.delete(oldest);
      break;
    }
  }
}

function recordsOf(write: Write): Ended[] {
  if (write.type === "records") return skippedBy(write);
  return write.type === "ended" ? [write.ended] : [];
}

/** Of a record, when the clock has been set back: nothing of what is to come again. */
function leftOf(ended: Ended, { toMs, cut }: SetBack): Ended[] {
  if (!didNotRun(ended) || ended.throughMs <= toMs) return [ended];
  return ended.scheduledAtMs > toMs ? [] : [{ ...ended, ...cut(ended.key, ended.scheduledAtMs) }];
}

/** Those that a dead process has left are not known to have no record. */
function skippedBy({
  of: { decision, interruptedMs },
  from,
  to,
}: Extract<Write, { type: "records" }>): Ended[] {
  const { scheduledAtMs, decidedAtMs, attempt, trigger, skipped } = decision;
  if (skipped === null || interruptedMs !== null) return [];
  const rest = { startedAtMs: null, endedAtMs: decidedAtMs, attempt, trigger, reason: skipped } as const;
  return decision.jobs
    .slice(from, to)
    .map((key) => plainEnding(key, scheduledAtMs, { ...rest, outcome: "skipped" }));
}
