// The life of runs: accepted together with others, begun, tried again, recorded. Every time that is given to it ends as exactly
// one record in the store.

import { errorTitle } from "../../logs/form/values.ts";
import { formatDuration } from "../../schedule/duration.ts";
import { retryDelay } from "../../schedule/retry.ts";
import type { Reason, RunRecord } from "../../store/records.ts";
import type { Store } from "../../store/store.ts";
import type { Clock } from "../clock.ts";
import { errorText, type Journal } from "../journal.ts";
import type { AttemptEnd } from "./attempt-end.ts";
import type { Batch, SkippedTime } from "./batch.ts";
import { Groups } from "./groups.ts";
import type { JobEntry, LastRun } from "./job-entry.ts";
import { activate, deactivate, dequeue, leaveQueue } from "./job-runs.ts";
import { keptState } from "./kept.ts";
import type { Run } from "./run.ts";
import { neverBegun, recordOf } from "./run-record.ts";
import type { Runner } from "./runner.ts";

export interface DispatcherUser {
  /** An attempt is about to begin. */
  began(run: Run): void;
  /** A run is over, and its record is on its way. `before` is how the run before had ended. */
  ended(run: Run, record: RunRecord, before: LastRun | null): void;
  skipped(times: readonly SkippedTime[]): void;
  /** A run goes on in another worker, with its next attempt. */
  left(run: Run): void;
  /** The next attempt is due then: to be given to `retry`. */
  retryLater(run: Run, dueMs: number): void;
}

/** Records are put off no longer than that. */
const longestHoldingMs = 500;

export class Dispatcher {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #runner: Runner;
  readonly #store: () => Store;
  readonly #user: DispatcherUser;
  readonly #groups = new Groups();
  /** Next attempts that are due, and wait for another run of their job. */
  readonly #overdue = new Map<JobEntry, Run[]>();
  /** All that are not over. */
  readonly #runs = new Set<Run>();
  /** What has been decided and not begun does not begin any more. */
  isStopped = false;
  /** While many begin, those that have ended already wait for their records: since then; null: none does. */
  #heldSinceMs: number | null = null;
  #ends: Array<{ readonly run: Run; readonly end: AttemptEnd }> = [];
  #idle = Promise.withResolvers<void>();

  constructor(clock: Clock, journal: Journal, runner: Runner, store: () => Store, user: DispatcherUser) {
    this.#clock = clock;
    this.#journal = journal;
    this.#runner = runner;
    this.#store = store;
    this.#user = user;
  }

  /** The jobs whose runs are going on, a name for each run. */
  get running(): readonly string[] {
    return [...this.#runs].filter(({ phase }) => phase === "running").map(({ job }) => job);
  }

  get runs(): ReadonlySet<Run> {
    return this.#runs;
  }

  /**
   * Writes what was decided, and does it.
   * @param written called in between: no handler has been called yet
   */
  carryOut(batch: Batch, written: () => void = () => {}): void {
    batch.write(this.#store());
    if (batch.skipped.length > 0) this.#user.skipped(batch.skipped);
    for (const run of batch.begun) this.#runs.add(run);
    for (const run of batch.queued) this.#runs.add(run);
    written();
    for (const run of batch.replaced) this.cancel(run, "replaced", "a newer run takes its place");
    this.#begin(batch.begun);
  }

  /** Of many that come together the last is not to wait until the others are recorded: not before `release`. */
  hold(): void {
    this.#heldSinceMs ??= this.#clock.monotonic();
  }

  release(): void {
    this.#heldSinceMs = null;
    this.settle();
  }

  #begin(runs: readonly Run[]): void {
    const isAlone = this.#heldSinceMs === null;
    this.hold();
    for (const run of runs) {
      // Cancelled before it began: several times came at once, and a later one has taken its place.
      if (!this.#runs.has(run)) continue;
      if (this.isStopped) this.cancel(run, "stopping", "the daemon is stopping");
      else this.#proceed(run);
      if (run.sinceMs - (this.#heldSinceMs ?? run.sinceMs) > longestHoldingMs) this.settle();
    }
    if (isAlone) this.release();
  }

  /** What has ended and was put off is recorded. */
  settle(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const { run, end } of ends) this.#attemptEnded(run, end);
  }

  /** Asks a run to end, or takes it out of where it waits. */
  cancel(run: Run, reason: Reason, text: string): void {
    if (run.asked !== null) return;
    run.asked = { reason, text };
    if (run.phase === "running") {
      this.#runner.abort(run, text);
      return;
    }
    this.#groups.forget(run);
    leaveQueue(run.entry, run);
    // The next one has not begun.
    if (run.startedAtMs !== null) run.attempt -= 1;
    this.#record(run, { ...neverBegun, outcome: "cancelled" });
  }

  /** Everything that waits or is going on. @returns when nothing of it is left */
  async endAll(reason: Reason, text: string): Promise<void> {
    const idle = this.#idle.promise;
    // What waits for its next attempt is remembered, for whoever comes next.
    for (const run of this.#runs) if (run.phase === "retrying") this.#forgetRetry(run);
    for (const run of [...this.#runs]) this.cancel(run, reason, text);
    if (this.#runs.size > 0) await idle;
  }

  /** @returns when no run is left but those that wait for their next attempt, which are remembered */
  async idle(): Promise<void> {
    const idle = this.#idle.promise;
    for (const run of [...this.#runs]) if (run.phase === "retrying") this.#leave(run);
    if (this.#runs.size > 0) await idle;
  }

  #proceed(run: Run): void {
    run.phase = "waiting";
    if (this.#groups.enter(run)) this.#start(run);
  }

  #start(run: Run): void {
    this.#user.began(run);
    this.#runner.start(run, (end) => {
      for (const next of this.#groups.leave(run)) this.#start(next);
      if (this.#heldSinceMs !== null) this.#ends.push({ run, end });
      else this.#attemptEnded(run, end);
    });
  }

  #attemptEnded(run: Run, end: AttemptEnd): void {
    const hasFailed = end.outcome === "failed" || end.outcome === "timed-out";
    const delayMs = hasFailed && run.asked === null ? this.#delayOf(run, end) : null;
    if (hasFailed) this.#logFailure(run, end, delayMs);
    if (delayMs === null) {
      this.#record(run, end);
      return;
    }
    run.phase = "retrying";
    run.attempt += 1;
    const dueMs = this.#clock.now() + delayMs;
    const { entry, scheduledAtMs, origin, attempt } = run;
    const input = run.input === undefined ? null : JSON.stringify(run.input);
    this.#store().retryLater({ key: entry.key, scheduledAtMs, origin, attempt, dueMs, input });
    if (this.isStopped) this.#leave(run);
    else this.#user.retryLater(run, dueMs);
  }

  /** Whoever comes next goes on with it: nothing begins here any more. */
  #leave(run: Run): void {
    this.#store().releaseRetries();
    this.#over(run);
    this.#user.left(run);
    this.beginQueued(run.entry);
  }

  #delayOf(run: Run, { error, mayRetry = null }: AttemptEnd): number | null {
    const { retry } = run.entry.definition.policies;
    if (retry === null) return null;
    const when = mayRetry === null ? retry.when : () => mayRetry;
    try {
      return retryDelay({ ...retry, when }, run.attempt, error, this.#clock.random());
    } catch (thrown) {
      this.#journal.write(
        "error",
        `its retry.when threw, so it is not tried again: ${errorText(thrown)}`,
        run.job,
      );
      return null;
    }
  }

  #logFailure(run: Run, end: AttemptEnd, delayMs: number | null): void {
    const which = run.attempt > 1 || delayMs !== null ? `attempt ${run.attempt} of the run` : "the run";
    const { error, outcome, exitCode, signal } = end;
    const how = outcome === "failed" ? "failed" : "timed out";
    // A process has no stack to show.
    const isOfProcess = exitCode !== null || signal !== null;
    const isApart = this.#journal.isStructured && !isOfProcess;
    const shown = isApart ? errorTitle(error) : errorText(error);
    const why = isOfProcess && error instanceof Error ? error.message : shown;
    const then = delayMs === null ? "" : ` (next attempt in ${formatDuration(delayMs)})`;
    const text = `${which} ${how}${then}: ${why}`;
    const details = isApart ? { error } : {};
    this.#journal.within(run, () => this.#journal.write("error", text, undefined, details));
  }

  #record(run: Run, end: AttemptEnd): void {
    const { entry, scheduledAtMs, startedAtMs } = run;
    const kept = end.outcome === "succeeded" ? keptState(end.state, entry.state) : null;
    if (kept?.problem) this.#journal.write("error", `its state is not kept: ${kept.problem}`, run.job);
    const endedAtMs = this.#clock.now();
    const state = kept?.text ?? entry.state;
    const record = recordOf(run, end, endedAtMs, state, this.#journal.redact);
    this.#store().end(record);
    const before = entry.last;
    if (startedAtMs !== null) {
      const durationMs = Math.round(this.#clock.monotonic() - run.sinceMs);
      entry.last = { scheduledAtMs, outcome: end.outcome, durationMs };
    }
    if (end.outcome === "succeeded") entry.lastSuccessMs = endedAtMs;
    entry.state = state;
    this.#over(run);
    run.end(record);
    this.#user.ended(run, record, before);
    this.beginQueued(entry);
  }

  /** The first of a job's queue, if none of its runs goes on. */
  beginQueued(entry: JobEntry): void {
    const overdue = this.#overdue.get(entry)?.filter((run) => this.#runs.has(run)) ?? [];
    this.#overdue.delete(entry);
    for (const run of overdue) this.#user.retryLater(run, this.#clock.now());
    if (entry.active.size > 0 || entry.held) return;
    const next = dequeue(entry);
    if (next === undefined) return;
    activate(entry, next);
    this.#proceed(next);
  }

  #forgetRetry(run: Run): void {
    this.#over(run);
  }

  #over(run: Run): void {
    deactivate(run.entry, run);
    this.#runs.delete(run);
    if (this.#runs.size > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  /** The next attempts of runs, whose time has come. */
  retry(batch: Batch, runs: readonly Run[]): void {
    for (const run of runs) {
      if (!this.#runs.has(run) || run.phase !== "retrying") continue;
      const { entry } = run;
      if (isBusy(entry)) this.#overdue.set(entry, [...(this.#overdue.get(entry) ?? []), run]);
      else {
        run.phase = "waiting";
        batch.retry(run);
      }
    }
  }

  /** Goes on with a run that another process has left to be tried again. */
  adopt(run: Run, dueMs: number): void {
    run.phase = "retrying";
    activate(run.entry, run);
    this.#runs.add(run);
    this.#user.retryLater(run, dueMs);
  }
}

/** Several of a job may wait for their next attempts, when a worker before has left them. */
function isBusy({ definition, active }: JobEntry): boolean {
  if (definition.policies.overlap.type === "allow") return false;
  return [...active].some(({ phase }) => phase !== "retrying");
}
