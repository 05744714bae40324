// What a supervisor and its worker say to each other, as JSON, a message a line, over a pair of sockets.
import type { CallName, Calls } from "../control/calls.ts";
import type { RunReport } from "../control/jobs.ts";
import type { StopReport } from "../control/messages.ts";
import type { LogState } from "../logs/trouble.ts";
import type { ModuleFailure } from "./failure.ts";

export type FromWorker =
  | { readonly type: "ready"; readonly jobs: number }
  | { readonly type: "failed"; readonly failure: ModuleFailure }
  /** It is about to end: after what. */
  | { readonly type: "crashed"; readonly what: string }
  | FromAsked
  | { readonly type: "pong"; readonly id: number }
  /** All times up to `atMs` (wall clock) are this worker's and none after it; `running` are its jobs that still run. */
  | { readonly type: "yielded"; readonly atMs: number; readonly running: readonly string[] }
  | { readonly type: "runEnded"; readonly job: string }
  /** Its runs on old code have ended, and so does it: the pids of the children that it leaves. */
  | { readonly type: "retired"; readonly children: readonly number[] }
  | { readonly type: "stopped"; readonly report: StopReport }
  /** A log was rotated, or is to be by who may. */
  | { readonly type: "logChanged" }
  | { readonly type: "logState"; readonly state: LogState };

/** What comes of a request, in this order: "begun" and lines, the answer's JSON in parts, and one end. */
export type FromAsked =
  | { readonly type: "begun"; readonly id: number; readonly run: RunReport }
  | { readonly type: "line"; readonly id: number; readonly line: string }
  /** `index` counts from 0; `text` is a piece of the answer's JSON text. */
  | { readonly type: "part"; readonly id: number; readonly index: number; readonly text: string }
  | { readonly type: "answer"; readonly id: number; readonly parts: number }
  | {
      readonly type: "refused";
      readonly id: number;
      /** HTTP status. */
      readonly status: number;
      readonly message: string;
      readonly hint: string | null;
    };

export type WorkerRequest = {
  readonly [Name in CallName]: {
    readonly type: "request";
    readonly id: number;
    readonly call: Name;
    readonly args: Calls[Name]["args"];
  };
}[CallName];

/** A part's characters: a message that is longer would hold up those behind it. */
export const longestPart = 65_536;
/** An answer's characters in all. */
export const longestAnswer = 32 << 20;

export type ToWorker =
  /** Answered with the same id: at once, but for a trigger that waits for its run. */
  | WorkerRequest
  /** Nobody waits for that answer any more. */
  | { readonly type: "leave"; readonly id: number }
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
  /** Schedule: times after `fromMs`, or from now on. Jobs in `running` are still run by the worker before; `workers`
   * are the pids of those that still end their runs. */
  | {
      readonly type: "takeOver";
      readonly fromMs: number | null;
      readonly running: readonly string[];
      readonly workers: readonly number[];
    }
  /** Another process has rotated a log. */
  | { readonly type: "lookAtLog" }
  /** No worker before runs this job any more. */
  | { readonly type: "released"; readonly job: string; readonly workers: readonly number[] };

/** The worker's end of it. */
export interface SupervisorLink {
  send(message: FromWorker): void;
  /** Called once. The link does not keep the event loop alive. */
  listen(receive: (message: ToWorker) => void): void;
}
