// All times that have come due at once, but for those that have their records already: some have where the clock was set back, or
// the daemon had run under a wrong one. Pure.
import { dueTimes } from "./due-times.ts";
import { type DueTimes, nextPlanned, type Plan } from "./plan.ts";

export type Span = readonly [firstMs: number, lastMs: number];

export interface Unrecorded {
  /** The latest of them, one by one, the earliest first. */
  readonly times: readonly number[];
  /** Those before, in rows within which no time has a record. */
  readonly earlier: ReadonlyArray<NonNullable<DueTimes["earlier"]>>;
  /** The first time after all of them. */
  readonly nextDueMs: number | null;
}

/**
 * @param dueMs the first time
 * @param recorded ascending, within `dueMs` and `nowMs` or reaching into them
 * @param limit how many of the latest are told one by one
 */
export function unrecordedTimes(
  plan: Plan,
  dueMs: number,
  nowMs: number,
  recorded: readonly Span[],
  limit: number,
): Unrecorded {
  const { spans, nextDueMs } = spansBetween(plan, dueMs, nowMs, recorded);
  const times: number[] = [];
  const rows: Array<NonNullable<DueTimes["earlier"]>> = [];
  for (const [firstMs, lastMs] of spans.toReversed()) {
    const due = dueTimes(plan, firstMs, lastMs, limit - times.length);
    times.unshift(...due.times);
    if (due.earlier !== null) rows.unshift(due.earlier);
  }
  return { times, earlier: rows, nextDueMs };
}

/** Each begins with a time. */
function spansBetween(plan: Plan, dueMs: number, nowMs: number, recorded: readonly Span[]) {
  const spans: Span[] = [];
  let fromMs: number | null = dueMs;
  for (const [firstMs, lastMs] of recorded) {
    if (fromMs === null || fromMs > nowMs) break;
    if (fromMs < firstMs) spans.push([fromMs, Math.min(firstMs - 1, nowMs)]);
    if (fromMs <= lastMs) fromMs = nextPlanned(plan, lastMs);
  }
  if (fromMs === null || fromMs > nowMs) return { spans, nextDueMs: fromMs };
  spans.push([fromMs, nowMs]);
  return { spans, nextDueMs: nextPlanned(plan, nowMs) };
}
