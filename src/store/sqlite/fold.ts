// What is left of the oldest writes when there are too many that can't be made: what their jobs must know of them, and which rows of
// the database they would have taken away. The records themselves are lost. Pure.
import type { Ended } from "../store.ts";
import type { OpenDecision } from "./open-decisions.ts";
import { plainEnding } from "./rows.ts";
import type { FoldedJob, RetryKey, Write } from "./write.ts";
import { accountedBy, knownBy } from "./writes.ts";

export interface Folded {
  /** In the order in which they are to be made. */
  readonly writes: readonly Write[];
  readonly lost: readonly Ended[];
  /** Decisions whose jobs all have had their records. */
  readonly closed: readonly OpenDecision[];
}

/** How many records a write makes; of those that a dead process has left nobody knows. */
export function recordsIn(write: Write): number {
  if (write.type === "ended") return 1;
  return write.type === "records" && write.of.interruptedMs === null ? write.to - write.from : 0;
}

/** The records that a write makes. */
export function endedBy(write: Write): Ended[] {
  if (write.type === "ended") return [write.ended];
  if (write.type !== "records" || write.of.interruptedMs !== null) return [];
  const { scheduledAtMs, decidedAtMs, attempt, trigger, skipped, jobs } = write.of.decision;
  if (skipped === null) return [];
  const rest = { startedAtMs: null, endedAtMs: decidedAtMs, attempt, trigger, reason: skipped } as const;
  return jobs
    .slice(write.from, write.to)
    .map((key) => plainEnding(key, scheduledAtMs, { ...rest, outcome: "skipped" }));
}

/** Folds as many of the first writes as it takes to lose so many records. */
export function fold(writes: readonly Write[], records: number): Folded {
  const folding = new Folding();
  let at = 0;
  for (let left = records; left > 0 && at < writes.length; at += 1) {
    const write = writes[at];
    if (write === undefined) break;
    folding.take(write);
    left -= recordsIn(write);
  }
  return {
    writes: [...folding.writes(), ...writes.slice(at)],
    lost: folding.lost,
    closed: folding.closed,
  };
}

class Folding {
  readonly lost: Ended[] = [];
  readonly closed: OpenDecision[] = [];
  /** What makes jobs known, and what is asked of them. */
  readonly #kept: Write[] = [];
  #jobs = new Map<number, FoldedJob>();
  /** Not in the database, and still open. */
  readonly #decisions = new Map<OpenDecision, Write>();
  readonly #retries = new Map<string, Write>();
  /** In the database, and not needed there any more. */
  #overDecisions: OpenDecision[] = [];
  #overRetries = new Map<string, RetryKey>();

  writes(): Write[] {
    this.#keepFolded();
    return [...this.#kept, ...this.#retries.values(), ...this.#decisions.values()];
  }

  #keepFolded(): void {
    this.#kept.push({
      type: "folded",
      jobs: this.#jobs,
      decisions: this.#overDecisions,
      retries: [...this.#overRetries.values()],
    });
    this.#jobs = new Map();
    this.#overDecisions = [];
    this.#overRetries = new Map();
  }

  take(write: Write): void {
    switch (write.type) {
      case "decision": {
        const { trigger, jobs, scheduledAtMs } = write.open.decision;
        this.#decisions.set(write.open, write);
        if (trigger === "retry") for (const key of jobs) this.#endRetry({ key, scheduledAtMs });
        break;
      }
      case "retry":
        this.#retries.set(idOf(write.retry), { ...write, closes: null });
        if (write.retry.origin !== "manual")
          this.#join(write.retry.key, {
            ...nothing,
            accountedMs: write.retry.scheduledAtMs,
            knownMs: write.retry.scheduledAtMs,
          });
        this.#close(write.closes);
        break;
      case "ended":
        this.#lose(write.ended);
        if (write.endsRetry) this.#endRetry(write.ended);
        this.#close(write.closes);
        break;
      case "records":
        if (write.of.interruptedMs !== null) {
          this.#kept.push(write);
          break;
        }
        for (const ended of endedBy(write)) this.#lose(ended);
        if (write.to < write.of.decision.jobs.length) break;
        this.#close(write.of);
        this.closed.push(write.of);
        break;
      case "folded":
        for (const [key, job] of write.jobs) this.#join(key, job);
        this.#overDecisions.push(...write.decisions);
        for (const retry of write.retries) this.#overRetries.set(idOf(retry), retry);
        break;
      case "set back":
        // What was lost before it may be to come again, and what was lost after it is not.
        this.#keepFolded();
        this.#kept.push(write);
        break;
      default:
        this.#kept.push(write);
    }
  }

  #lose(ended: Ended): void {
    const { key, outcome, endedAtMs, state } = ended;
    const hasSucceeded = outcome === "succeeded";
    this.lost.push(ended);
    this.#join(key, {
      accountedMs: accountedBy(ended),
      knownMs: knownBy(ended),
      last: outcome === "skipped" ? null : ended,
      lastSuccessMs: hasSucceeded ? endedAtMs : null,
      state: hasSucceeded ? (state ?? null) : null,
    });
  }

  #join(key: number, job: FoldedJob): void {
    const before = this.#jobs.get(key);
    this.#jobs.set(key, {
      accountedMs: Math.max(job.accountedMs, before?.accountedMs ?? 0),
      knownMs: Math.max(job.knownMs, before?.knownMs ?? 0),
      last: job.last ?? before?.last ?? null,
      lastSuccessMs: job.lastSuccessMs ?? before?.lastSuccessMs ?? null,
      state: job.state ?? before?.state ?? null,
    });
  }

  #close(decision: OpenDecision | null): void {
    if (decision === null || this.#decisions.delete(decision)) return;
    if (decision.row !== null) this.#overDecisions.push(decision);
  }

  #endRetry(retry: RetryKey): void {
    const id = idOf(retry);
    if (!this.#retries.delete(id))
      this.#overRetries.set(id, { key: retry.key, scheduledAtMs: retry.scheduledAtMs });
  }
}

const nothing: FoldedJob = { accountedMs: 0, knownMs: 0, last: null, lastSuccessMs: null, state: null };

function idOf({ key, scheduledAtMs }: RetryKey): string {
  return `${key}@${scheduledAtMs}`;
}
