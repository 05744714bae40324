// What is kept of a daemon's runs: one record for each scheduled time of each job, and what a job must know of its past.
// Times are milliseconds since the epoch.

export type Outcome = "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted" | "skipped";

/** What started the run's last attempt. */
export type Trigger = "schedule" | "catch-up" | "manual" | "retry";

/** Why a time was skipped, or a run cancelled. */
export type Reason =
  | "overlap"
  | "queue-full"
  | "paused"
  | "not-caught-up"
  | "clock-correction"
  | "replaced"
  | "stopping"
  | "asked"
  | "daemon-died"
  | "removed";

export interface RunError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

/** How a scheduled time of a job has ended. There is one for each job and time. */
export interface RunRecord {
  readonly job: string;
  readonly scheduledAtMs: number;
  /** null: it never started. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  /** 1 for the first; 0 for a time that was skipped. */
  readonly attempt: number;
  readonly trigger: Trigger;
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  readonly error: RunError | null;
  /** Of a command. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What the handler returned, as JSON text, if that is small. */
  readonly result: string | null;
  /**
   * How many of the job's times it stands for: 1, or more for a long row of times that were all skipped for the same reason;
   * `scheduledAtMs` is the first of them and `throughMs` the last.
   */
  readonly times: number;
  readonly throughMs: number;
}

/** When something was under a clock that was ahead, after it was set back. @param byMs null: nobody knows by how much */
export function datedRight(timeMs: number | null, nowMs: number, byMs: number | null): number | null {
  return timeMs === null || timeMs <= nowMs ? timeMs : Math.min(nowMs, timeMs - (byMs ?? 0));
}

/** `job@scheduledTime`: the idempotency key of a run. */
export function runId(job: string, scheduledAtMs: number): string {
  return `${job}@${new Date(scheduledAtMs).toISOString()}`;
}
