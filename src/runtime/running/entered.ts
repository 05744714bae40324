// What jobs bring from their past when they become known, and when they come first because of it.
import { nextPlanned, type Plan } from "../../schedule/plan.ts";
import type { JobMemory, Store } from "../../store/store.ts";
import { accountedThrough, type JobEntry, remember } from "./job-entry.ts";
import { declared } from "./remembered.ts";
import type { SchedulerParts } from "./scheduler-parts.ts";
import { cutter } from "./set-back.ts";

export interface Entered {
  readonly entry: JobEntry;
  readonly dueMs: number | null;
  /** Its `@reboot` has not been run in this boot. */
  readonly isReboot: boolean;
}

/** @param fromMs up to when the worker before has fired; null: from what the store has accounts of */
export function* entered(
  parts: Pick<SchedulerParts, "store" | "bootId" | "journal">,
  entries: readonly JobEntry[],
  fromMs: number | null,
  nowMs: number,
): Generator<Entered> {
  if (entries.length === 0) return;
  const { store, bootId, journal } = parts;
  const memories = memoriesOf(store, entries, nowMs);
  let currentBoot: string | null | undefined;
  for (const [index, entry] of entries.entries()) {
    const memory = memories[index];
    if (memory === undefined) continue;
    remember(entry, memory, nowMs);
    const { plan } = entry.definition;
    if (entry.isAlways) {
      yield { entry, dueMs: nowMs, isReboot: false };
      continue;
    }
    const accountedMs = accountedThrough(entry, memory, fromMs);
    if (fromMs !== null) entry.knownMs = Math.max(entry.knownMs, fromMs);
    const dueMs = nextPlanned(plan, accountedMs);
    let isReboot = false;
    if (plan.schedules.some(({ kind }) => kind === "reboot")) {
      currentBoot ??= bootId();
      const isNew = fromMs === null && (currentBoot === null || entry.bootId !== currentBoot);
      isReboot = isNew && isWithin(plan, nowMs);
      if (isReboot && currentBoot !== null) store.rememberBoot(entry.key, currentBoot);
    } else if (dueMs === null) {
      journal.write("warn", "its time has passed: it will not run", entry.definition.name);
    }
    yield { entry, dueMs, isReboot };
  }
}

function isWithin({ fromMs, untilMs }: Plan, timeMs: number): boolean {
  return timeMs >= (fromMs ?? timeMs) && timeMs <= (untilMs ?? timeMs);
}

/** Times that lie ahead were decided before the clock was set back: by a process that did not see that, while none ran. */
function memoriesOf(store: Store, entries: readonly JobEntry[], nowMs: number): JobMemory[] {
  const jobs = declared(entries);
  const memories = store.enter(jobs, nowMs);
  if (memories.every(({ knownMs }) => knownMs <= nowMs)) return memories;
  const plans = new Map(memories.map(({ key }, index) => [key, entries[index]?.definition.plan]));
  store.setBack({ toMs: nowMs, nowMs, byMs: null, cut: cutter((key) => plans.get(key), nowMs) });
  return store.enter(jobs, nowMs);
}
