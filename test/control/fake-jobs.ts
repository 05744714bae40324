// A worker's jobs that are none: what the socket's tests ask for.
import { ControlError, type JobsControl, type RunReport } from "../../src/control/jobs.ts";
import type { JobStatus, RunCount, WorkerReport } from "../../src/control/messages.ts";

export const time = "2026-11-24T09:30:00.000Z";

export function jobNamed(name: string): JobStatus {
  return {
    ...{ name, schedule: "every 10s", tz: null, state: "idle", overdue: false, next: time },
    ...{ delayMs: 1.5, lastSuccess: null },
    last: { scheduledAt: time, outcome: "timed-out", durationMs: 3.5 },
  };
}

export function runOf(job: string, change: Partial<RunReport> = {}): RunReport {
  return {
    ...{ id: `${job}@${time}`, job, scheduledAt: time, startedAt: time, endedAt: time, attempt: 1 },
    ...{ trigger: "manual", outcome: "succeeded", reason: null, error: null, exitCode: null, signal: null },
    ...{ result: { rows: [1, null] }, times: 1, through: null },
    ...change,
  };
}

export const oddName = 'näh/er@%2F ?#"…';

export class FakeJobs implements JobsControl {
  /** What was asked, in order. */
  readonly asked: unknown[] = [];
  readonly names = ["poll", oddName];
  readonly followers = new Set<(line: string) => void>();
  ended = Promise.withResolvers<RunReport>();
  answerRuns: readonly RunReport[] = [
    runOf("poll", { outcome: "failed", error: { name: "Error", message: "no", stack: "Error: no\n at x" } }),
    runOf("poll", { outcome: "skipped", startedAt: null, reason: "paused", times: 7, through: time }),
  ];

  report(): WorkerReport {
    return { jobs: this.jobs(), history: { state: "ok", reason: null } };
  }
  counts(): readonly RunCount[] {
    return this.names.map((job) => ({ job, outcome: "failed", runs: 3 }));
  }
  jobs() {
    return this.names.map(jobNamed);
  }
  runs(query: unknown) {
    this.asked.push(query);
    return this.answerRuns;
  }
  run(id: string) {
    const job = id.slice(0, id.lastIndexOf("@"));
    this.#require(job);
    return runOf(job);
  }
  trigger(job: string, input: unknown, accepted: (run: RunReport) => void = () => {}) {
    this.#require(job);
    this.asked.push({ job, input });
    const run = runOf(job, { outcome: null, endedAt: null, result: null });
    accepted(run);
    // As a handler does that writes before it waits for anything.
    this.say("at once");
    return { run, ended: this.ended.promise };
  }
  follow(_id: string, listener: (line: string) => void) {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  }
  cancel(id: string): RunReport {
    throw new ControlError(409, `the run ${id} is over`);
  }
  pause(job: string | null) {
    return this.#each(job);
  }
  resume(job: string | null) {
    return this.#each(job);
  }
  why(job: string) {
    this.#require(job);
    return { job: jobNamed(job), nextTimes: [time], runs: [runOf(job)], findings: ["it is paused"] };
  }
  say(line: string): void {
    for (const follower of this.followers) follower(line);
  }
  #each(job: string | null) {
    if (job !== null) this.#require(job);
    return job === null ? this.jobs() : [jobNamed(job)];
  }
  #require(job: string): void {
    if (!this.names.includes(job))
      throw new ControlError(404, `there is no job "${job}"`, "did you mean poll?");
  }
}
