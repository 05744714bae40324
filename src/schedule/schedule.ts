// A job's schedule: what a user may write in `job(name, schedule, handler)`, and when it comes next.
// Times are milliseconds since the epoch, always given by the caller: nothing here reads a clock.

import { checkCron, nextCronTime } from "./cron.ts";
import { diagnoseCron } from "./cron-diagnosis.ts";
import { isHashed, resolveHashed } from "./cron-hash.ts";
import { formatExactDuration, parseDuration } from "./duration.ts";
import { ScheduleError } from "./schedule-error.ts";
import { checkTimeZone, parseTime } from "./time-zone.ts";

/**
 * `timeZone: null` is the process's own zone; `written` is the expression with H, if it has one. `always` has no times: the job
 * is restarted whenever it ends. `reboot` has none either: whoever runs jobs runs it once for each boot.
 */
export type Schedule =
  | {
      readonly kind: "cron";
      readonly expression: string;
      readonly timeZone: string | null;
      readonly written?: string;
    }
  | { readonly kind: "every"; readonly intervalMs: number; readonly offsetMs?: number }
  | { readonly kind: "at"; readonly timeMs: number }
  | { readonly kind: "always" }
  | { readonly kind: "reboot" };

type Seed = string | (() => string);

export interface ParseOptions {
  readonly timeZone?: string;
  /** What hashed fields (H) are spread by, such as "host/job". Without it they are refused. */
  readonly seed?: Seed;
  /** If given, a schedule whose last year is over is refused: it never comes again. */
  readonly nowMs?: number;
}

const WHOLE_UNITS: Readonly<Record<string, string>> = {
  second: "1s",
  minute: "1m",
  hour: "1h",
  day: "1d",
  week: "1w",
};
const FORMS = '"*/5 * * * *", "@hourly", "every 10s", "at 2026-12-24T18:00:00+01:00" or "always"';
const MAXIMUM_SHARED = 10_000;

/** Jobs with the same text share one Schedule, and with it what is remembered of its next time. */
const shared = new Map<string, Schedule>();

/**
 * Reads a schedule in its short form. Jobs with the same text and zone get the same object.
 * @param options a string is the time zone
 * @throws {ScheduleError} If the text is not a schedule, or if there is no such time zone.
 */
export function parseSchedule(text: string, options: ParseOptions | string = {}): Schedule {
  const { timeZone, seed, nowMs } = typeof options === "string" ? { timeZone: options } : options;
  const key = `${timeZone ?? ""}\n${text}`;
  const known = hashed.get(key);
  const found = known === undefined || seed === undefined ? shared.get(key) : resolve(known, seed);
  const schedule = found ?? parse(text, timeZone ?? null, seed ?? null, key);
  if (found === undefined && isShared(schedule)) share(key, schedule);
  if (nowMs !== undefined && schedule.kind === "cron") checkComesAgain(schedule, text, nowMs);
  return schedule;
}

/** Whether its text means the same for every job. A local time after "at" hangs on the process's zone, and H on the seed. */
export function isShared(schedule: Schedule): boolean {
  return schedule.kind !== "at" && !(schedule.kind === "cron" && schedule.written !== undefined);
}

/** The schedule in the short form that parseSchedule reads; a cron schedule's time zone is not part of it. */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case "cron":
      return schedule.written ?? schedule.expression;
    case "every": {
      const { intervalMs, offsetMs = 0 } = schedule;
      const offset = offsetMs === 0 ? "" : ` offset ${formatExactDuration(offsetMs)}`;
      return `every ${formatExactDuration(intervalMs)}${offset}`;
    }
    case "at":
      return `at ${new Date(schedule.timeMs).toISOString()}`;
    case "always":
      return "always";
    case "reboot":
      return "@reboot";
  }
}

/**
 * The first time strictly after `afterMs`, or null if there is none.
 * The times of `every` are multiples of the interval since the epoch, plus its offset, so a restart neither loses nor
 * doubles one.
 */
export function nextTime(schedule: Schedule, afterMs: number): number | null {
  switch (schedule.kind) {
    case "cron":
      return rememberedTime(schedule, afterMs);
    case "every": {
      const { intervalMs, offsetMs = 0 } = schedule;
      return (Math.floor((afterMs - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs;
    }
    case "at":
      return schedule.timeMs > afterMs ? schedule.timeMs : null;
    case "always":
    case "reboot":
      return null;
  }
}

type CronSchedule = Schedule & { kind: "cron" };

/** From `afterMs` (inclusive) up to `nextMs` (exclusive) the next time is `nextMs`. */
interface Remembered {
  readonly ownZone: string | undefined;
  readonly afterMs: number;
  readonly nextMs: number;
}

const remembered = new WeakMap<CronSchedule, Remembered>();

/** A hundred thousand jobs of one schedule ask the same question at the same time. */
function rememberedTime(schedule: CronSchedule, afterMs: number): number | null {
  const { expression, timeZone } = schedule;
  const ownZone = timeZone === null ? process.env["TZ"] : undefined;
  const last = remembered.get(schedule);
  if (last !== undefined && afterMs >= last.afterMs && afterMs < last.nextMs && ownZone === last.ownZone)
    return last.nextMs;
  const nextMs = nextCronTime(expression, timeZone, afterMs);
  if (nextMs !== null) remembered.set(schedule, { ownZone, afterMs, nextMs });
  return nextMs;
}

function parse(text: string, zone: string | null, seed: Seed | null, key: string): Schedule {
  if (zone !== null) checkTimeZone(zone);
  const words = text.trim().split(/\s+/);
  const [keyword = ""] = words;
  const rest = words.slice(1).join(" ");
  if (keyword === "always" && rest === "") return { kind: "always" };
  if (keyword.toLowerCase() === "@reboot" && rest === "") return { kind: "reboot" };
  if (keyword === "every") return parseEvery(rest);
  if (keyword === "at") return { kind: "at", timeMs: parseTime(rest, zone) };
  if (words.length < 3 && !keyword.startsWith("@")) throw unknownSchedule(text);
  const expression = words.join(" ");
  if (isHashed(expression)) return parseHashed(expression, zone, seed, key);
  checkCron(expression, zone);
  return { kind: "cron", expression, timeZone: zone };
}

/** An expression with H that was found good, and what it has been resolved to. */
interface Hashed {
  readonly written: string;
  readonly timeZone: string | null;
  readonly resolved: Map<string, Schedule>;
}

const hashed = new Map<string, Hashed>();
let resolvedCount = 0;
const MAXIMUM_RESOLVED = 50_000;

function parseHashed(written: string, timeZone: string | null, seed: Seed | null, key: string): Schedule {
  const refused = `cannot use the cron expression "${written}"`;
  const found = diagnoseCron(written);
  if (found !== null) throw new ScheduleError(`${refused}: ${found.reason}`, found.hint);
  if (seed === null)
    throw new ScheduleError(
      `${refused}: H stands for a value of one job on one host, and here is no job`,
      "write the value itself",
    );
  const made: Hashed = { written, timeZone, resolved: new Map() };
  const schedule = resolve(made, seed);
  hashed.set(key, made);
  return schedule;
}

function resolve({ written, timeZone, resolved }: Hashed, seed: Seed): Schedule {
  const expression = resolveHashed(written, typeof seed === "string" ? seed : seed());
  const known = resolved.get(expression);
  if (known !== undefined) return known;
  checkCron(expression, timeZone, written);
  if (resolvedCount >= MAXIMUM_RESOLVED) {
    hashed.clear();
    resolvedCount = 0;
  }
  resolvedCount += 1;
  const schedule: Schedule = Object.freeze({ kind: "cron", expression, timeZone, written });
  resolved.set(expression, schedule);
  return schedule;
}

function share(key: string, schedule: Schedule): void {
  if (shared.size >= MAXIMUM_SHARED) shared.clear();
  shared.set(key, Object.freeze(schedule));
}

function checkComesAgain(schedule: CronSchedule, text: string, nowMs: number): void {
  if (schedule.expression.split(" ").length < 7 || nextTime(schedule, nowMs) !== null) return;
  throw new ScheduleError(
    `cannot use the cron expression "${text.trim()}": it never comes again, the last of its times is over`,
    "check the year (last field)",
  );
}

function parseEvery(text: string): Schedule {
  const [, interval = "", offset] = /^(.*?)(?:\s+offset(?:\s+(.*))?)?$/.exec(` ${text}`) ?? [];
  const intervalMs = parseInterval(interval.trim());
  if (!/\boffset\b/.test(text)) return { kind: "every", intervalMs };
  if (offset === undefined || offset === "")
    throw new ScheduleError(
      `cannot read the schedule "every ${text}": its offset has no length`,
      'write "every 1h offset 5m"',
    );
  const offsetMs = parseDuration(offset);
  if (offsetMs < intervalMs)
    return offsetMs === 0 ? { kind: "every", intervalMs } : { kind: "every", intervalMs, offsetMs };
  throw new ScheduleError(
    `cannot use the schedule "every ${text}": the offset ${formatExactDuration(offsetMs)} is not shorter than the interval ${formatExactDuration(intervalMs)}`,
    "an offset says how much later than the interval's multiples; leave out whole intervals",
  );
}

function parseInterval(text: string): number {
  if (text === "") {
    throw new ScheduleError('cannot read the schedule "every": it has no interval', 'write "every 10s"');
  }
  const intervalMs = parseDuration((Object.hasOwn(WHOLE_UNITS, text) && WHOLE_UNITS[text]) || text);
  if (intervalMs >= 1) return intervalMs;
  throw new ScheduleError(
    `cannot use the schedule "every ${text}": the interval is zero`,
    'use at least "every 1ms", or "always" for a job that must never pause',
  );
}

function unknownSchedule(text: string): ScheduleError {
  const hint = isDuration(text) ? `did you mean "every ${text.trim()}"?` : `write ${FORMS}`;
  return new ScheduleError(`cannot read the schedule "${text}": it has none of the known forms`, hint);
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0;
  } catch {
    return false;
  }
}
