// When jobs run: holds each job's next time, and gives what has come due to the dispatcher. What a time means that comes late is
// decided in src/schedule.
import { nextPlanned } from "../../schedule/plan.ts";
import type { RunRecord } from "../../store/records.ts";
import type { JobDefinition } from "../job.ts";
import { Adoption } from "./adoption.ts";
import { Batch, portionOf } from "./batch.ts";
import { Dispatcher } from "./dispatcher.ts";
import { entered } from "./entered.ts";
import { backOff, type JobEntry, type LastRun, newEntry } from "./job-entry.ts";
import { hasRuns } from "./job-runs.ts";
import { Jobs } from "./jobs.ts";
import { afterStep, atStart, howLate, neverLate } from "./lateness.ts";
import { LoopHold } from "./loop-hold.ts";
import { fireMissed } from "./missed.ts";
import { freeTime, isRecorded, refresh } from "./remembered.ts";
import { Run, type Triggered } from "./run.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";
import { followSetBack } from "./set-back.ts";
import { restartText, tellSkipped } from "./skipped.ts";
import { type ClockStep, judgeStep, Timeline } from "./timeline.ts";

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #timeline: Timeline<JobEntry | Run>;
  readonly dispatcher: Dispatcher;
  readonly #adoption: Adoption;
  readonly #hold = new LoopHold();
  readonly #jobs = new Jobs();
  #state: "waiting" | "started" | "stopped" = "waiting";
  #lateness = neverLate;
  /** A handler has stopped it before all that had come was decided: later times, and some of the next one, are not. */
  #decidedThroughMs = Number.POSITIVE_INFINITY;
  #batch: Batch | null = null;
  #retries: Run[] = [];
  #onJobFree: (job: string) => void = () => {};

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.dispatcher = new Dispatcher(parts.clock, parts.journal, parts.runner, () => parts.store, {
      began: (run) => parts.observers?.began(run),
      ended: (run, record, before) => this.#ended(run, record, before),
      left: ({ entry }) => void this.#freed(entry),
      skipped: (times) => tellSkipped(parts, times, this.#timeline.nowMs),
      retryLater: (run, dueMs) => this.#retryLater(run, this.#timeline.asLooked(dueMs)),
    });
    this.#adoption = new Adoption(parts, this.dispatcher);
    this.#timeline = new Timeline(parts.clock, {
      stepped: (step) => this.#stepped(step),
      due: (values, dueMs) => this.#come(values, dueMs),
      done: () => {
        this.#carryOut();
        this.dispatcher.release();
      },
    });
  }

  /** What other workers have left is not known before `start`. */
  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  get jobs(): readonly JobEntry[] {
    return this.#jobs.all;
  }

  job(name: string): JobEntry | undefined {
    return this.#jobs.named(name);
  }

  /** Nothing fires before `start`. */
  add(definition: JobDefinition): void {
    const entry = newEntry(definition, this.#parts.host);
    this.#jobs.add(entry);
    if (this.#state !== "started") return;
    this.#timeline.look();
    this.#enter([entry], null);
    this.#adoption.declared(entry, this.jobs.length === 1);
    this.#timeline.arm();
  }

  /**
   * Starts where another worker has left off: every time after that is this one's, those too that have come meanwhile.
   * @param fromMs wall-clock time; null: there was none, and the store knows what is owed
   * @param running jobs that the other worker still runs, until `release`
   * @param workers process ids of others that still end their runs
   */
  start(
    fromMs: number | null = null,
    running: readonly string[] = [],
    workers: readonly number[] = [],
  ): void {
    this.#state = "started";
    this.#timeline.start();
    const { nowMs } = this.#timeline;
    this.#lateness = atStart(fromMs, nowMs);
    for (const name of running) Object.assign(this.job(name) ?? {}, { held: true });
    // In this order there is nothing yet that would have to be written before.
    const found = this.#adoption.find(this.jobs.length, workers);
    this.#enter(this.jobs, fromMs === null ? null : Math.min(fromMs, nowMs));
    this.#adoption.take(this.jobs, found);
    this.#timeline.arm();
  }

  /** The store may take over now what it could not. */
  adoptAgain(): void {
    if (this.#state === "started") this.#adoption.look(this.jobs, null);
  }

  /** No other worker runs this job any more. */
  release(name: string, workers: readonly number[]): void {
    const entry = this.job(name);
    if (entry === undefined || !entry.held) return;
    entry.held = false;
    this.#hold.look(entry);
    if (this.#state !== "started") return;
    refresh(this.#parts.store, entry, this.#timeline.nowMs);
    this.#adoption.look(this.jobs, workers);
    this.dispatcher.beginQueued(entry);
    if (entry.isAlways && entry.active.size === 0) this.#setDue(entry, this.#parts.clock.now());
    this.#timeline.arm();
  }

  /** Fires what is due, and nothing after that. @returns the time up to which it has fired, and the jobs that run */
  yield(): { atMs: number; running: string[] } {
    if (this.#state === "started") this.#timeline.wake();
    const { nowMs } = this.#timeline;
    this.stop();
    const running = this.jobs.filter(hasRuns).map(({ definition }) => definition.name);
    return { atMs: Math.min(nowMs, this.#decidedThroughMs), running };
  }

  /** Called when the last run of a job has ended. */
  whenJobFree(listener: (job: string) => void): void {
    this.#onJobFree = listener;
  }

  /** Nothing fires from now on; runs that are going on are the dispatcher's. */
  stop(): void {
    this.#state = "stopped";
    this.dispatcher.isStopped = true;
    this.#adoption.stop();
    this.#hold.end();
    this.#timeline.stop();
    this.#parts.runner.close();
    for (const job of this.jobs) job.dueMs = null;
  }

  /** Runs a job now, whatever its schedule says. */
  trigger(entry: JobEntry, input: unknown, accepted: (run: Run) => void = () => {}): Triggered {
    const { clock, store } = this.#parts;
    const scheduledAtMs = freeTime(store, entry, clock.now());
    const batch = new Batch(clock.now());
    const run = batch.offer(entry, scheduledAtMs, "manual", input);
    this.dispatcher.carryOut(batch, () => run !== null && accepted(run));
    return { run, scheduledAtMs };
  }

  pause(entry: JobEntry): void {
    entry.pausedAtMs ??= this.#parts.clock.now();
    this.#parts.store.pause(entry.key, entry.pausedAtMs);
    if (this.#state === "started") this.#hold.look(entry);
  }

  resume(entry: JobEntry): void {
    if (entry.pausedAtMs === null) return;
    // What has come until now was skipped, also if its timer has not gone off yet.
    if (this.#state === "started") this.#timeline.wake();
    entry.pausedAtMs = null;
    this.#parts.store.pause(entry.key, null);
    this.#hold.look(entry);
    if (this.#state !== "started" || !entry.isAlways || entry.active.size > 0) return;
    this.#comeAt(entry, this.#parts.clock.now());
  }

  /** @param fromMs null: from what the store has accounts of */
  #enter(entries: readonly JobEntry[], fromMs: number | null): void {
    const { nowMs } = this.#timeline;
    for (const { entry, dueMs, isReboot } of entered(this.#parts, entries, fromMs, nowMs)) {
      if (isReboot) this.#offerUnlessPaused(entry, nowMs);
      this.#setDue(entry, dueMs);
      this.#hold.look(entry);
    }
    this.#carryOut();
  }

  #setDue(entry: JobEntry, dueMs: number | null): void {
    entry.dueMs = dueMs;
    if (dueMs !== null) this.#timeline.push(dueMs + entry.delayMs, entry);
  }

  #comeAt(entry: JobEntry, timeMs: number): void {
    this.#setDue(entry, timeMs);
    this.#timeline.arm();
  }

  /** In portions: the first handlers begin before the last jobs are decided. */
  #come(values: ReadonlyArray<JobEntry | Run>, dueMs: number): void {
    const portion = portionOf(values.length);
    this.dispatcher.hold();
    for (const value of values) {
      if (value instanceof Run) {
        if (value.retryAtMs === dueMs) this.#retries.push(value);
      } else if (value.dueMs !== null && value.dueMs + value.delayMs === dueMs) {
        this.#fire(value, value.dueMs);
        if ((this.#batch?.size ?? 0) < portion) continue;
        this.#carryOut();
        if (this.dispatcher.isStopped) {
          this.#decidedThroughMs = dueMs - 1;
          return;
        }
      }
    }
  }

  #fire(entry: JobEntry, dueMs: number): void {
    if (entry.isAlways) {
      entry.dueMs = null;
      if (!entry.held && entry.pausedAtMs === null && entry.active.size === 0)
        this.#currentBatch().offer(entry, this.#timeline.nowMs, "schedule");
      return;
    }
    const nowMs = this.#timeline.nowMs - entry.delayMs;
    const nextMs = nextPlanned(entry.definition.plan, dueMs);
    const late = howLate(this.#lateness, dueMs);
    const isAlone = nextMs === null || nextMs > nowMs || late.wasHandedOver;
    if (isAlone && !late.wasAway && !late.wasCorrected) {
      this.#fireOne(entry, dueMs);
      this.#setDue(entry, nextMs);
    } else {
      this.#setDue(entry, fireMissed(this.#parts, this.#currentBatch(), entry, { dueMs, nowMs, ...late }));
    }
  }

  #fireOne(entry: JobEntry, timeMs: number): void {
    if (isRecorded(this.#parts.store, entry, timeMs)) return;
    entry.knownMs = Math.max(entry.knownMs, timeMs);
    entry.lastScheduledMs = Math.max(timeMs, entry.lastScheduledMs ?? timeMs);
    this.#offerUnlessPaused(entry, timeMs);
  }

  #offerUnlessPaused(entry: JobEntry, timeMs: number): void {
    if (entry.pausedAtMs === null) this.#currentBatch().offer(entry, timeMs, "schedule");
    else this.#currentBatch().skip(entry, timeMs, "schedule", "paused");
  }

  #currentBatch(): Batch {
    this.#batch ??= new Batch(this.#timeline.nowMs);
    return this.#batch;
  }

  #carryOut(): void {
    if (this.#retries.length > 0) {
      this.dispatcher.retry(this.#currentBatch(), this.#retries);
      this.#retries = [];
    }
    const batch = this.#batch;
    this.#batch = null;
    if (batch !== null) this.dispatcher.carryOut(batch);
  }

  #ended(run: Run, record: RunRecord, before: LastRun | null): void {
    const { entry } = run;
    this.#parts.observers?.ended(run, record, before);
    if (this.#freed(entry) && entry.isAlways && this.#state === "started" && entry.pausedAtMs === null)
      this.#restartLater(entry, record);
  }

  /** @returns whether that was the last run of a job */
  #freed(entry: JobEntry): boolean {
    if (hasRuns(entry)) return false;
    this.#onJobFree(entry.definition.name);
    return true;
  }

  #restartLater(entry: JobEntry, { outcome }: RunRecord): void {
    const { clock, journal } = this.#parts;
    const delayMs = backOff(entry, entry.last?.durationMs ?? 0, clock.random());
    journal.write("warn", restartText(outcome, delayMs), entry.definition.name);
    this.#comeAt(entry, this.#timeline.asLooked(clock.now() + delayMs));
  }

  #stepped(step: ClockStep): void {
    const { nowMs } = this.#timeline;
    const judged = judgeStep(step);
    this.#parts.journal.write("warn", judged.text, null);
    this.#lateness = afterStep(this.#lateness, judged, nowMs);
    const { setBack } = judged;
    if (setBack === null) return;
    followSetBack(this.#parts.store, this.jobs, { ...setBack, nowMs }, (...due) => this.#setDue(...due));
    // They wait for a while, not for a time of day.
    for (const run of this.dispatcher.runs)
      if (run.retryAtMs !== null) this.#retryLater(run, run.retryAtMs - setBack.byMs);
  }

  #retryLater(run: Run, dueMs: number): void {
    run.retryAtMs = dueMs;
    this.#timeline.add(dueMs, run);
  }
}
