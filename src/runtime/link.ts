// What a supervisor and its worker say to each other, as JSON, a message a line, over a pair of sockets.
import type { JobStatus, StopReport } from "../control/messages.ts";
import type { ModuleFailure } from "./failure.ts";

export type FromWorker =
  | { readonly type: "ready"; readonly jobs: number }
  | { readonly type: "failed"; readonly failure: ModuleFailure }
  /** It is about to end: after what. */
  | { readonly type: "crashed"; readonly what: string }
  | { readonly type: "status"; readonly id: number; readonly jobs: readonly JobStatus[] }
  | { readonly type: "pong"; readonly id: number }
  /** All times up to `atMs` (wall clock) are this worker's and none after it; `running` are its jobs that still run. */
  | { readonly type: "yielded"; readonly atMs: number; readonly running: readonly string[] }
  | { readonly type: "runEnded"; readonly job: string }
  /** Its runs on old code have ended, and so does it: the pids of the children that it leaves. */
  | { readonly type: "retired"; readonly children: readonly number[] }
  | { readonly type: "stopped"; readonly report: StopReport };

export type ToWorker =
  /** Answered with the same id, as soon as the event loop turns. */
  | { readonly type: "status"; readonly id: number }
  /** The watchdog's: answered likewise. */
  | { readonly type: "ping"; readonly id: number }
  /** Ends in good order. `signal` is what a plain script's own listeners hear. */
  | {
      readonly type: "stop";
      readonly reason: string;
      readonly timeoutMs: number;
      readonly signal: NodeJS.Signals;
    }
  /** Another worker is ready: schedule nothing more, and end when the runs have. */
  | { readonly type: "yield" }
  /** Schedule: times after `fromMs`, or from now on. Jobs in `running` are still run by the worker before. */
  | { readonly type: "takeOver"; readonly fromMs: number | null; readonly running: readonly string[] }
  /** No worker before runs this job any more. */
  | { readonly type: "released"; readonly job: string };

/** The worker's end of it. */
export interface SupervisorLink {
  send(message: FromWorker): void;
  /** Called once. The link does not keep the event loop alive. */
  listen(receive: (message: ToWorker) => void): void;
}
