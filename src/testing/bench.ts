// What a test is given: the jobs of its modules, the clock, and what has become of their runs.

import type { Duration } from "djob";
import type { TestClock as ClockOfTest, JobTest, RunJobOptions, TestJob, TestRun } from "djob/testing";
import { closest } from "fastest-levenshtein";
import { parsedJson } from "../runtime/parsed-json.ts";
import type { JobEntry } from "../runtime/running/job-entry.ts";
import type { Run } from "../runtime/running/run.ts";
import { parseDuration } from "../schedule/duration.ts";
import { nextPlanned, planText, planTimeZone } from "../schedule/plan.ts";
import { parseTime } from "../schedule/time-zone.ts";
import { type RunRecord, runId } from "../store/records.ts";
import { plain } from "./output.ts";
import type { Room } from "./room.ts";

const allRuns = 1_000_000;

export class Bench implements JobTest {
  readonly #room: Room;
  readonly clock: ClockOfTest;

  constructor(room: Room) {
    this.#room = room;
    this.clock = clockOf(room);
    // A test takes what it needs out of the bench: `({ runJob, clock }) => …`.
    for (const name of ["job", "runJob", "runs", "events", "pause", "resume"] as const)
      Object.defineProperty(this, name, { value: this[name].bind(this) });
  }

  get jobs(): readonly TestJob[] {
    return this.#room.scheduler.jobs.map((entry) => this.#jobOf(entry));
  }

  get lines() {
    return this.#room.output.lines.map(plain);
  }

  get pings() {
    return this.#room.pings;
  }

  job(name: string): TestJob {
    return this.#jobOf(this.#entry(name));
  }

  async runJob<Result = unknown>(name: string, options: RunJobOptions = {}): Promise<TestRun<Result>> {
    const { waits, scheduler } = this.#room;
    const entry = this.#entry(name);
    waits.know(entry);
    checkJson(name, "input", options.input);
    checkJson(name, "state", options.state);
    if (options.state !== undefined) entry.state = JSON.stringify(options.state);
    const { run, scheduledAtMs } = scheduler.trigger(entry, options.input);
    if (run !== null) {
      const cancel = () => scheduler.dispatcher.cancel(run, "asked", "somebody cancelled the run");
      if (options.signal?.aborted) cancel();
      options.signal?.addEventListener("abort", cancel, { once: true });
      await this.#end(run);
      options.signal?.removeEventListener("abort", cancel);
    }
    await this.#room.quiet();
    const id = runId(name, scheduledAtMs);
    const found = this.runs(name).find((ended) => ended.id === id);
    if (found === undefined) throw new Error(`the run ${id} has no record`);
    return found as TestRun<Result>;
  }

  runs(job?: string): readonly TestRun[] {
    if (job !== undefined) this.#entry(job);
    const query = job === undefined ? { limit: allRuns } : { limit: allRuns, job };
    const records = this.#room.store.runs(query);
    return records.reverse().map((record) => this.#runOf(record));
  }

  events(hook?: string) {
    const { events } = this.#room;
    return events.filter((told) => hook === undefined || told.hook === hook).map(({ event }) => event);
  }

  pause(name: string): void {
    const entry = this.#entry(name);
    this.#room.waits.know(entry);
    this.#room.scheduler.pause(entry);
  }

  resume(name: string): void {
    this.#room.scheduler.resume(this.#entry(name));
  }

  /** The pauses between its attempts pass by themselves. */
  async #end(run: Run): Promise<void> {
    const { waits, clock } = this.#room;
    let isOver = false;
    const over = run.over.then(() => {
      isOver = true;
    });
    while (!isOver) {
      if (waits.dueOf(run) === null) await Promise.race([over, waits.retried]);
      else await clock.passNext(() => (waits.dueOf(run) ?? 0) - clock.now());
    }
  }

  #entry(name: string): JobEntry {
    const entry = this.#room.scheduler.job(name);
    if (entry !== undefined) return entry;
    const names = this.#room.scheduler.jobs.map(({ definition }) => definition.name);
    const hint =
      names.length === 0
        ? "the modules declare none"
        : `did you mean "${closest(name, names)}"? There are ${names.join(", ")}`;
    throw new Error(`there is no job "${name}": ${hint}`);
  }

  #jobOf(entry: JobEntry): TestJob {
    const { definition, pausedAtMs, state, lastSuccessMs } = entry;
    const { plan, name } = definition;
    const nextMs = this.#room.isStarted ? entry.dueMs : nextPlanned(plan, this.#room.clock.now());
    return {
      name,
      schedule: planText(plan),
      tz: planTimeZone(plan),
      next: nextMs === null ? null : new Date(nextMs),
      lastSuccess: lastSuccessMs === null ? null : new Date(lastSuccessMs),
      isPaused: pausedAtMs !== null,
      state: parsedJson(state),
    };
  }

  #runOf(record: RunRecord): TestRun {
    const { job, scheduledAtMs, startedAtMs, endedAtMs, throughMs, outcome, result: _, ...rest } = record;
    const id = runId(job, scheduledAtMs);
    const end = this.#room.endOf(id);
    const hasFailed = outcome === "failed" || outcome === "timed-out";
    return {
      ...rest,
      id,
      job,
      outcome,
      scheduledAt: new Date(scheduledAtMs),
      startedAt: startedAtMs === null ? null : new Date(startedAtMs),
      endedAt: new Date(endedAtMs),
      through: new Date(throughMs),
      error: hasFailed ? end?.error : undefined,
      result: outcome === "succeeded" ? end?.result : undefined,
      state: outcome === "succeeded" ? end?.state : undefined,
      lines: this.#room.output.of(id),
    };
  }
}

function clockOf(room: Room): ClockOfTest {
  const { clock } = room;
  return {
    get now() {
      return new Date(clock.now());
    },
    async advance(duration) {
      room.start();
      await clock.passNext(() => msOf(duration));
    },
    async set(time) {
      const timeMs = timeOf(time);
      if (!room.isStarted) return clock.set(timeMs);
      if (timeMs < clock.now())
        throw new RangeError(
          `cannot set the clock to ${new Date(timeMs).toISOString()}: it is ${new Date(clock.now()).toISOString()} already; clock.step sets it back`,
        );
      await clock.passNext(() => timeMs - clock.now());
    },
    async sleep(duration) {
      room.start();
      await clock.shiftNext(msOf(duration), msOf(duration));
    },
    async step(byMs) {
      room.start();
      await clock.shiftNext(byMs, 0);
    },
  };
}

/** @throws {TypeError} for what a daemon could not keep */
function checkJson(job: string, what: string, value: unknown): void {
  if (value === undefined) return;
  try {
    if (JSON.stringify(value) !== undefined) return;
  } catch (cause) {
    throw new TypeError(`cannot give the job "${job}" this ${what}: it is not a JSON value`, { cause });
  }
  throw new TypeError(`cannot give the job "${job}" this ${what}: it is not a JSON value`);
}

/** Milliseconds since the epoch, from a Date or ISO 8601 text. */
export function timeOf(time: Date | string): number {
  const timeMs = typeof time === "string" ? parseTime(time, null) : time.getTime();
  if (Number.isNaN(timeMs)) throw new RangeError("cannot use a Date that is none");
  return timeMs;
}

function msOf(duration: Duration): number {
  const durationMs = typeof duration === "string" ? parseDuration(duration) : duration;
  if (Number.isSafeInteger(durationMs) && durationMs >= 0) return durationMs;
  throw new RangeError(`cannot use the duration ${duration}: write milliseconds, or text such as "1h"`);
}
