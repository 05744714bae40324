// What can be asked of a worker from another process: the same questions as JobsControl's, as messages. Only the worker knows
// its jobs, but where there is a supervisor, that is who answers on the socket.
import type { RunReport, RunsQuery, WhyReport } from "./jobs.ts";
import type { JobStatus, RunCount, WorkerReport } from "./messages.ts";
import { fits, reference, type Schema } from "./schema.ts";
import { listOf, schemas } from "./schemas.ts";

export interface Calls {
  /** Answered also while modules are being loaded. */
  report: { args: null; answer: WorkerReport };
  jobs: { args: null; answer: readonly JobStatus[] };
  counts: { args: null; answer: readonly RunCount[] };
  runs: { args: RunsQuery; answer: readonly RunReport[] };
  run: { args: { readonly id: string }; answer: RunReport };
  trigger: { args: TriggerArguments; answer: RunReport };
  cancel: { args: { readonly id: string }; answer: RunReport };
  /** null: all of them. */
  pause: { args: { readonly job: string | null }; answer: readonly JobStatus[] };
  resume: { args: { readonly job: string | null }; answer: readonly JobStatus[] };
  why: { args: { readonly job: string }; answer: WhyReport };
}

export type CallName = keyof Calls;

export interface TriggerArguments {
  readonly job: string;
  /** A JSON value; null: none. */
  readonly input: unknown;
  /** "begun": answered at once. "ended": when its record is written. */
  readonly until: "begun" | "ended";
  /** Whether its lines are told meanwhile. */
  readonly follow: boolean;
}

/** What is told before the answer of a trigger: "begun" before anything of the run's own. */
export interface Meanwhile {
  begun(run: RunReport): void;
  line(line: string): void;
}

export interface AskOptions {
  /** Aborted when nobody waits for the answer any more: what was begun goes on. */
  readonly signal?: AbortSignal;
  readonly meanwhile?: Meanwhile;
}

/** A worker's jobs, wherever the worker is. */
export interface RemoteJobs {
  /** Rejects with a ControlError. */
  ask<Name extends CallName>(
    call: Name,
    args: Calls[Name]["args"],
    options?: AskOptions,
  ): Promise<Calls[Name]["answer"]>;
}

const run = reference("RunReport");

const answers: Readonly<Record<CallName, Schema>> = {
  report: reference("WorkerReport"),
  jobs: listOf("JobStatus"),
  counts: listOf("RunCount"),
  runs: listOf("RunReport"),
  run,
  trigger: run,
  cancel: run,
  pause: listOf("JobStatus"),
  resume: listOf("JobStatus"),
  why: reference("WhyReport"),
};

/** Whether a value is an answer to this call: a worker that has given up root is not to be believed by a supervisor that has not. */
export function isAnswer<Name extends CallName>(call: Name, value: unknown): value is Calls[Name]["answer"] {
  return fits(answers[call], value, schemas);
}

export function isRunReport(value: unknown): value is RunReport {
  return fits(run, value, schemas);
}
