// What goes over the control socket, as JSON. Times are ISO 8601 in UTC with milliseconds, durations end in Ms.

/** What a timer can wait for (setTimeout counts to 2^31 ms), less some seconds of grace: 24 days. */
export const longestTimeoutMs = 24 * 86_400_000;
/** Of a request. */
export const longestBodyBytes = 1 << 20;

export interface JobStatus {
  readonly name: string;
  readonly schedule: string;
  /** null: the daemon's own time zone. */
  readonly tz: string | null;
  /** "paused": its times are skipped until it is resumed. */
  readonly state: "idle" | "running" | "backing-off" | "paused" | "done";
  /** Its last success, or its worker's start if there is none, is longer ago than it said that one is to be expected. */
  readonly overdue: boolean;
  /** Its next scheduled time. */
  readonly next: string | null;
  /** How much later than its times its runs start: the jitter's share of this job on this machine. */
  readonly delayMs: number;
  /** When a run of it last ended well; null: never, as far as is known. */
  readonly lastSuccess: string | null;
  /** The latest run that was not skipped. */
  readonly last: {
    readonly scheduledAt: string;
    readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted";
    readonly durationMs: number;
  } | null;
}

export type DaemonState =
  | "starting"
  | "running"
  | "reloading"
  | "backing-off"
  | "stopping"
  | "failed"
  | "stopped";

export interface DaemonPaths {
  readonly pidfile: string;
  readonly log: string | null;
  /** Standard error's own file; null: the same as `log`. */
  readonly logErr: string | null;
  readonly socket: string;
  /** For those outside of the daemon's root directory. */
  readonly history: string;
}

/** Whether what is logged is written. */
export interface LogReport {
  readonly target: "file" | "stdout" | "none" | "journald" | "syslog";
  readonly format: "text" | "json" | "logfmt";
  readonly state: "ok" | "degraded";
  /** Why it is degraded. */
  readonly reason: string | null;
  /** Since the processes that run now began. */
  readonly lostLines: number;
}

/** How the run history is kept. */
export interface HistoryState {
  /**
   * "set-aside": it was corrupt, and a new one was begun. "memory": nothing is kept beyond the worker's life. "degraded": writing
   * fails, and is tried again. null: it is not open, as there is no job, or it is not known.
   */
  readonly state: "ok" | "set-aside" | "memory" | "degraded" | null;
  /** What is wrong with it, or null. */
  readonly reason: string | null;
}

/** What a worker tells of itself for its daemon's status. */
export interface WorkerReport {
  readonly jobs: readonly JobStatus[];
  readonly history: HistoryState;
}

/** How many records of a job and outcome have been made since the worker started; for times that were skipped, how many times. */
export interface RunCount {
  readonly job: string;
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted" | "skipped";
  readonly runs: number;
}

/** The answer to `GET /status`, and what `djob status NAME --json` prints. */
export interface DaemonStatus {
  readonly name: string;
  readonly state: DaemonState;
  readonly pid: number | null;
  readonly workerPid: number | null;
  readonly startedAt: string | null;
  readonly restarts: number;
  readonly lastExit: string | null;
  readonly foreground: boolean;
  readonly stopTimeoutMs: number;
  readonly modules: readonly string[];
  /** The program and its arguments, where it runs no modules. */
  readonly command: readonly string[] | null;
  readonly paths: DaemonPaths;
  readonly log: LogReport;
  readonly history: HistoryState & {
    /** Where it is for those outside of the daemon's root directory. */
    readonly path: string;
  };
  readonly jobs: readonly JobStatus[];
  /** Why it has failed, or null. */
  readonly reason: string | null;
  /** Of the djob that answers; null: it did not. */
  readonly version: string | null;
  readonly commit: string | null;
  /** How often its supervisor has been replaced by another executable. */
  readonly upgrades: number;
  /** Whether the worker answered, so that `jobs` is known. */
  readonly responsive: boolean;
}

/** The answer to `POST /stop`, given when all runs have ended or the time for that is up. */
export interface StopReport {
  /** "forced": some runs did not end in time; "killed": the worker itself did not. */
  readonly outcome: "clean" | "forced" | "killed";
  /** The jobs whose runs had to be given up. */
  readonly runs: readonly string[];
}

/** The answer to `POST /reload`. */
export interface ReloadReport {
  /** "replacing": it has no supervisor, and becomes the new code itself now, under the same pid. */
  readonly outcome: "reloaded" | "failed" | "replacing";
  /** Why the old code goes on. */
  readonly failure: string | null;
  readonly hint: string | null;
}

/** The answer to `POST /upgrade`, given before it is done. */
export interface UpgradeReport {
  readonly outcome: "replacing" | "refused";
  /** Why all goes on as it was. */
  readonly failure: string | null;
  readonly hint: string | null;
}

/** The answer to `GET /spec`: what `djob restart` needs to start the same again. */
export interface SpecReport {
  readonly spec: unknown;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ErrorReport {
  readonly error: { readonly code: number; readonly message: string; readonly hint: string | null };
}
