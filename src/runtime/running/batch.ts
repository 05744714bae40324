// Times that came due together: what becomes of each is decided one by one, told to the store at once, and then done.
import { decideOverlap } from "../../schedule/overlap.ts";
import type { Reason, Trigger } from "../../store/records.ts";
import type { Decision, Ended, Store } from "../../store/store.ts";
import type { JobEntry } from "./job-entry.ts";
import { activate, emptyQueue, enqueue } from "./job-runs.ts";
import { Run } from "./run.ts";

export interface SkippedTime {
  readonly entry: JobEntry;
  readonly scheduledAtMs: number;
  readonly trigger: Trigger;
  readonly reason: Reason;
}

export class Batch {
  readonly #decidedAtMs: number;
  /** By all that their jobs have in common, in the order in which they were made. */
  readonly #decisions = new Map<string, Decision & { readonly jobs: number[] }>();
  /** The decision that the last job went into: as a rule the next one's as well. */
  #latest: (Decision & { readonly jobs: number[] }) | undefined;
  /** To be begun, in this order. */
  readonly begun: Run[] = [];
  /** To wait behind other runs of their jobs. */
  readonly queued: Run[] = [];
  /** To be asked to end, because a newer time takes their place. */
  readonly replaced: Run[] = [];
  readonly skipped: SkippedTime[] = [];
  /** Rows of times that are skipped, each one record. */
  readonly #rows: Ended[] = [];
  #size = 0;

  constructor(decidedAtMs: number) {
    this.#decidedAtMs = decidedAtMs;
  }

  /** How many times of jobs are decided in it. */
  get size(): number {
    return this.#size;
  }

  /**
   * A time of a job that is to run, if its other runs allow.
   * @param mayQueue it waits for them, whatever the job says: as one of several that are caught up
   */
  offer(
    entry: JobEntry,
    scheduledAtMs: number,
    trigger: Trigger,
    input?: unknown,
    mayQueue = false,
  ): Run | null {
    const { overlap } = entry.definition.policies;
    const decision = decideOverlap(overlap, entry.active.size + (entry.held ? 1 : 0), entry.queue.length);
    if (!mayQueue && (decision === "skip" || decision === "skip-full")) {
      this.skip(entry, scheduledAtMs, trigger, decision === "skip" ? "overlap" : "queue-full");
      return null;
    }
    this.#decide(entry, scheduledAtMs, trigger, 1, null);
    const run = new Run(entry, scheduledAtMs, trigger, input);
    if (decision === "run") {
      activate(entry, run);
      this.begun.push(run);
      return run;
    }
    if (decision === "replace") this.replaced.push(...entry.active, ...emptyQueue(entry));
    enqueue(entry, run);
    this.queued.push(run);
    return run;
  }

  skip(entry: JobEntry, scheduledAtMs: number, trigger: Trigger, reason: Reason): void {
    this.#decide(entry, scheduledAtMs, trigger, 0, reason);
    this.skipped.push({ entry, scheduledAtMs, trigger, reason });
  }

  /** The next attempt of a run that has failed. */
  retry(run: Run): void {
    this.#decide(run.entry, run.scheduledAtMs, "retry", run.attempt, null);
    run.retryAtMs = null;
    this.begun.push(run);
  }

  /** Times too many to be told one by one. */
  skipRow(row: Ended): void {
    this.#rows.push(row);
  }

  /** From now on it is known, whatever happens. */
  write(store: Store): void {
    // First what is earlier: whoever goes on after this process begins with what follows the latest time that has a record.
    for (const row of this.#rows) store.end(row);
    if (this.#rows.length > 0) store.flush();
    if (this.#decisions.size > 0) store.decide([...this.#decisions.values()]);
  }

  #decide(
    { key }: JobEntry,
    scheduledAtMs: number,
    trigger: Trigger,
    attempt: number,
    skipped: Reason | null,
  ) {
    let decision = this.#latest;
    if (
      decision?.scheduledAtMs !== scheduledAtMs ||
      decision.trigger !== trigger ||
      decision.attempt !== attempt ||
      decision.skipped !== skipped
    ) {
      const id = `${scheduledAtMs} ${trigger} ${attempt} ${skipped}`;
      const made = { scheduledAtMs, decidedAtMs: this.#decidedAtMs, attempt, trigger, skipped, jobs: [] };
      decision = this.#decisions.get(id) ?? made;
      this.#decisions.set(id, decision);
    }
    this.#latest = decision;
    decision.jobs.push(key);
    this.#size += 1;
  }
}

/** Batches below this cost more to write than they save. */
const smallestPortion = 500;
/** Each of them is looked through for what ends out of order. */
const portionsAtMost = 16;

/** How many of the jobs that come together are decided and written before the first of them begins. */
export function portionOf(jobs: number): number {
  return Math.max(smallestPortion, Math.ceil(jobs / portionsAtMost));
}
