// What this process has decided and not recorded yet. Sets are made when they are first asked for: a decision about a hundred
// thousand jobs costs nothing here before its runs begin to end.
import type { Decision, Retry } from "../store.ts";

export interface OpenDecision {
  readonly decision: Decision;
  /** Its row's number; null: it could not be written. */
  row: number | null;
  /** So many of its jobs, the first ones, have their records: as a rule they come in the order of the jobs. */
  closed: number;
  /** The jobs after those that have no record yet; null: all of them. */
  open: Set<number> | null;
  /** How many of its jobs' records are yet to be asked for. */
  count: number;
  /** When a process that begins made them interrupted; null: it is this process's own. */
  readonly interruptedMs: number | null;
}

export class OpenDecisions {
  readonly #byTime = new Map<number, OpenDecision[]>();
  readonly #retries = new Map<string, Retry>();

  /** Every decision that is not closed. */
  all(): OpenDecision[] {
    return [...this.#byTime.values()].flat();
  }

  retries(): IterableIterator<Retry> {
    return this.#retries.values();
  }

  add(decision: Decision, interruptedMs: number | null = null): OpenDecision {
    const added: OpenDecision = {
      decision,
      row: null,
      closed: 0,
      open: null,
      count: decision.jobs.length,
      interruptedMs,
    };
    const others = this.#byTime.get(decision.scheduledAtMs);
    if (others === undefined) this.#byTime.set(decision.scheduledAtMs, [added]);
    else others.push(added);
    return added;
  }

  has(key: number, scheduledAtMs: number): boolean {
    return this.#find(key, scheduledAtMs) !== undefined || this.#retries.has(retryKey(key, scheduledAtMs));
  }

  /** The times of a job that are decided and have no record yet, or wait for their next attempt. */
  timesOf(key: number): number[] {
    const decided = [...this.#byTime].filter(([, decisions]) =>
      decisions.some((each) => setOf(each).has(key)),
    );
    const retried = [...this.#retries.values()].filter((retry) => retry.key === key);
    return [...decided.map(([timeMs]) => timeMs), ...retried.map(({ scheduledAtMs }) => scheduledAtMs)];
  }

  /** @returns the decision, if this was the last of its jobs: its row is not needed any more */
  close(key: number, scheduledAtMs: number): OpenDecision | null {
    const found = this.#next(key, scheduledAtMs) ?? this.#find(key, scheduledAtMs);
    if (found === undefined) return null;
    if (found.open === null && found.decision.jobs[found.closed] === key) found.closed += 1;
    else setOf(found).delete(key);
    found.count -= 1;
    if (found.count > 0) return null;
    this.forget(found);
    return found;
  }

  forget(decision: OpenDecision): void {
    const { scheduledAtMs } = decision.decision;
    const rest = (this.#byTime.get(scheduledAtMs) ?? []).filter((other) => other !== decision);
    if (rest.length === 0) this.#byTime.delete(scheduledAtMs);
    else this.#byTime.set(scheduledAtMs, rest);
  }

  addRetry(retry: Retry): void {
    this.#retries.set(retryKey(retry.key, retry.scheduledAtMs), retry);
  }

  /** @returns whether there was one */
  takeRetry(key: number, scheduledAtMs: number): Retry | null {
    if (this.#retries.size === 0) return null;
    const id = retryKey(key, scheduledAtMs);
    const retry = this.#retries.get(id) ?? null;
    this.#retries.delete(id);
    return retry;
  }

  /** The clock was set back: what was skipped after that comes again. */
  setBack(toMs: number): void {
    for (const open of this.all()) {
      const { scheduledAtMs, skipped, trigger } = open.decision;
      const isOfSchedule = trigger === "schedule" || trigger === "catch-up";
      if (skipped !== null && isOfSchedule && scheduledAtMs > toMs) this.forget(open);
    }
  }

  forgetRetries(): void {
    this.#retries.clear();
  }

  /** The decision whose next job it is. */
  #next(key: number, scheduledAtMs: number): OpenDecision | undefined {
    return this.#byTime
      .get(scheduledAtMs)
      ?.find(({ decision, open, closed }) => open === null && decision.jobs[closed] === key);
  }

  #find(key: number, scheduledAtMs: number): OpenDecision | undefined {
    return this.#byTime.get(scheduledAtMs)?.find((candidate) => setOf(candidate).has(key));
  }
}

/** The jobs of a decision that have no record yet. */
export function openJobs({ decision, open, closed }: OpenDecision): Iterable<number> {
  return open ?? decision.jobs.slice(closed);
}

function setOf(decision: OpenDecision): Set<number> {
  decision.open ??= new Set(openJobs(decision));
  return decision.open;
}

function retryKey(key: number, scheduledAtMs: number): string {
  return `${key}@${scheduledAtMs}`;
}
