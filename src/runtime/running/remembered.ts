// Between what a scheduler holds and what a store keeps of it. Pure.
import { nextPlanned, type Plan, planIdentity } from "../../schedule/plan.ts";
import { ownTimeZone } from "../../schedule/zone-period.ts";
import type { Retry, Store } from "../../store/store.ts";
import { parsedJson } from "../parsed-json.ts";
import { type JobEntry, rememberOutcome } from "./job-entry.ts";
import { Run } from "./run.ts";

/** Jobs as the store is to know them: with another schedule, a job's times are accounted for from now on. */
export function declared(entries: readonly JobEntry[]): Array<{ name: string; schedule: string }> {
  const zone = ownTimeZone();
  // Many jobs have the same plan, often one after the other.
  let known: { readonly plan: Plan; readonly schedule: string } | null = null;
  return entries.map(({ definition: { name, plan } }) => {
    if (known?.plan !== plan) known = { plan, schedule: planIdentity(plan, zone) };
    return { name, schedule: known.schedule };
  });
}

/** Another worker has run the job meanwhile: what its runs have left. */
export function refresh(store: Pick<Store, "enter">, entry: JobEntry, nowMs: number): void {
  const [memory] = store.enter(declared([entry]), nowMs);
  if (memory !== undefined) rememberOutcome(entry, memory);
}

/** Whether a time that has come has its record: only where the clock was set back. */
export function isRecorded(store: Pick<Store, "firstRecorded">, entry: JobEntry, timeMs: number): boolean {
  if (timeMs > entry.knownMs || timeMs < entry.knownFromMs) return false;
  const firstMs = store.firstRecorded(entry.key, timeMs);
  if (firstMs === timeMs) return true;
  // Those in between need not be looked for one by one.
  entry.knownFromMs = firstMs ?? Number.POSITIVE_INFINITY;
  return false;
}

/** A time for a run that no schedule has asked for: none that the job has already, nor one that it will have. */
export function freeTime(store: Pick<Store, "has">, { key, definition }: JobEntry, nowMs: number): number {
  // A job that comes every millisecond has no other.
  const isPlanned = (timeMs: number) =>
    timeMs < nowMs + 100 && nextPlanned(definition.plan, timeMs - 1) === timeMs;
  let timeMs = nowMs;
  while (store.has(key, timeMs) || isPlanned(timeMs)) timeMs += 1;
  return timeMs;
}

/** A run that somebody before has left to be tried again. */
export function runOf(entry: JobEntry, { scheduledAtMs, origin, attempt, input }: Retry): Run {
  const run = new Run(entry, scheduledAtMs, origin, parsedJson(input));
  run.attempt = attempt;
  return run;
}
