// What a supervisor says of its daemon.
import type { DaemonStatus, WorkerReport } from "../../control/messages.ts";
import { joined } from "../../logs/health.ts";
import { allWell } from "../../logs/trouble.ts";
import { commit, version } from "../../version.ts";
import { historyOutside } from "../history/stored-history.ts";
import type { Spec } from "../spec.ts";
import type { SupervisorPort } from "./port.ts";
import type { SupervisorState } from "./state.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** @param report null: there is a worker, and it did not answer */
export function statusOf(
  { phase, restarts, lastExit, reason }: SupervisorState,
  spec: Spec,
  { startedAtMs, upgrades, logState }: Pick<SupervisorPort, "startedAtMs" | "upgrades" | "logState">,
  worker: WorkerProcess | undefined,
  report: WorkerReport | null,
): DaemonStatus {
  const { name, modules, command, paths, log, foreground, stopTimeoutMs } = spec;
  const workerPid = worker?.pid ?? null;
  const history = historyOutside(spec);
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
    log: { target: log.target.type, format: log.form, ...joined([logState(), worker?.logState ?? allWell]) },
    paths: { ...paths, history },
    history: { state: null, reason: null, ...report?.history, path: history },
    jobs: report?.jobs ?? [],
    reason,
    version,
    commit,
    upgrades,
    responsive: report !== null || workerPid === null,
  };
}
