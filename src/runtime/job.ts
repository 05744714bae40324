// What a job is once its declaration has been checked: when it comes, what a run of it does, and its policies.
import type { Hooks, JobHandler } from "djob";
import type { CatchUp } from "../schedule/catch-up.ts";
import type { Overlap } from "../schedule/overlap.ts";
import type { Plan } from "../schedule/plan.ts";
import type { RetryPolicy } from "../schedule/retry.ts";
import type { CommandUser } from "./command/account.ts";

export interface JobDefinition {
  readonly name: string;
  readonly plan: Plan;
  readonly work: Work;
  readonly policies: Policies;
}

export type Work =
  | { readonly type: "inline"; readonly handler: JobHandler }
  | (Limits & CommandWork)
  | (Limits & IsolatedWork);

/** A handler that runs in a thread or process of its own, where its module is loaded once more. */
export interface IsolatedWork {
  readonly type: "isolated";
  readonly how: "thread" | "process";
  /** The path of the module that declared it. */
  readonly module: string;
  /** How many threads or processes wait for its next run. */
  readonly warm: number;
  /** The worker's own copy, which is not what runs. */
  readonly handler: JobHandler;
}

export interface Limits {
  readonly maxMemoryBytes: number | null;
  readonly maxCpuMs: number | null;
}

export interface CommandWork {
  readonly type: "command";
  /** Program and arguments; a line for a shell is ["/bin/sh", "-c", line]. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  readonly stdin: string | null;
  /** null: whoever the daemon is. */
  readonly user: CommandUser | null;
}

export interface Policies {
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly timeoutMs: number | null;
  readonly graceMs: number;
  readonly retry: RetryPolicy | null;
  readonly concurrency: { readonly group: string; readonly maximum: number } | null;
  readonly hooks: Hooks;
  readonly ping: PingPolicy | null;
  readonly expectEveryMs: number | null;
}

export interface PingPolicy {
  readonly url: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly start: boolean;
}
