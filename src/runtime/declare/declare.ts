// What job() was given, checked: a JobDefinition, or an error that says which value is wrong and what would be right. Pure.
import { distance } from "fastest-levenshtein";
import { RegistrationError } from "../failure.ts";
import type { JobDefinition } from "../job.ts";
import { planOfOptions, planOfTexts, planOptions } from "./plan.ts";
import { defaultPolicies, policiesOf, policyOptions } from "./policies.ts";
import { describe, type Given, isRecord } from "./values.ts";
import { inlineWork, type UserFinder, workOf, workOptions } from "./work.ts";

/**
 * @param host what hashed fields and jitter are spread by, besides the job's name
 * @param module the path of the module that is being loaded; null: none is
 * @throws {RegistrationError | ScheduleError} for what a module's author has to mend
 */
export function defineJob(
  name: unknown,
  scheduleOrOptions: unknown,
  handler: unknown,
  host: string,
  findUser: UserFinder,
  module: string | null = null,
): JobDefinition {
  const checkedName = checkJobName(name);
  const seed = () => `${host}/${checkedName}`;
  if (isTimesAlone(checkedName, scheduleOrOptions, handler))
    throw new RegistrationError(
      `cannot declare the job "${checkedName}": a job's name comes first, and this looks like its times`,
      `write job("name", ${JSON.stringify(checkedName)}, async () => { … })`,
    );
  if (isTexts(scheduleOrOptions)) {
    const work = inlineWork(checkedName, handler);
    return { name: checkedName, plan: planOfTexts(scheduleOrOptions, seed), work, policies: defaultPolicies };
  }
  const job = `the job "${checkedName}"`;
  if (!isRecord(scheduleOrOptions)) {
    throw new RegistrationError(
      `cannot declare ${job}: its schedule is ${describe(scheduleOrOptions)}`,
      'write "*/5 * * * *", "every 10s", "at 2026-12-24T18:00:00Z", "always", or options such as { cron: "0 9 * * *", tz: "Europe/Berlin" }',
    );
  }
  for (const option of Object.keys(scheduleOrOptions)) checkOption(job, option);
  const given: Given = { job, options: scheduleOrOptions };
  return {
    name: checkedName,
    plan: planOfOptions(given, seed),
    work: workOf(given, handler, findUser, module),
    policies: policiesOf(given),
  };
}

const knownOptions: readonly string[] = [...planOptions, ...policyOptions, ...workOptions];
const maximumNameLength = 128;

function isTexts(schedule: unknown): schedule is string | readonly string[] {
  if (typeof schedule === "string") return true;
  return Array.isArray(schedule) && schedule.length > 0 && schedule.every((text) => typeof text === "string");
}

/** job("* * * * *", "name", handler), or with no name at all. */
function isTimesAlone(name: string, second: unknown, third: unknown): boolean {
  const isName = typeof second === "string" && second !== "always" && /^[A-Za-z][\w-]*$/.test(second);
  if (typeof second !== "function" && !(isName && typeof third === "function")) return false;
  return /^(?:[\d*?/,LWH#-]+(?:\s+[\d*?/,A-Za-z#-]+){4,6}|@\w+|every \d.*)$/.test(name);
}

function checkJobName(name: unknown): string {
  if (typeof name === "string" && /^[^\p{Cc}\s](?:[^\p{Cc}]*[^\p{Cc}\s])?$/u.test(name)) {
    // One that is no Unicode text would be another one in the run history.
    if (name.length <= maximumNameLength && name.isWellFormed()) return name;
  }
  throw new RegistrationError(
    `cannot declare a job named ${describe(name)}: a name is 1 to ${maximumNameLength} characters of text, with no control characters and no space at its ends`,
    typeof name === "object" && name !== null
      ? 'write job("name", { cron: "0 9 * * *" }, async () => { … })'
      : null,
  );
}

/** What other schedulers call it. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ["schedule", "cron"],
  ["cronTime", "cron"],
  ["pattern", "cron"],
  ["interval", "every"],
  ["date", "at"],
  ["timezone", "tz"],
  ["timeZone", "tz"],
  ["retries", "retry"],
  ["attempts", "retry"],
  ["noOverlap", "overlap"],
  ["protect", "overlap"],
  ["exclusive", "overlap"],
  ["cmd", "command"],
  ["exec", "command"],
  ["script", "sh"],
  ["shell", "sh"],
  ["memory", "maxMemory"],
  ["startAt", "from"],
  ["stopAt", "until"],
]);

function checkOption(job: string, option: string): void {
  if (knownOptions.includes(option)) return;
  const nearest = otherNames.get(option) ?? knownOptions.find((known) => distance(known, option) <= 2);
  throw new RegistrationError(
    `cannot declare ${job}: there is no option "${option}"`,
    nearest === undefined ? `the options are ${knownOptions.join(", ")}` : `did you mean "${nearest}"?`,
  );
}
