// What lies between runs that a test asks for and a scheduler that has not begun: jobs are known to the store before, the next
// attempt of a run comes all the same, and from the start on no time is owed that was before it.
import type { Clock } from "../runtime/clock.ts";
import { Batch } from "../runtime/running/batch.ts";
import { type JobEntry, remember } from "../runtime/running/job-entry.ts";
import { declared } from "../runtime/running/remembered.ts";
import type { Run } from "../runtime/running/run.ts";
import type { Scheduler } from "../runtime/running/scheduler.ts";
import type { Retry, Store } from "../store/store.ts";

export class Waits {
  /** The same, with a look at what is to be tried again. */
  readonly store: Store;
  readonly #scheduler: () => Scheduler;
  readonly #clock: Clock;
  readonly #isStarted: () => boolean;
  /** When the next attempt of a run comes, by its job's key and its time. */
  readonly #due = new Map<string, number>();
  #whenRetried = Promise.withResolvers<void>();

  constructor(store: Store, scheduler: () => Scheduler, clock: Clock, isStarted: () => boolean) {
    this.#scheduler = scheduler;
    this.#clock = clock;
    this.#isStarted = isStarted;
    this.store = new Proxy(store, {
      get: (target, name) => {
        if (name === "retryLater") return (retry: Retry) => this.#retryLater(target, retry);
        if (name === "enter") return (...given: Parameters<Store["enter"]>) => this.#enter(target, given);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  /** From now on a run of it can be recorded. */
  know(entry: JobEntry): void {
    if (entry.key !== 0) return;
    const [memory] = this.store.enter([declared(entry)], this.#clock.now());
    if (memory !== undefined) remember(entry, memory, this.#clock.now());
  }

  /** When a run's next attempt is due; null: it waits for none. */
  dueOf(run: Run): number | null {
    if (run.phase !== "retrying") return null;
    return this.#due.get(keyOf(run.entry.key, run.scheduledAtMs)) ?? null;
  }

  /** Settles when some run has failed and is to be tried again. */
  get retried(): Promise<void> {
    return this.#whenRetried.promise;
  }

  #retryLater(store: Store, retry: Retry): void {
    store.retryLater(retry);
    this.#due.set(keyOf(retry.key, retry.scheduledAtMs), retry.dueMs);
    if (!this.#isStarted()) this.#clock.after(retry.dueMs - this.#clock.now(), () => this.#retry(retry));
    // The run is about to enter its phase.
    queueMicrotask(() => {
      this.#whenRetried.resolve();
      this.#whenRetried = Promise.withResolvers();
    });
  }

  /** In place of the scheduler's timer, which does not run yet. */
  #retry({ key, scheduledAtMs }: Retry): void {
    const { dispatcher } = this.#scheduler();
    const due = [...dispatcher.runs].filter(
      (run) => run.entry.key === key && run.scheduledAtMs === scheduledAtMs && run.phase === "retrying",
    );
    const batch = new Batch(this.#clock.now());
    dispatcher.retry(batch, due);
    dispatcher.carryOut(batch);
  }

  /** What was before the start is no time that was missed, and what runs have left in their entries is the latest. */
  #enter(store: Store, [jobs, nowMs]: Parameters<Store["enter"]>) {
    return store.enter(jobs, nowMs).map((memory) => {
      const entry = this.#scheduler().jobs.find(({ key }) => key === memory.key);
      if (entry === undefined) return { ...memory, accountedMs: nowMs };
      const { state, lastSuccessMs, pausedAtMs } = entry;
      return { ...memory, accountedMs: nowMs, state, lastSuccessMs, pausedAtMs };
    });
  }
}

function keyOf(key: number, scheduledAtMs: number): string {
  return `${key} ${scheduledAtMs}`;
}
