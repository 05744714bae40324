// What goes over the control socket, as JSON. Times are ISO 8601 in UTC with milliseconds, durations end in Ms.

/** What a timer can wait for (setTimeout counts to 2^31 ms), less some seconds of grace: 24 days. */
export const longestTimeoutMs = 24 * 86_400_000;

export interface JobStatus {
  readonly name: string;
  readonly schedule: string;
  /** null: the daemon's own time zone. */
  readonly tz: string | null;
  /** "paused": its times are skipped until it is resumed. */
  readonly state: "idle" | "running" | "backing-off" | "paused" | "done";
  /** Its last success is longer ago than it said that one is to be expected. */
  readonly overdue: boolean;
  readonly next: string | null;
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
  readonly socket: string;
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
