// The jobs that the modules declare, checked as they are declared: what job() was given becomes a JobDefinition, or an
// error that says which value is wrong and what would be right.

import type { JobHandler, JobOptions } from "djob";
import { distance } from "fastest-levenshtein";
import { parseDuration } from "../schedule/duration.ts";
import { describeSchedule, parseSchedule, type Schedule } from "../schedule/schedule.ts";
import { RegistrationError } from "./failure.ts";

export interface JobDefinition {
  readonly name: string;
  readonly schedule: Schedule;
  readonly handler: JobHandler;
}

export class Registry {
  readonly #jobs = new Map<string, JobDefinition>();
  #onAdded: (job: JobDefinition) => void = () => {};

  get jobs(): readonly JobDefinition[] {
    return [...this.#jobs.values()];
  }

  /** From now on each new job is handed over; a module may declare one at any time. */
  whenAdded(listener: (job: JobDefinition) => void): void {
    this.#onAdded = listener;
  }

  /** @throws {RegistrationError | ScheduleError} for what a module's author has to mend */
  add(name?: unknown, scheduleOrOptions?: unknown, handler?: unknown): void {
    const job = defineJob(name, scheduleOrOptions, handler);
    if (this.#jobs.has(job.name)) {
      throw new RegistrationError(
        `cannot declare the job "${job.name}": there is already a job of this name`,
        "give each job of a daemon a name of its own",
      );
    }
    this.#jobs.set(job.name, job);
    this.#onAdded(job);
  }
}

/** Pure: what the arguments of job() mean. */
export function defineJob(name: unknown, scheduleOrOptions: unknown, handler: unknown): JobDefinition {
  const checkedName = checkJobName(name);
  const job = `the job "${checkedName}"`;
  if (typeof handler !== "function") {
    throw new RegistrationError(
      `cannot declare ${job}: its handler is ${describe(handler)}, not a function`,
      'write job("name", "every 10s", async () => { … })',
    );
  }
  const schedule =
    typeof scheduleOrOptions === "string"
      ? parseSchedule(scheduleOrOptions)
      : scheduleOfOptions(job, scheduleOrOptions);
  return { name: checkedName, schedule, handler: handler as JobHandler };
}

const scheduleOptions = ["cron", "every", "at", "always"] as const;
const knownOptions: readonly (keyof JobOptions)[] = [...scheduleOptions, "tz"];
const maximumNameLength = 128;

function checkJobName(name: unknown): string {
  if (typeof name === "string" && /^[^\p{Cc}\s](?:[^\p{Cc}]*[^\p{Cc}\s])?$/u.test(name)) {
    if (name.length <= maximumNameLength) return name;
  }
  throw new RegistrationError(
    `cannot declare a job named ${describe(name)}: a name is 1 to ${maximumNameLength} characters of text, with no control characters and no space at its ends`,
  );
}

function scheduleOfOptions(job: string, options: unknown): Schedule {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RegistrationError(
      `cannot declare ${job}: its schedule is ${describe(options)}`,
      'write "*/5 * * * *", "every 10s", "at 2026-12-24T18:00:00Z", "always", or options such as { cron: "0 9 * * *", tz: "Europe/Berlin" }',
    );
  }
  const given = options as Readonly<Record<string, unknown>>;
  for (const option of Object.keys(given)) checkOption(job, option);
  const chosen = scheduleOptions.filter((option) => given[option] !== undefined);
  if (chosen.length !== 1) {
    const have = chosen.length === 0 ? "none of them" : chosen.join(" and ");
    throw new RegistrationError(
      `cannot declare ${job}: it needs one of cron, every, at and always, and has ${have}`,
    );
  }
  return readSchedule(job, given);
}

function readSchedule(job: string, given: Readonly<Record<string, unknown>>): Schedule {
  const { cron, every, at, always, tz } = given;
  const timeZone = tz === undefined ? undefined : text(job, "tz", tz);
  if (timeZone !== undefined && cron === undefined && at === undefined) {
    throw new RegistrationError(`cannot declare ${job}: tz means nothing without cron or at`, "leave tz out");
  }
  if (cron !== undefined) {
    const schedule = parseSchedule(text(job, "cron", cron), timeZone);
    if (schedule.kind === "cron") return schedule;
    throw wrong(job, "cron", cron, 'write a cron expression such as "*/5 * * * *"');
  }
  if (every !== undefined) return parseSchedule(`every ${interval(job, every)}`);
  if (at !== undefined) {
    return parseSchedule(`at ${time(job, at)}`, timeZone);
  }
  if (always === true) return { kind: "always" };
  throw wrong(job, "always", always, "write always: true");
}

function time(job: string, at: unknown): string {
  if (typeof at === "string") return at;
  if (at instanceof Date && !Number.isNaN(at.getTime())) return at.toISOString();
  throw wrong(job, "at", at, 'write a valid Date, or ISO 8601 text such as "2026-12-24T18:00:00Z"');
}

function interval(job: string, every: unknown): string {
  if (typeof every === "number") {
    if (Number.isSafeInteger(every) && every > 0) return `${every}ms`;
    throw wrong(job, "every", every, 'write a whole number of milliseconds, or a duration such as "10s"');
  }
  const duration = text(job, "every", every);
  parseDuration(duration);
  return duration;
}

function checkOption(job: string, option: string): void {
  if ((knownOptions as readonly string[]).includes(option)) return;
  const nearest = knownOptions.find((known) => distance(known, option) <= 2);
  throw new RegistrationError(
    `cannot declare ${job}: there is no option "${option}"`,
    nearest === undefined ? `the options are ${knownOptions.join(", ")}` : `did you mean "${nearest}"?`,
  );
}

function text(job: string, option: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw wrong(job, option, value, `${option} is text`);
}

function wrong(job: string, option: string, value: unknown, hint: string): RegistrationError {
  return new RegistrationError(`cannot declare ${job}: its ${option} is ${describe(value)}`, hint);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "function" ? "a function" : Bun.inspect(value);
}

/** The time zone of its own, if it has one. */
export function timeZoneOf({ schedule }: JobDefinition): string | null {
  return schedule.kind === "cron" ? schedule.timeZone : null;
}

/** The schedule as `status` and `check` show it. */
export function scheduleText({ schedule }: JobDefinition): string {
  return describeSchedule(schedule);
}
