// Cron expressions that are seen at a glance to be valid and to come: numbers, ranges, stars and steps. For those nothing has to be
// computed before they are due, and the first computation of a process takes milliseconds. Pure.
import { fieldsFor } from "./cron-fields.ts";

/** Each month has it. */
const lastSureDay = 28;

/** @param expression one space between its words. @returns false: it may be valid or not */
export function isPlain(expression: string): boolean {
  const words = expression.split(" ");
  const fields = words.length === 5 || words.length === 6 ? fieldsFor(words.length) : null;
  if (fields === null) return false;
  return fields.every(({ name, minimum, maximum }, index) => {
    const latestStart = name === "day of month" ? lastSureDay : maximum;
    return (words[index] ?? "")
      .split(",")
      .every((entry) => isPlainEntry(entry, minimum, maximum, latestStart));
  });
}

function isPlainEntry(entry: string, minimum: number, maximum: number, latestStart: number): boolean {
  const [, range, first, last = first, step = "1"] =
    /^(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(entry) ?? [];
  if (range === undefined || Number(step) < 1 || Number(step) > maximum) return false;
  if (range === "*") return true;
  return (
    Number(first) >= minimum &&
    Number(first) <= Math.min(Number(last), latestStart) &&
    Number(last) <= maximum
  );
}
