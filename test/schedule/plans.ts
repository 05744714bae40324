// Plans for tests, from the short forms of their schedules.
import type { Plan } from "../../src/schedule/plan.ts";
import { parseSchedule } from "../../src/schedule/schedule.ts";

export function planOf(texts: readonly string[], timeZone?: string, limits: Partial<Plan> = {}): Plan {
  const zone = timeZone === undefined ? {} : { timeZone };
  const schedules = texts.map((text) => parseSchedule(text, { ...zone, seed: "host/job" }));
  return { schedules, fromMs: null, untilMs: null, jitterMs: 0, ...limits };
}
