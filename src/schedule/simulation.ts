// All the times of many plans in a period, in the order in which they come, computed one by one as they are asked for.

import TinyQueue from "tinyqueue";
import { nextPlanned, type Plan } from "./plan.ts";

export interface SimulatedTime<T> {
  readonly timeMs: number;
  readonly job: T;
}

interface Pending<T> {
  timeMs: number;
  readonly job: T;
  readonly plan: Plan;
  readonly order: number;
}

/**
 * The times strictly after `afterMs` and through `throughMs`, ascending; those of one instant in the order of the plans.
 * A plan without times (always, @reboot) gives none. A minutely plan costs some 0.5 µs a time.
 */
export function* simulate<T>(
  plans: Iterable<readonly [job: T, plan: Plan]>,
  afterMs: number,
  throughMs: number,
): Generator<SimulatedTime<T>, void, undefined> {
  const queue = new TinyQueue<Pending<T>>([], inOrder);
  let order = 0;
  for (const [job, plan] of plans) {
    const timeMs = nextPlanned(plan, afterMs);
    if (timeMs !== null && timeMs <= throughMs) queue.push({ timeMs, job, plan, order });
    order += 1;
  }
  for (let due = queue.pop(); due !== undefined; ) {
    yield { timeMs: due.timeMs, job: due.job };
    const timeMs = nextPlanned(due.plan, due.timeMs);
    if (timeMs !== null && timeMs <= throughMs) {
      due.timeMs = timeMs;
      const first = queue.peek();
      // As a rule the busiest job comes next as well.
      if (first === undefined || inOrder(due, first) < 0) continue;
      queue.push(due);
    }
    due = queue.pop();
  }
}

function inOrder<T>(a: Pending<T>, b: Pending<T>): number {
  return a.timeMs - b.timeMs || a.order - b.order;
}
