// Reads single values of a job's options, and says which is wrong and what would be right. Pure.
import { longestDurationMs, parseDuration } from "../../schedule/duration.ts";
import { parseTime } from "../../schedule/time-zone.ts";
import { RegistrationError } from "../failure.ts";

/** The options of one job, and how it is called in errors. */
export interface Given {
  /** `the job "name"` */
  readonly job: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** @throws {RegistrationError} if there is an option that is not known @param of what they are the options of */
export function checkOptions({ job, options }: Given, of: string, known: readonly string[]): void {
  for (const option of Object.keys(options))
    if (!known.includes(option))
      throw new RegistrationError(
        `cannot declare ${job}: there is no option "${option}" of ${of}`,
        `its options are ${known.join(", ")}`,
      );
}

/** @throws {RegistrationError} if the option is given and is not text */
export function textOption({ job, options }: Given, option: string): string | undefined {
  const value = options[option];
  if (value === undefined || typeof value === "string") return value;
  throw wrong(job, option, value, `${option} is text`);
}

/** Milliseconds, from a number of them or from text such as "10s". */
export function durationOption({ job, options }: Given, option: string, minimumMs = 0): number | undefined {
  const value = options[option];
  if (value === undefined) return undefined;
  const hint = 'write a whole number of milliseconds, or a duration such as "10s"';
  if (typeof value !== "string" && typeof value !== "number") throw wrong(job, option, value, hint);
  const durationMs = typeof value === "string" ? parseDuration(value) : value;
  if (!Number.isSafeInteger(durationMs)) throw wrong(job, option, value, hint);
  if (durationMs > longestDurationMs) throw wrong(job, option, value, "it is at most 10 years");
  if (durationMs >= minimumMs) return durationMs;
  throw wrong(job, option, value, `it is at least ${minimumMs} ms`);
}

export function countOption({ job, options }: Given, option: string, minimum = 1): number | undefined {
  const value = options[option];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximumCount)
    return Number(value);
  throw wrong(job, option, value, `write a whole number from ${minimum} to ${maximumCount}`);
}

const maximumCount = 1_000_000;

export function choiceOption<Choice extends string>(
  { job, options }: Given,
  option: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = options[option];
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw wrong(job, option, value, `write ${choices.map((choice) => `"${choice}"`).join(", ")}`);
}

/** Milliseconds since the epoch, from a Date or ISO 8601 text. */
export function timeOption(
  { job, options }: Given,
  option: string,
  timeZone: string | null,
): number | undefined {
  const value = options[option];
  return value === undefined ? undefined : timeValue(job, option, value, timeZone);
}

export function timeValue(job: string, option: string, value: unknown, timeZone: string | null): number {
  if (typeof value === "string") return parseTime(value, timeZone);
  if (value instanceof Date && !Number.isNaN(value.getTime())) {
    if (Math.abs(value.getTime()) <= latestMs) return value.getTime();
    throw wrong(job, option, value, "it is at most the year 9999");
  }
  throw wrong(job, option, value, 'write a valid Date, or ISO 8601 text such as "2026-12-24T18:00:00Z"');
}

/** What comes after it can still be written as a time. */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

export function functionOption(
  { job, options }: Given,
  option: string,
): ((...values: never[]) => unknown) | undefined {
  const value = options[option];
  if (value === undefined || typeof value === "function") return value as undefined;
  throw wrong(job, option, value, `${option} is a function`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function wrong(job: string, option: string, value: unknown, hint: string): RegistrationError {
  return new RegistrationError(`cannot declare ${job}: its ${option} is ${describe(value)}`, hint);
}

export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "function" ? "a function" : Bun.inspect(value);
}
