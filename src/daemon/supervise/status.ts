// What a supervisor says of its daemon.
import type { DaemonStatus, JobStatus } from "../../control/messages.ts";
import { commit, version } from "../../version.ts";
import type { Spec } from "../spec.ts";
import type { SupervisorPort } from "./port.ts";
import type { SupervisorState } from "./state.ts";

/** @param jobs null: there is a worker, and it did not answer */
export function statusOf(
  { phase, restarts, lastExit, reason }: SupervisorState,
  { name, modules, command, paths, foreground, stopTimeoutMs }: Spec,
  { startedAtMs, upgrades }: Pick<SupervisorPort, "startedAtMs" | "upgrades">,
  workerPid: number | null,
  jobs: readonly JobStatus[] | null,
): DaemonStatus {
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
    jobs: jobs ?? [],
    reason,
    version,
    commit,
    upgrades,
    responsive: jobs !== null || workerPid === null,
  };
}
