// When a job comes, from what job() was given. Pure.
import { formatExactDuration } from "../../schedule/duration.ts";
import type { Plan } from "../../schedule/plan.ts";
import { isShared, parseSchedule, type Schedule } from "../../schedule/schedule.ts";
import { checkTimeZone } from "../../schedule/time-zone.ts";
import { RegistrationError } from "../failure.ts";
import { durationOption, type Given, textOption, timeOption, timeValue, wrong } from "./values.ts";

const scheduleOptions = ["cron", "every", "at", "always"] as const;
export const planOptions = [...scheduleOptions, "offset", "tz", "jitter", "from", "until"] as const;

/** @param seed what hashed fields (H) are spread by */
export function planOfTexts(texts: string | readonly string[], seed: () => string): Plan {
  if (typeof texts !== "string")
    return { ...bare, schedules: texts.map((text) => parseSchedule(text, { seed })) };
  const known = plans.get(texts);
  if (known !== undefined) return known;
  const schedule = parseSchedule(texts, { seed });
  const plan = plansOf.get(schedule) ?? { ...bare, schedules: [schedule] };
  plansOf.set(schedule, plan);
  if (isShared(schedule)) {
    if (plans.size >= MAXIMUM_PLANS) plans.clear();
    plans.set(texts, plan);
  }
  return plan;
}

/** A hundred thousand jobs of one schedule have one plan, found by its text, or where H stands for different values, by those. */
const plans = new Map<string, Plan>();
const plansOf = new WeakMap<Schedule, Plan>();
const MAXIMUM_PLANS = 10_000;

export function planOfOptions(given: Given, seed: () => string): Plan {
  const { job, options } = given;
  const chosen = scheduleOptions.filter((option) => options[option] !== undefined);
  if (chosen.length === 0)
    throw new RegistrationError(
      `cannot declare ${job}: it needs one of cron, every, at and always, and has none of them`,
    );
  if (chosen.includes("always") && chosen.length > 1)
    throw new RegistrationError(
      `cannot declare ${job}: always stands alone, and it has ${chosen.join(" and ")}`,
      "declare a second job for the other times",
    );
  const timeZone = zoneOf(given);
  const jitterMs = durationOption(given, "jitter") ?? 0;
  const fromMs = timeOption(given, "from", timeZone ?? null) ?? null;
  const untilMs = timeOption(given, "until", timeZone ?? null) ?? null;
  const { always } = options;
  if (always !== undefined) {
    if (always !== true) throw wrong(job, "always", always, "write always: true");
    for (const option of ["jitter", "from", "until"])
      if (options[option] !== undefined) throw meaningless(job, option, "with always, which has no times");
    return { ...bare, schedules: [{ kind: "always" }] };
  }
  if (fromMs !== null && untilMs !== null && untilMs < fromMs)
    throw new RegistrationError(`cannot declare ${job}: its until is before its from`, "exchange them");
  return { schedules: schedulesOf(given, timeZone, seed), jitterMs, fromMs, untilMs };
}

const bare = { jitterMs: 0, fromMs: null, untilMs: null };

function cronHint({ kind }: Schedule): string {
  switch (kind) {
    case "every":
      return 'write it as every: "5m"';
    case "at":
      return 'write it as at: "2026-12-24T18:00:00+01:00"';
    case "always":
      return "write it as always: true";
    default:
      return 'write a cron expression such as "*/5 * * * *"';
  }
}

function zoneOf(given: Given): string | undefined {
  const { job, options } = given;
  const timeZone = textOption(given, "tz");
  if (timeZone === undefined) return undefined;
  checkTimeZone(timeZone);
  if (["cron", "at", "from", "until"].some((option) => options[option] !== undefined)) return timeZone;
  throw meaningless(job, "tz", "without cron or at");
}

function schedulesOf(given: Given, timeZone: string | undefined, seed: () => string): Schedule[] {
  const { job, options } = given;
  const { cron, at } = options;
  const zone = timeZone === undefined ? {} : { timeZone };
  const schedules: Schedule[] = [];
  for (const text of listOf(cron)) {
    if (typeof text !== "string") throw wrong(job, "cron", text, "cron is text");
    const schedule = parseSchedule(text, { ...zone, seed });
    if (schedule.kind !== "cron" && schedule.kind !== "reboot")
      throw wrong(job, "cron", text, cronHint(schedule));
    schedules.push(schedule);
  }
  const intervalMs = durationOption(given, "every", 1);
  const offsetMs = durationOption(given, "offset");
  if (offsetMs !== undefined && intervalMs === undefined) throw meaningless(job, "offset", "without every");
  if (intervalMs !== undefined) {
    const offset = offsetMs === undefined || offsetMs === 0 ? "" : ` offset ${formatExactDuration(offsetMs)}`;
    schedules.push(parseSchedule(`every ${formatExactDuration(intervalMs)}${offset}`));
  }
  for (const time of listOf(at))
    schedules.push({ kind: "at", timeMs: timeValue(job, "at", time, timeZone ?? null) });
  if (schedules.length > 0) return schedules;
  throw new RegistrationError(`cannot declare ${job}: its list of times is empty`, "name at least one");
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function meaningless(job: string, option: string, where: string): RegistrationError {
  return new RegistrationError(
    `cannot declare ${job}: ${option} means nothing ${where}`,
    `leave ${option} out`,
  );
}
