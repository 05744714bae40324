// The runs of a job that are not over: none, as a rule. Of a hundred thousand jobs each would have an empty set and an empty queue
// otherwise.
import type { Run } from "./run.ts";
import { RunSet } from "./run-set.ts";

/** Changed by what this file exports. */
export interface JobRuns {
  /** Runs that are going on, wait for their group, or for their next attempt. */
  active: Iterable<Run> & { readonly size: number };
  /** Those that wait behind them. */
  queue: readonly Run[];
}

const none: readonly Run[] = Object.freeze([]);
const nobody = Object.freeze({ size: 0, [Symbol.iterator]: () => none.values() });

export const noRuns: Readonly<JobRuns> = { active: nobody, queue: none };

export function hasRuns({ active, queue }: JobRuns): boolean {
  return active.size + queue.length > 0;
}

/** It goes on from now on, or is about to. */
export function activate(entry: JobRuns, run: Run): void {
  const { active } = entry;
  const runs = active instanceof RunSet ? active : new RunSet<Run>();
  runs.add(run);
  entry.active = runs;
}

export function deactivate(entry: JobRuns, run: Run): void {
  const { active } = entry;
  if (!(active instanceof RunSet)) return;
  active.delete(run);
  if (active.size === 0) entry.active = nobody;
}

export function enqueue(entry: JobRuns, run: Run): void {
  const queue = ownQueue(entry);
  queue.push(run);
  entry.queue = queue;
}

/** Takes the first one out; undefined: none waits. */
export function dequeue(entry: JobRuns): Run | undefined {
  if (entry.queue.length === 0) return undefined;
  const queue = ownQueue(entry);
  const first = queue.shift();
  entry.queue = queue.length === 0 ? none : queue;
  return first;
}

/** Takes one out, if it waits there. */
export function leaveQueue(entry: JobRuns, run: Run): void {
  if (entry.queue.includes(run)) entry.queue = entry.queue.filter((other) => other !== run);
}

/** Takes all out. */
export function emptyQueue(entry: JobRuns): readonly Run[] {
  const { queue } = entry;
  entry.queue = none;
  return queue;
}

function ownQueue({ queue }: JobRuns): Run[] {
  return queue === none ? [] : (queue as Run[]);
}
