// What the daemon says of itself. Pure.
import type { DaemonPaths, DaemonState, DaemonStatus, JobStatus } from "../control/messages.ts";
import { commit, version } from "../version.ts";
import { scheduleText, timeZoneOf } from "./registry.ts";
import { jobState, type ScheduledJob } from "./scheduler.ts";

/** What does not change while the process lives. */
export interface Identity {
  readonly name: string;
  /** The supervisor's, where there is one. */
  readonly pid: number;
  readonly workerPid: number;
  readonly startedAtMs: number;
  readonly foreground: boolean;
  readonly stopTimeoutMs: number;
  readonly modules: readonly string[];
  readonly paths: DaemonPaths;
}

export function statusOf(
  state: DaemonState,
  { name, pid, workerPid, startedAtMs, foreground, stopTimeoutMs, modules, paths }: Identity,
  jobs: readonly ScheduledJob[],
): DaemonStatus {
  return {
    name,
    state,
    pid,
    workerPid,
    startedAt: iso(startedAtMs),
    restarts: 0,
    lastExit: null,
    foreground,
    stopTimeoutMs,
    modules,
    paths,
    jobs: jobs.map(jobStatus),
    command: null,
    reason: null,
    version,
    commit,
    upgrades: 0,
    responsive: true,
  };
}

export function jobStatus(job: ScheduledJob): JobStatus {
  const { definition, dueMs, last } = job;
  return {
    name: definition.name,
    schedule: scheduleText(definition),
    tz: timeZoneOf(definition),
    state: jobState(job),
    next: dueMs === null ? null : iso(dueMs),
    last: last && {
      scheduledAt: iso(last.scheduledAtMs),
      outcome: last.outcome,
      durationMs: last.durationMs,
    },
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
