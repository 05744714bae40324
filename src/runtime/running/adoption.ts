// What workers that are gone have left: runs that they had begun become interrupted, and those that wait for their next attempt
// are gone on with, or, if there is no such job any more, are over.
import { longestRetryDelay } from "../../schedule/retry.ts";
import type { Retry } from "../../store/store.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { JobEntry } from "./job-entry.ts";
import { runOf } from "./remembered.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";

/** How long a module may take to declare a job after all. */
const removedAfterMs = 60_000;

type Parts = Pick<SchedulerParts, "clock" | "journal" | "store">;

export class Adoption {
  readonly #parts: Parts;
  readonly #dispatcher: Dispatcher;
  /** Whose runs are their own; null: nothing has been looked for yet. */
  #workers: readonly number[] | null = null;
  /** Of jobs that nobody has declared, or not yet. */
  #orphans: Retry[] = [];
  /** Of jobs that another worker still runs. */
  #held: Retry[] = [];
  #cancelTimer: (() => void) | null = null;

  constructor(parts: Parts, dispatcher: Dispatcher) {
    this.#parts = parts;
    this.#dispatcher = dispatcher;
  }

  /** @param workers process ids of others that still end their runs; null: the same as before */
  look(jobs: readonly JobEntry[], workers: readonly number[] | null): void {
    this.take(jobs, this.find(jobs.length, workers));
  }

  /** The first half of `look`, which does not need the jobs' keys. @returns what `take` goes on with */
  find(jobCount: number, workers: readonly number[] | null): readonly Retry[] {
    this.#workers = workers ?? this.#workers ?? [];
    if (jobCount === 0) return [];
    const { store, clock } = this.#parts;
    const held = this.#held;
    this.#held = [];
    return [...held, ...store.recover(this.#workers, clock.now())];
  }

  take(jobs: readonly JobEntry[], retries: readonly Retry[]): void {
    this.#goOn(jobs, retries);
  }

  /** A job that was declared when others had been for long. */
  declared(entry: JobEntry, isFirst: boolean): void {
    const orphans = this.#orphans;
    this.#orphans = [];
    this.#goOn([entry], orphans);
    if (isFirst) this.look([entry], null);
  }

  /** What is not settled yet is for the next worker. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#orphans = [];
    this.#held = [];
  }

  #goOn(jobs: readonly JobEntry[], retries: readonly Retry[]): void {
    if (retries.length === 0) return;
    const byKey = new Map(jobs.map((entry) => [entry.key, entry]));
    for (const retry of retries) {
      const entry = byKey.get(retry.key);
      if (entry === undefined) this.#orphans.push(retry);
      else if (entry.held) this.#held.push(retry);
      else this.#dispatcher.adopt(runOf(entry, retry), this.#whenDue(entry, retry));
    }
    if (this.#orphans.length === 0 || this.#cancelTimer !== null) return;
    this.#cancelTimer = this.#parts.clock.after(removedAfterMs, () => this.#settle());
  }

  /** By the clock as it is now: it may have been set back since the attempt before has failed. */
  #whenDue({ definition }: JobEntry, { dueMs, attempt }: Retry): number {
    const { retry } = definition.policies;
    const longestMs = retry === null ? 0 : longestRetryDelay(retry, attempt - 1);
    return Math.min(dueMs, this.#parts.clock.now() + longestMs);
  }

  #settle(): void {
    const { store, clock, journal } = this.#parts;
    this.#cancelTimer = null;
    const nothing = { startedAtMs: null, error: null, exitCode: null, signal: null, result: null };
    for (const { key, scheduledAtMs, attempt } of this.#orphans)
      store.end({
        ...nothing,
        ...{ key, scheduledAtMs, throughMs: scheduledAtMs, times: 1, endedAtMs: clock.now() },
        ...{ attempt: attempt - 1, trigger: "retry", outcome: "cancelled", reason: "removed" },
      });
    const count = this.#orphans.length;
    const which = count === 1 ? "a run that waits" : `${count} runs that wait`;
    if (count > 0)
      journal.write(
        "warn",
        `cancelled ${which} for another attempt: no module declares the job any more`,
        null,
      );
    this.#orphans = [];
  }
}
