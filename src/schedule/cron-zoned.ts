// A cron expression's times in a zone whose clocks change, by the rules that Bun documents for its own: what a spring
// gap leaves out moves forward by the gap (the first match alone), and in the hour that comes twice a fixed time means
// the first, while a schedule with a full star in its minute or hour runs through both.

import { countWall, nextWall, type WallCron, wallCron } from "./cron-wall.ts";
import { type Period, periodAt } from "./zone-period.ts";

/** No zone's wall clock is further from UTC, and no change was larger. */
const LARGEST_OFFSET_MS = 2 * 86_400_000;

/** The first time strictly after `afterMs`, or null: for what Bun.cron.parse does not take. */
export function nextZonedTime(expression: string, timeZone: string | null, afterMs: number): number | null {
  const cron = wallCron(expression);
  let period = periodAt(timeZone, afterMs);
  for (;;) {
    const fromMs = Math.max(afterMs, period.startMs - 1);
    const movedMs = movedTime(cron, period);
    const wallMs = nextWall(cron, regularFrom(cron, period, fromMs));
    const regularMs = wallMs === null ? null : wallMs - period.offsetMs;
    const isWithin = regularMs !== null && regularMs < period.endMs;
    if (movedMs !== null && movedMs > fromMs && !(isWithin && regularMs < movedMs)) return movedMs;
    if (isWithin) return regularMs;
    if (wallMs === null || period.endMs === Number.POSITIVE_INFINITY) return null;
    period = periodAt(timeZone, Math.max(period.endMs, wallMs - LARGEST_OFFSET_MS));
  }
}

/** The time that a gap at the start of the period moved into it, if there is one. */
export function movedTime(cron: WallCron, { startMs, offsetMs, previousOffsetMs }: Period): number | null {
  if (offsetMs <= previousOffsetMs) return null;
  const wallMs = nextWall(cron, startMs + previousOffsetMs - 1);
  return wallMs !== null && wallMs < startMs + offsetMs ? wallMs - previousOffsetMs : null;
}

/** Whether the clock has shown this instant's wall time before: within a fall-back's second occurrence. */
export function isSecondOccurrence({ startMs, offsetMs, previousOffsetMs }: Period, timeMs: number): boolean {
  return offsetMs < previousOffsetMs && timeMs + offsetMs < startMs + previousOffsetMs;
}

/**
 * How many regular times of one period are after one instant and through another, without walking.
 * @param afterMs so long after the period's start that what the change moved or repeated is over
 */
export function countWithinPeriod(
  expression: string,
  period: Period,
  afterMs: number,
  throughMs: number,
): number {
  return countWall(wallCron(expression), afterMs + period.offsetMs, throughMs + period.offsetMs);
}

/** From which wall time on the period's times are looked for. */
function regularFrom(cron: WallCron, period: Period, fromMs: number): number {
  const wallMs = fromMs + period.offsetMs;
  const { startMs, offsetMs, previousOffsetMs } = period;
  if (cron.runsThroughBoth || offsetMs >= previousOffsetMs) return wallMs;
  return Math.max(wallMs, startMs + previousOffsetMs - 1);
}
