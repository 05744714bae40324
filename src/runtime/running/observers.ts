// Who is told how runs begin and end: the modules' hooks, and dead-man's switches. None of them delays a run, and what they
// throw harms nothing.
import type { Hooks, RunEvent } from "djob";
import { type Reason, type RunRecord, runId } from "../../store/records.ts";
import type { Clock } from "../clock.ts";
import { errorText, type Journal } from "../journal.ts";
import type { JobEntry, LastRun } from "./job-entry.ts";
import { inTime, type Ping } from "./ping.ts";
import type { Run } from "./run.ts";

const keptLines = 20;
/** Of a line, in characters. */
const keptLength = 4_096;

export class Observers {
  readonly #clock: Pick<Clock, "after">;
  readonly #journal: Journal;
  /** Those of the daemon; a job's own are in its policies. */
  readonly #hooks: () => readonly Hooks[];
  readonly #ping: Ping;
  readonly #flush: () => void;
  /** Hooks that go on, by their job. */
  readonly #going = new Map<Promise<unknown>, string>();
  readonly #lines = new Map<Run, { readonly lines: string[]; readonly stop: () => void }>();

  constructor(
    clock: Pick<Clock, "after">,
    journal: Journal,
    hooks: () => readonly Hooks[],
    ping: Ping,
    flush: () => void,
  ) {
    this.#clock = clock;
    this.#journal = journal;
    this.#hooks = hooks;
    this.#ping = ping;
    this.#flush = flush;
  }

  /** An attempt begins. */
  began(run: Run): void {
    const { policies } = run.entry.definition;
    if (run.attempt === 1 && policies.ping?.start) this.#ping.send(run.job, policies.ping, "/start", "");
    if (this.#lines.has(run) || !this.#isWatched(run.entry)) return;
    const lines: string[] = [];
    const stop = this.#journal.follow(run, (line) => {
      lines.push(line.length <= keptLength ? line : `${line.slice(0, keptLength)}…`);
      if (lines.length > keptLines) lines.shift();
    });
    this.#lines.set(run, { lines, stop });
  }

  /** @param before how the run before had ended */
  ended(run: Run, record: RunRecord, before: LastRun | null): void {
    const kept = this.#lines.get(run);
    kept?.stop();
    this.#lines.delete(run);
    if (!this.#isWatched(run.entry)) return;
    this.#flush();
    const event = eventOf(record, kept?.lines ?? []);
    const hasFailed = isFailure(record.outcome);
    if (hasFailed) this.#call(run.entry, "onFailure", event);
    if (record.outcome === "succeeded") {
      this.#call(run.entry, "onSuccess", event);
      if (before !== null && isFailure(before.outcome)) this.#call(run.entry, "onRecovered", event);
    }
    const { ping } = run.entry.definition.policies;
    if (ping === null || !(hasFailed || record.outcome === "succeeded")) return;
    this.#ping.send(run.job, ping, hasFailed ? "/fail" : "", event.lastLines.join("\n"));
  }

  skipped(entry: JobEntry, scheduledAtMs: number, reason: Reason, nowMs: number): void {
    if (!this.#isWatched(entry)) return;
    this.#flush();
    const nothing = { startedAtMs: null, error: null, exitCode: null, signal: null, result: null };
    const once = { scheduledAtMs, throughMs: scheduledAtMs, times: 1, endedAtMs: nowMs };
    const job = entry.definition.name;
    const record: RunRecord = {
      ...nothing,
      ...once,
      job,
      attempt: 0,
      trigger: "schedule",
      outcome: "skipped",
      reason,
    };
    this.#call(entry, "onSkip", eventOf(record, []));
  }

  /** @returns when hooks and pings have ended, or that time is over: then the log says what is left */
  async settle(withinMs: number): Promise<void> {
    // Those of the runs that have just ended are called in the turn after.
    await Promise.resolve();
    await Promise.all([this.#ping.settle(withinMs), this.#settleHooks(withinMs)]);
  }

  async #settleHooks(withinMs: number): Promise<void> {
    if (this.#going.size === 0) return;
    await inTime(this.#clock, withinMs, Promise.all(this.#going.keys()));
    for (const job of new Set(this.#going.values()))
      this.#journal.write("warn", "its hook had not come to its end when the worker ended", job);
  }

  #isWatched({ definition: { policies } }: JobEntry): boolean {
    return policies.ping !== null || Object.keys(policies.hooks).length > 0 || this.#hooks().length > 0;
  }

  #call({ definition }: JobEntry, name: keyof Hooks, event: RunEvent): void {
    const { name: job, policies } = definition;
    for (const hooks of [policies.hooks, ...this.#hooks()]) {
      const hook = hooks[name];
      if (hook === undefined) continue;
      const tell = (error: unknown) =>
        this.#journal.write("error", `the hook ${name} failed: ${errorText(error)}`, job);
      // In a turn of its own: the run that has ended must not wait for it.
      queueMicrotask(() => {
        const going = (async () => hook(event))().catch(tell);
        this.#going.set(going, job);
        void going.then(() => this.#going.delete(going));
      });
    }
  }
}

function isFailure(outcome: RunRecord["outcome"]): boolean {
  return outcome === "failed" || outcome === "timed-out";
}

function eventOf(record: RunRecord, lastLines: readonly string[]): RunEvent {
  const { job, scheduledAtMs, startedAtMs, endedAtMs, attempt, trigger, outcome, reason, error } = record;
  return {
    job,
    id: runId(job, scheduledAtMs),
    scheduledAt: new Date(scheduledAtMs),
    startedAt: startedAtMs === null ? null : new Date(startedAtMs),
    endedAt: new Date(endedAtMs),
    attempt,
    trigger,
    outcome,
    reason,
    error,
    lastLines,
  };
}
