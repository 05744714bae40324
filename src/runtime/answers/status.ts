// What the daemon says of itself. Pure.
import type {
  DaemonPaths,
  DaemonState,
  DaemonStatus,
  JobStatus,
  LogReport,
  WorkerReport,
} from "../../control/messages.ts";
import type { LogState } from "../../logs/trouble.ts";
import { planText, planTimeZone } from "../../schedule/plan.ts";
import { commit, version } from "../../version.ts";
import { type JobEntry, jobState } from "../running/job-entry.ts";

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
  readonly log: Pick<LogReport, "target" | "format">;
}

export function statusOf(
  state: DaemonState,
  { name, pid, workerPid, startedAtMs, foreground, stopTimeoutMs, modules, paths, log }: Identity,
  logState: LogState,
  { jobs, history }: WorkerReport,
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
    log: { ...log, ...logState },
    history: { ...history, path: paths.history },
    jobs,
    command: null,
    reason: null,
    version,
    commit,
    upgrades: 0,
    responsive: true,
  };
}

export function jobStatus(job: JobEntry, nowMs: number): JobStatus {
  const { definition, dueMs, last, lastSuccessMs, sinceMs } = job;
  const { expectEveryMs } = definition.policies;
  return {
    name: definition.name,
    schedule: planText(definition.plan),
    tz: planTimeZone(definition.plan),
    state: jobState(job),
    overdue: expectEveryMs !== null && sinceMs > 0 && nowMs - (lastSuccessMs ?? sinceMs) > expectEveryMs,
    next: dueMs === null ? null : iso(dueMs),
    delayMs: job.delayMs,
    lastSuccess: lastSuccessMs === null ? null : iso(lastSuccessMs),
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
