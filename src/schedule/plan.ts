// When a job comes: one schedule or several, between two dates. Pure. A time that several of its schedules share is one time.
import { spreadOf } from "./hash.ts";
import { describeSchedule, nextTime, type Schedule } from "./schedule.ts";

export interface Plan {
  readonly schedules: readonly Schedule[];
  /** No time before it; null: from ever. */
  readonly fromMs: number | null;
  /** No time after it. */
  readonly untilMs: number | null;
  /** How much later than its time a run starts, at most: the same for each of this job's times (`jitterDelay`). */
  readonly jitterMs: number;
}

/** The first time strictly after `afterMs`, or null: none comes, or none of its schedules has times (always, @reboot). */
export function nextPlanned({ schedules, fromMs, untilMs }: Plan, afterMs: number): number | null {
  const fromBeforeMs = fromMs === null ? afterMs : Math.max(afterMs, fromMs - 1);
  let firstMs: number | null = null;
  for (const schedule of schedules) {
    const timeMs = nextTime(schedule, fromBeforeMs);
    if (timeMs !== null && (firstMs === null || timeMs < firstMs)) firstMs = timeMs;
  }
  return firstMs !== null && untilMs !== null && firstMs > untilMs ? null : firstMs;
}

/** The first `limit` times strictly after one instant and through another, ascending. */
export function plannedBetween(plan: Plan, afterMs: number, throughMs: number, limit: number): number[] {
  const times: number[] = [];
  for (
    let timeMs = nextPlanned(plan, afterMs);
    timeMs !== null && timeMs <= throughMs && times.length < limit;
    timeMs = nextPlanned(plan, timeMs)
  ) {
    times.push(timeMs);
  }
  return times;
}

/**
 * How much later than its times a job starts: whole milliseconds from 0 to below `jitterMs`, evenly spread over seeds.
 * @param seed whose delay it is, such as "host/job": always the same for the same seed
 */
export function jitterDelay(seed: string, jitterMs: number): number {
  return jitterMs <= 0 ? 0 : spreadOf(`${seed}/jitter`, jitterMs);
}

/** The plan as `status` and `check` show it; the time zone and the jitter stand elsewhere. */
export function planText({ schedules, fromMs, untilMs }: Plan): string {
  const from = fromMs === null ? "" : ` from ${new Date(fromMs).toISOString()}`;
  const until = untilMs === null ? "" : ` until ${new Date(untilMs).toISOString()}`;
  return `${schedules.map(describeSchedule).join(", ")}${from}${until}`;
}

/**
 * Everything that the plan's times hang on, as text: two plans with the same text have the same times. So the time zone and what H
 * stands for are part of it.
 * @param ownTimeZone the process's own zone
 */
export function planIdentity(plan: Plan, ownTimeZone: string): string {
  const parts = plan.schedules.map((schedule) =>
    schedule.kind === "cron"
      ? `${schedule.expression} ${schedule.timeZone ?? ownTimeZone}`
      : describeSchedule(schedule),
  );
  return planText({ ...plan, schedules: [] }) + parts.map((part) => `\n${part}`).join("");
}

/** The time zone that its cron schedules were given, or null: the process's own, or none has one. */
export function planTimeZone({ schedules }: Plan): string | null {
  for (const schedule of schedules)
    if (schedule.kind === "cron" && schedule.timeZone !== null) return schedule.timeZone;
  return null;
}

/** Whether some of its times hang on the process's own zone. */
export function goesByOwnZone({ schedules }: Plan): boolean {
  return schedules.some((schedule) => schedule.kind === "cron" && schedule.timeZone === null);
}

/** All times of a plan from one through another. */
export interface DueTimes {
  /** The latest of them, one by one, the earliest first. */
  readonly times: readonly number[];
  /** Those before. */
  readonly earlier: { readonly firstMs: number; readonly lastMs: number; readonly count: number } | null;
  /** The first time after them. */
  readonly nextDueMs: number | null;
}
