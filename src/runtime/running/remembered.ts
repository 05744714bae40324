// Between what a scheduler holds and what a store keeps of it. Pure.
import { planIdentity } from "../../schedule/plan.ts";
import { ownTimeZone } from "../../schedule/zone-period.ts";
import type { Retry } from "../../store/store.ts";
import type { JobEntry } from "./job-entry.ts";
import { Run } from "./run.ts";

/** A job as the store is to know it: with another schedule, its times are accounted for from now on. */
export function declared({ definition: { name, plan } }: JobEntry): { name: string; schedule: string } {
  return { name, schedule: planIdentity(plan, ownTimeZone()) };
}

/** The runs that somebody before has left to be tried again. Those of jobs that there are no more are left out. */
export function retriesOf(
  jobs: readonly JobEntry[],
  retries: readonly Retry[],
): Array<{ run: Run; dueMs: number }> {
  if (retries.length === 0) return [];
  const byKey = new Map(jobs.map((entry) => [entry.key, entry]));
  return retries.flatMap(({ key, scheduledAtMs, origin, attempt, dueMs, input }) => {
    const entry = byKey.get(key);
    if (entry === undefined) return [];
    const run = new Run(entry, scheduledAtMs, origin, input === null ? undefined : JSON.parse(input));
    run.attempt = attempt;
    return [{ run, dueMs }];
  });
}
