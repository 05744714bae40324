// What can be asked of a daemon's jobs, over the control socket. Times are ISO 8601 in UTC with milliseconds, durations end in Ms.
import type { JobStatus, RunCount, WorkerReport } from "./messages.ts";

/** A record as `djob runs --json` and the HTTP API give it. */
export interface RunReport {
  /** `job@scheduledTime` */
  readonly id: string;
  readonly job: string;
  readonly scheduledAt: string;
  readonly startedAt: string | null;
  /** null: it is going on, or waits. */
  readonly endedAt: string | null;
  readonly attempt: number;
  readonly trigger: "schedule" | "catch-up" | "manual" | "retry";
  /** null: it is going on, or waits. */
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted" | "skipped" | null;
  readonly reason: string | null;
  readonly error: { readonly name: string; readonly message: string; readonly stack: string | null } | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly result: unknown;
  /** More than 1 for a row of skipped times, from `scheduledAt` through `through`. */
  readonly times: number;
  readonly through: string | null;
}

export interface RunsQuery {
  readonly job: string | null;
  /** Only runs that did not succeed and were not skipped. */
  readonly failed: boolean;
  readonly sinceMs: number | null;
  readonly limit: number;
}

/** Why a job does or does not run, for people who wonder. */
export interface WhyReport {
  readonly job: JobStatus;
  /** The next times, the earliest first. */
  readonly nextTimes: readonly string[];
  readonly runs: readonly RunReport[];
  /** Sentences, the most important first. */
  readonly findings: readonly string[];
}

/** Thrown by the worker for what a client asked wrongly. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  /** HTTP status: 400, 404 or 409; 413 or 503 where the answer could not be had. */
  readonly status: number;
  readonly hint: string | null;

  constructor(status: number, message: string, hint: string | null = null) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** What a worker can do for a client; every call may throw a ControlError. */
export interface JobsControl {
  report(): WorkerReport;
  jobs(): readonly JobStatus[];
  /** Of all jobs that have a record since the worker started. */
  counts(): readonly RunCount[];
  runs(query: RunsQuery): readonly RunReport[];
  run(id: string): RunReport;
  /**
   * @param accepted called before the handler is: whoever follows the run then misses no line of it
   * @returns the run, which has begun or waits in a queue; `ended` settles with its record once that is safely written
   */
  trigger(
    job: string,
    input: unknown,
    accepted?: (run: RunReport) => void,
  ): { readonly run: RunReport; readonly ended: Promise<RunReport> };
  /** Lines that a run writes from now on. @returns how to stop listening */
  follow(id: string, listener: (line: string) => void): () => void;
  cancel(id: string): RunReport;
  /** @param job null: all of them */
  pause(job: string | null): readonly JobStatus[];
  resume(job: string | null): readonly JobStatus[];
  why(job: string): WhyReport;
}
