// One timer for all jobs. A heap holds each job's next time, and the timer waits for the earliest. setTimeout cannot count
// past 2^31 ms, and does not notice that the machine slept or that its clock was set: a long wait is capped, and the wall
// alarm's as well. What a firing means is decided in src/schedule.
import { ALWAYS_BACK_OFF, type BackOffState, FIRST_BACK_OFF, nextBackOff } from "../schedule/back-off.ts";
import { formatDuration } from "../schedule/duration.ts";
import { afterClockStep, decideFiring, waitMs } from "../schedule/firing.ts";
import { DueQueue } from "../schedule/queue.ts";
import { nextTime } from "../schedule/schedule.ts";
import { type Clock, longestTimerMs } from "./clock.ts";
import type { Journal } from "./journal.ts";
import type { JobDefinition } from "./registry.ts";
import type { Runner, RunOutcome } from "./runner.ts";

/** How late a time may come after a sleep or a step of the clock, where nothing tells of that. */
export const maximumWaitMs = 60_000;
/** Differences between the two clocks below this are drift and rounding. */
const smallestStepMs = 2_000;

export type JobState = "idle" | "running" | "backing-off" | "done";

/** One job and where it stands. */
export interface ScheduledJob {
  readonly definition: JobDefinition;
  dueMs: number | null;
  lastScheduledMs: number | null;
  running: boolean;
  /** Whether the worker before still runs it. */
  held: boolean;
  last: RunOutcome | null;
  backOff: BackOffState;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #runner: Runner;
  readonly #journal: Journal;
  readonly #jobs: ScheduledJob[] = [];
  #queue = new DueQueue<ScheduledJob>();
  #cancelTimer: () => void = () => {};
  #armedForMs: number | null = null;
  #state: "waiting" | "started" | "stopped" = "waiting";
  #wallMs: number;
  #monotonicMs: number;
  #tookOverAtMs = 0;
  #onRunEnded: (job: string) => void = () => {};

  constructor(clock: Clock, runner: Runner, journal: Journal) {
    this.#clock = clock;
    this.#runner = runner;
    this.#journal = journal;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonic();
  }

  get jobs(): readonly ScheduledJob[] {
    return this.#jobs;
  }

  /** Nothing fires before `start`. */
  add(definition: JobDefinition): void {
    const job: ScheduledJob = {
      definition,
      dueMs: null,
      lastScheduledMs: null,
      running: false,
      held: false,
      last: null,
      backOff: FIRST_BACK_OFF,
    };
    this.#jobs.push(job);
    if (this.#state === "started") {
      this.#enter(job, this.#clock.now());
      this.#arm();
    }
  }

  start(): void {
    this.takeOver(null, []);
  }

  /**
   * Starts where another worker has left off: every time after that is this one's, those too that have come meanwhile.
   * @param fromMs wall-clock time; null: now
   * @param running jobs that the other worker still runs, until `release`
   */
  takeOver(fromMs: number | null, running: readonly string[]): void {
    this.#state = "started";
    this.#readClocks();
    this.#tookOverAtMs = this.#wallMs;
    for (const job of this.#jobs) {
      job.held = running.includes(job.definition.name);
      this.#enter(job, Math.min(fromMs ?? this.#wallMs, this.#wallMs));
    }
    this.#arm();
  }

  /** No other worker runs this job any more. */
  release(name: string): void {
    for (const job of this.#jobs) {
      if (!job.held || job.definition.name !== name) continue;
      job.held = false;
      if (this.#state !== "started" || job.definition.schedule.kind !== "always") continue;
      this.#setDue(job, this.#clock.now());
      this.#arm();
    }
  }

  /** Fires what is due, and nothing after that. @returns the time up to which it has fired, and the jobs that run */
  yield(): { atMs: number; running: string[] } {
    if (this.#state === "started") this.#wake();
    this.stop();
    const running = this.#jobs.filter((job) => job.running).map(({ definition }) => definition.name);
    return { atMs: this.#wallMs, running };
  }

  whenRunEnds(listener: (job: string) => void): void {
    this.#onRunEnded = listener;
  }

  /** Nothing fires from now on; runs that are going on are the runner's. */
  stop(): void {
    this.#state = "stopped";
    this.#cancelTimer();
    this.#queue = new DueQueue();
    for (const job of this.#jobs) job.dueMs = null;
  }

  #enter(job: ScheduledJob, nowMs: number): void {
    const { schedule, name } = job.definition;
    const dueMs = schedule.kind === "always" ? nowMs : nextTime(schedule, nowMs);
    if (dueMs === null) this.#journal.write("warn", "its time has passed: it will not run", name);
    this.#setDue(job, dueMs);
  }

  #setDue(job: ScheduledJob, dueMs: number | null): void {
    job.dueMs = dueMs;
    if (dueMs !== null) this.#queue.push(dueMs, job);
  }

  #arm(): void {
    const earliest = this.#queue.peek();
    if (this.#armedForMs === (earliest?.dueMs ?? null)) return;
    this.#cancelTimer();
    this.#armedForMs = earliest?.dueMs ?? null;
    if (earliest === undefined) return;
    this.#cancelTimer = this.#waitFor(earliest.dueMs);
  }

  /**
   * A short wait is a timer's. A long one is also the wall alarm's, which notices what a timer does not: that the machine
   * slept, or that the clock was set forward. Without an alarm the timer looks again every minute.
   */
  #waitFor(dueMs: number): () => void {
    const wake = () => this.#wake();
    const nowMs = this.#clock.now();
    const isLong = dueMs - nowMs > maximumWaitMs;
    const cancelAlarm = isLong ? this.#clock.at(dueMs, wake) : null;
    const cancelTimer = this.#clock.after(
      waitMs(dueMs, nowMs, cancelAlarm ? longestTimerMs : maximumWaitMs),
      wake,
    );
    return () => {
      cancelTimer();
      cancelAlarm?.();
    };
  }

  #wake(): void {
    this.#cancelTimer();
    this.#armedForMs = null;
    this.#noticeClockStep();
    for (let first = this.#queue.peek(); first !== undefined; first = this.#queue.peek()) {
      if (this.#state !== "started" || first.dueMs > this.#wallMs) break;
      this.#queue.pop();
      // A clock step gave the job another time, and left the old entry behind.
      if (first.value.dueMs === first.dueMs) this.#fire(first.value, first.dueMs);
    }
    if (this.#state === "started") this.#arm();
  }

  #fire(job: ScheduledJob, dueMs: number): void {
    const { definition } = job;
    if (definition.schedule.kind === "always") {
      job.dueMs = null;
      if (!job.held) void this.#run(job, dueMs);
      return;
    }
    // A time that came between two workers is not late: none of them is passed over for the last.
    const nowMs = dueMs <= this.#tookOverAtMs ? dueMs : this.#wallMs;
    const { fire, nextDueMs } = decideFiring({ schedule: definition.schedule, dueMs }, nowMs);
    this.#setDue(job, nextDueMs);
    if (fire === null) return;
    job.lastScheduledMs = fire.scheduledAtMs;
    if (fire.skipped > 0) {
      const times = fire.skipped === 1 ? "1 time" : `${fire.skipped} times`;
      this.#journal.write("warn", `missed ${times} before ${iso(fire.scheduledAtMs)}`, definition.name);
    }
    if (job.running || job.held) {
      const since = `the run before it is still going on`;
      this.#journal.write("warn", `skipped the run of ${iso(fire.scheduledAtMs)}: ${since}`, definition.name);
      return;
    }
    void this.#run(job, fire.scheduledAtMs);
  }

  async #run(job: ScheduledJob, scheduledAtMs: number): Promise<void> {
    job.running = true;
    job.last = await this.#runner.run(job.definition, scheduledAtMs);
    job.running = false;
    this.#onRunEnded(job.definition.name);
    if (job.definition.schedule.kind === "always" && this.#state === "started")
      this.#restartLater(job, job.last);
  }

  #restartLater(job: ScheduledJob, { outcome, durationMs }: RunOutcome): void {
    const { delayMs, state } = nextBackOff(job.backOff, ALWAYS_BACK_OFF, durationMs, this.#clock.random());
    job.backOff = state;
    const how = outcome === "succeeded" ? "it returned" : "it failed";
    this.#journal.write(
      "warn",
      `${how}: starting it again in ${formatDuration(delayMs)}`,
      job.definition.name,
    );
    this.#setDue(job, this.#clock.now() + delayMs);
    this.#arm();
  }

  #noticeClockStep(): void {
    const [wallBefore, monotonicBefore] = [this.#wallMs, this.#monotonicMs];
    this.#readClocks();
    const stepMs = this.#wallMs - wallBefore - (this.#monotonicMs - monotonicBefore);
    if (Math.abs(stepMs) < smallestStepMs) return;
    const by = formatDuration(Math.abs(stepMs));
    const how = stepMs > 0 ? `went forward by ${by}, or the machine slept` : `was set back by ${by}`;
    this.#journal.write("warn", `the clock ${how}`, null);
    if (stepMs < 0) for (const job of this.#jobs) this.#followStepBack(job, -stepMs);
  }

  #followStepBack(job: ScheduledJob, stepMs: number): void {
    const { dueMs, lastScheduledMs, definition } = job;
    if (dueMs === null) return;
    const { schedule } = definition;
    const newDueMs =
      schedule.kind === "always"
        ? Math.min(dueMs, this.#wallMs + ALWAYS_BACK_OFF.maximumMs)
        : afterClockStep({ schedule, dueMs, lastScheduledMs }, this.#wallMs, stepMs);
    if (newDueMs !== dueMs) this.#setDue(job, newDueMs);
  }

  #readClocks(): void {
    this.#wallMs = this.#clock.now();
    this.#monotonicMs = this.#clock.monotonic();
  }
}

export function jobState({ running, held, dueMs, definition }: ScheduledJob): JobState {
  if (running || held) return "running";
  if (dueMs === null) return "done";
  return definition.schedule.kind === "always" ? "backing-off" : "idle";
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
