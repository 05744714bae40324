// What a scheduler is put together from.
import type { Store } from "../../store/store.ts";
import type { Clock } from "../clock.ts";
import type { Journal } from "../journal.ts";
import type { Observers } from "./observers.ts";
import type { Runner } from "./runner.ts";

export interface SchedulerParts {
  readonly clock: Clock;
  readonly runner: Runner;
  readonly journal: Journal;
  /** Asked for when there is a job. */
  readonly store: Store;
  /** What jitter is spread by, besides the jobs' names. */
  readonly host: string;
  /** Of the kernel; null: nobody knows, and every start counts as a boot. */
  readonly bootId: () => string | null;
  /** Who is told of runs; null: nobody. */
  readonly observers: Observers | null;
}
