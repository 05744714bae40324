// What the supervisor needs of the process it lives in.
import type { DaemonStatus } from "../../control/messages.ts";
import type { ChildExit } from "../../libc/process.ts";
import type { Level } from "../../logs/line.ts";
import type { LogState } from "../../logs/trouble.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import type { Inherited } from "../service-manager/activation.ts";
import type { SupervisorState } from "./state.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface SupervisorPort {
  readonly startedAtMs: number;
  /** How often this process has become another executable. */
  readonly upgrades: number;
  /** Sockets that a service manager has opened for the workers. */
  readonly listening: readonly Inherited[];
  /** From 0 (inclusive) to 1 (exclusive). */
  chance(): number;
  log(level: Level, message: string): void;
  /** What came out of descriptor 1 or 2, whatever --log-level says. */
  rawLine(level: Level, line: string): void;
  /** Without secrets. */
  redacted(status: DaemonStatus): DaemonStatus;
  logState(): LogState;
  /** @throws if one can't be opened */
  reopenLogs(): void;
  /** A worker has rotated a log, or asks for it. */
  lookAtLog(workers: Iterable<Pick<WorkerProcess, "tell">>): void;
  /** Another file is the log now: those that can't see the path are to have it open. */
  handLogIn(workers: Iterable<Pick<WorkerProcess, "tell">>): void;
  /** @returns false if the launcher is gone, so that nobody would know of this daemon */
  ready(jobs: number): boolean;
  /** The first worker did not become ready: why, as it told, what went wrong with it, or else how it ended. */
  failed(
    failure: ModuleFailure | null,
    broken: string | null,
    exit: Pick<ChildExit, "exitCode" | "signal">,
  ): void;
  phaseChanged(state: SupervisorState, jobs: number): void;
  /** A child that is no worker has been reaped: an orphan, or one that this process started for itself. */
  otherEnded(exit: ChildExit): void;
  /** Whether the kernel has killed a process for want of memory since the last call. */
  outOfMemory(): boolean;
  /** A failure to load, for a person. @param text how the worker ended */
  describe(failure: ModuleFailure | null, text: string): { failure: string; hint: string | null };
  /** What must not outlive the daemon. A failed one leaves its pidfile, and why it failed. */
  removeFiles(state: SupervisorState): void;
  /** Ends the process when every answer has left. */
  end(code: number): void;
}
