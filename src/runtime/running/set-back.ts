// The clock was set back. Times that were only passed over lose their records and come again; what ran does not run twice, and what
// was told by the wrong clock is told by the right one.
import { ALWAYS_BACK_OFF } from "../../schedule/back-off.ts";
import { dueTimes } from "../../schedule/due-times.ts";
import { afterClockStep, CORRECTION_STEP_MS } from "../../schedule/firing.ts";
import type { Plan } from "../../schedule/plan.ts";
import { datedRight } from "../../store/records.ts";
import type { SetBack, Store } from "../../store/store.ts";
import type { JobEntry } from "./job-entry.ts";

/** Calls back for each job that comes at another time now. */
export function followSetBack(
  store: Pick<Store, "setBack">,
  entries: readonly JobEntry[],
  { toMs, nowMs, byMs }: { readonly toMs: number; readonly nowMs: number; readonly byMs: number },
  changed: (entry: JobEntry, dueMs: number | null) => void,
): void {
  let byKey: Map<number, JobEntry> | undefined;
  const planOf = (key: number) => {
    byKey ??= new Map(entries.map((entry) => [entry.key, entry]));
    return byKey.get(key)?.definition.plan;
  };
  const againMs = store.setBack({ toMs, nowMs, byMs, cut: cutter(planOf, toMs) });
  for (const entry of entries) {
    entry.lastSuccessMs = datedRight(entry.lastSuccessMs, nowMs, byMs);
    entry.sinceMs = datedRight(entry.sinceMs, nowMs, byMs) ?? 0;
    entry.knownFromMs = 0;
    const before = entry.dueMs;
    if (entry.isAlways) entry.dueMs = before && Math.min(before, nowMs + ALWAYS_BACK_OFF.maximumMs);
    else comeAgain(entry, toMs, byMs, againMs.get(entry.key) ?? null);
    if (entry.dueMs !== before) changed(entry, entry.dueMs);
  }
}

/** What is left of a row of times, by the plan of its job. */
export function cutter(planOf: (key: number) => Plan | undefined, toMs: number): SetBack["cut"] {
  return (key, firstMs) => {
    const plan = planOf(key);
    if (plan === undefined) return null;
    const { times, earlier } = dueTimes(plan, firstMs, toMs, 1);
    return { times: times.length + (earlier?.count ?? 0), throughMs: times[0] ?? firstMs };
  };
}

function comeAgain(entry: JobEntry, toMs: number, byMs: number, againMs: number | null): void {
  const { dueMs, lastScheduledMs, definition } = entry;
  entry.dueMs = afterClockStep({ plan: definition.plan, dueMs, lastScheduledMs, againMs }, toMs, byMs);
  // Of the times that it comes to again, their records say which have run.
  if (lastScheduledMs !== null && (againMs !== null || byMs >= CORRECTION_STEP_MS))
    entry.lastScheduledMs = Math.min(lastScheduledMs, toMs);
}
