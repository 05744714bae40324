// One run of a job, from the moment that its time was accepted to its record.

import { type Reason, type RunRecord, runId, type Trigger } from "../../store/records.ts";
import type { RunIdentity } from "../journal.ts";
import type { JobEntry } from "./job-entry.ts";

/** queued: behind runs of the same job; waiting: for a place in its concurrency group; retrying: for its next attempt. */
export type Phase = "queued" | "waiting" | "running" | "retrying";

export const nothing = () => {};

export interface Triggered {
  /** null: the job's other runs do not allow another, which has been recorded. */
  readonly run: Run | null;
  readonly scheduledAtMs: number;
}

export class Run implements RunIdentity {
  readonly entry: JobEntry;
  readonly scheduledAtMs: number;
  /** What started the first attempt. */
  readonly origin: Trigger;
  readonly input: unknown;
  phase: Phase = "queued";
  attempt = 1;
  /** Of the latest attempt; null: it has not begun. */
  startedAtMs: number | null = null;
  /** The same, monotonic. */
  sinceMs = 0;
  /** Why it is to end before it does by itself. */
  asked: { readonly reason: Reason; readonly text: string } | null = null;
  /** How the attempt is asked to end, while it is going on. */
  stop: (text: string) => void = nothing;
  isTimedOut = false;
  /** By the wall clock; null: it does not wait for its next attempt. */
  retryAtMs: number | null = null;
  #record: RunRecord | null = null;
  #listeners: Array<(record: RunRecord) => void> | null = null;

  constructor(entry: JobEntry, scheduledAtMs: number, origin: Trigger, input?: unknown) {
    this.entry = entry;
    this.scheduledAtMs = scheduledAtMs;
    this.origin = origin;
    this.input = input;
  }

  /** Settles with its record. */
  get over(): Promise<RunRecord> {
    const record = this.#record;
    if (record !== null) return Promise.resolve(record);
    return new Promise((resolve) => {
      this.#listeners ??= [];
      this.#listeners.push(resolve);
    });
  }

  /** It is over. */
  end(record: RunRecord): void {
    this.#record = record;
    for (const listener of this.#listeners ?? []) listener(record);
  }

  get job(): string {
    return this.entry.definition.name;
  }

  get id(): string {
    return runId(this.job, this.scheduledAtMs);
  }

  get trigger(): Trigger {
    return this.attempt > 1 ? "retry" : this.origin;
  }
}
