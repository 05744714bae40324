// One run of a job, from its start to its outcome, and the runs that are going on. A handler that throws is the run's
// outcome and a stack in the log, and nothing more.
import type { JobContext } from "djob";
import { type Clock, longestTimerMs } from "./clock.ts";
import { errorText, type Journal, type RunIdentity } from "./journal.ts";
import type { JobDefinition } from "./registry.ts";

export interface RunOutcome {
  readonly scheduledAtMs: number;
  readonly outcome: "succeeded" | "failed" | "cancelled";
  readonly durationMs: number;
}

interface Going extends RunIdentity {
  readonly abort: AbortController;
  /** Monotonic. */
  readonly sinceMs: number;
}

/** Who looks on while runs begin and end. Called for each run, so it has to be quick. */
export interface RunWatch {
  /** The handler is about to be called. */
  began(run: RunIdentity): void;
  /** The handler has returned, as a rule with a promise. */
  returned(run: RunIdentity): void;
  ended(run: RunIdentity): void;
}

export class Runner {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #watches: RunWatch[] = [];
  readonly #going = new Set<Going>();
  #hold: Timer | null = null;
  #idle = Promise.withResolvers<void>();

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  /** The jobs whose runs are going on, a name for each run. */
  get running(): readonly string[] {
    return [...this.#going].map(({ job }) => job);
  }

  /** The same with their ids and how long they have been going on. */
  get runs(): ReadonlyArray<{ id: string; runningMs: number; aborted: boolean }> {
    const nowMs = this.#clock.monotonic();
    return [...this.#going].map(({ id, sinceMs, abort }) => ({
      id,
      runningMs: Math.round(nowMs - sinceMs),
      aborted: abort.signal.aborted,
    }));
  }

  watch(watch: RunWatch): void {
    this.#watches.push(watch);
  }

  async run({ name, handler }: JobDefinition, scheduledAtMs: number): Promise<RunOutcome> {
    const scheduledAt = new Date(scheduledAtMs);
    const id = `${name}@${scheduledAt.toISOString()}`;
    const monotonicMs = this.#clock.monotonic();
    const going: Going = { job: name, id, abort: new AbortController(), sinceMs: monotonicMs };
    this.#going.add(going);
    // A handler may wait for nothing but its signal, which keeps no event loop alive: runs that are going on do.
    this.#hold ??= setInterval(() => {}, longestTimerMs);
    const startedMs = this.#clock.now();
    const context: JobContext = {
      name,
      id,
      scheduledAt,
      startedAt: new Date(startedMs),
      signal: going.abort.signal,
      log: this.#journal.logFor(name),
    };
    let outcome: RunOutcome["outcome"] = "succeeded";
    try {
      await this.#journal.within(going, () => this.#call(going, () => handler(context)));
    } catch (error) {
      outcome = this.#judge(name, error, going.abort.signal);
    }
    for (const watch of this.#watches) watch.ended(going);
    this.#going.delete(going);
    if (this.#going.size === 0) {
      clearInterval(this.#hold ?? undefined);
      this.#hold = null;
      this.#idle.resolve();
      this.#idle = Promise.withResolvers();
    }
    return { scheduledAtMs, outcome, durationMs: Math.round(this.#clock.monotonic() - monotonicMs) };
  }

  /** @returns when no run is going on */
  async idle(): Promise<void> {
    if (this.#going.size > 0) await this.#idle.promise;
  }

  /** Aborts the signal of the runs of one job. */
  abort(job: string, reason: string): void {
    for (const going of this.#going) if (going.job === job) this.#abort(going, reason);
  }

  /** Aborts every run's signal. @returns when the last of them has ended */
  async endAll(reason: string): Promise<void> {
    const idle = this.#idle.promise;
    for (const going of this.#going) this.#abort(going, reason);
    if (this.#going.size > 0) await idle;
  }

  #call(going: Going, handler: () => unknown): unknown {
    for (const watch of this.#watches) watch.began(going);
    try {
      return handler();
    } finally {
      for (const watch of this.#watches) watch.returned(going);
    }
  }

  #abort(going: Going, reason: string): void {
    // A listener runs where the event comes from: what it logs belongs to the run as well.
    this.#journal.within(going, () => going.abort.abort(new DOMException(reason, "AbortError")));
  }

  #judge(name: string, error: unknown, signal: AbortSignal): RunOutcome["outcome"] {
    const aborted = signal.aborted && (error === signal.reason || isAbortError(error));
    if (aborted) return "cancelled";
    this.#journal.write("error", `the run failed: ${errorText(error)}`, name);
    return "failed";
  }
}

function isAbortError(error: unknown): boolean {
  try {
    return error instanceof Error && error.name === "AbortError";
  } catch {
    return false;
  }
}
