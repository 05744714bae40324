// What a supervisor says of its daemon.
import type { DaemonStatus, JobStatus } from "../../control/messages.ts";
import { joined } from "../../logs/health.ts";
import { allWell } from "../../logs/trouble.ts";
import { commit, version } from "../../version.ts";
import type { Spec } from "../spec.ts";
import type { SupervisorPort } from "./port.ts";
import type { SupervisorState } from "./state.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** @param jobs null: there is a worker, and it did not answer */
export function statusOf(
  { phase, restarts, lastExit, reason }: SupervisorState,
  { name, modules, command, paths, log, foreground, stopTimeoutMs }: Spec,
  { startedAtMs, upgrades, logState }: Pick<SupervisorPort, "startedAtMs" | "upgrades" | "logState">,
  worker: WorkerProcess | undefined,
  jobs: readonly JobStatus[] | null,
): DaemonStatus {
  const workerPid = worker?.pid ?? null;
  return {
    name,
    state: phase,
    pid: process.pid,
    workerPid,
    startedAt: new Date(startedAtMs).toISOString(),
    restarts,
    lastExit,
    foreground,
    stopTimeoutMs,
    modules,
    command: command?.argv ?? null,
    paths,
    log: { target: log.target.type, format: log.form, ...joined([logState(), worker?.logState ?? allWell]) },
    jobs: jobs ?? [],
    reason,
    version,
    commit,
    upgrades,
    responsive: jobs !== null || workerPid === null,
  };
}
