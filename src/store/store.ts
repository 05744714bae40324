// The interface between the worker and wherever its runs are kept. Calls are synchronous and in order: when one returns, what
// it was given survives the death of the process. An implementation never throws for what the world does to its files: it goes
// on in memory and says so in `trouble`.
import type { Outcome, Reason, RunError, RunRecord, Trigger } from "./records.ts";

/** A job as the store knows it, under a number of its own. */
export interface JobKey {
  readonly key: number;
}

/** What a job brings from its past. */
export interface JobMemory extends JobKey {
  /** No time up to this one is owed any more: each has its record, or was before the job (or this schedule) was declared. */
  readonly accountedMs: number;
  /** After that time it has no record. Later than `accountedMs` where the clock was set back; then some between have none. */
  readonly knownMs: number;
  readonly lastSuccessMs: number | null;
  /** The latest run that was not skipped. */
  readonly last: Pick<RunRecord, "scheduledAtMs" | "outcome" | "startedAtMs" | "endedAtMs"> | null;
  readonly pausedAtMs: number | null;
  /** JSON text; null: none was kept. */
  readonly state: string | null;
  /** Of an `@reboot` schedule: the boot that it last ran in. */
  readonly bootId: string | null;
}

/** Many jobs whose times fell together, decided in one go. */
export interface Decision {
  readonly scheduledAtMs: number;
  readonly decidedAtMs: number;
  readonly attempt: number;
  readonly trigger: Trigger;
  /** null: they begin now. Otherwise they are skipped, for this reason. */
  readonly skipped: Reason | null;
  readonly jobs: readonly number[];
}

/** A run that has ended, or a row of skipped times. */
export interface Ended extends Omit<RunRecord, "job"> {
  readonly key: number;
  /** JSON text of the job's state, kept together with its success; undefined: unchanged. */
  readonly state?: string;
}

/** A run that failed and is to be tried again. */
export interface Retry {
  readonly key: number;
  readonly scheduledAtMs: number;
  /** What started the first attempt. */
  readonly origin: Trigger;
  /** The attempt that comes next: 2 or more. */
  readonly attempt: number;
  readonly dueMs: number;
  /** JSON text of what it was triggered with. */
  readonly input: string | null;
}

/** The clock was set back. */
export interface SetBack {
  /** What it showed then, or at the latest look before anybody noticed: times after that are still to come. */
  readonly toMs: number;
  readonly nowMs: number;
  /** By how much; null: nobody knows. */
  readonly byMs: number | null;
  /** What is left of a row of times that begins at `firstMs`, with those after `toMs` taken out; null: it stays. */
  readonly cut: (
    key: number,
    firstMs: number,
  ) => { readonly times: number; readonly throughMs: number } | null;
}

export interface RunQuery {
  readonly job?: string;
  readonly outcomes?: readonly Outcome[];
  /** Scheduled at or after. */
  readonly sinceMs?: number;
  /** Scheduled at or before. */
  readonly untilMs?: number;
  /** What the clock shows: runs of times that are ahead of it began while it was wrong, and come last. */
  readonly clockMs?: number;
  readonly limit: number;
}

export interface Trouble {
  /** "set aside": it was corrupt, and a new one was begun. "memory": nothing is kept beyond this process. "degraded": writing fails. */
  readonly kind: "set-aside" | "memory" | "degraded";
  readonly reason: string;
}

export interface Store {
  /** null: all is well. */
  readonly trouble: Trouble | null;
  /**
   * Makes jobs known. A job that is new, or whose schedule has another text than before, is accounted for up to `nowMs`.
   * @returns their memories, in the same order
   */
  enter(
    jobs: ReadonlyArray<{ readonly name: string; readonly schedule: string }>,
    nowMs: number,
  ): JobMemory[];
  /** Written before a handler is called: a run that has begun is known to have, whatever happens. */
  decide(decisions: readonly Decision[]): void;
  /** Written soon (in batches), or at `flush`. */
  end(ended: Ended): void;
  /** A failed attempt that is to be followed by another; in place of `end`. */
  retryLater(retry: Retry): void;
  /** Everything that `end` was given is written now; where writing has failed, it is tried again. */
  flush(): void;
  /**
   * Runs that other processes had begun and never ended become "interrupted".
   * @param living owners (process ids) that still work on theirs
   * @returns the retries that nobody waits for any more: the caller does now
   */
  recover(living: readonly number[], nowMs: number): Retry[];
  /** For a process that retires: the retries that wait become nobody's, and the next `recover` adopts them. */
  releaseRetries(): void;
  /** Whether a job's time has a record, is being run, or waits for its next attempt. */
  has(key: number, scheduledAtMs: number): boolean;
  /** The times of a job from one through another that `has` is true of: ascending, each from its first to its last. */
  recordedBetween(key: number, fromMs: number, throughMs: number): Array<readonly [number, number]>;
  /** The first time of a job that `has` is true of, from one on; null: there is none. */
  firstRecorded(key: number, fromMs: number): number | null;
  /**
   * Takes away the records of times that are ahead of the clock again and did not run: they come again. What ran keeps its record.
   * @returns from when on times come again, by the keys of their jobs
   */
  setBack(step: SetBack): ReadonlyMap<number, number>;
  pause(key: number, pausedAtMs: number | null): void;
  rememberBoot(key: number, bootId: string): void;
  /** The newest first, but for `clockMs`. */
  runs(query: RunQuery): RunRecord[];
  /** How many records were made by this process; for a row of skipped times, how many times. */
  counts(): ReadonlyArray<{ readonly job: string; readonly outcome: Outcome; readonly runs: number }>;
  /** Writes everything, and lets go of the files. */
  close(): void;
}

export type { RunError };
