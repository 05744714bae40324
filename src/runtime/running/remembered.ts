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

/** A run that somebody before has left to be tried again. */
export function runOf(entry: JobEntry, { scheduledAtMs, origin, attempt, input }: Retry): Run {
  const run = new Run(entry, scheduledAtMs, origin, input === null ? undefined : JSON.parse(input));
  run.attempt = attempt;
  return run;
}
