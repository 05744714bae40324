// Where a cron expression means something else than many who write it believe. Only what is surely surprising: a
// warning that is often wrong is soon not read. Pure.

import { changesAround } from "./cron-changes.ts";
import { type Field, fieldsFor, fieldTexts, isSpecialDay, valuesOf } from "./cron-fields.ts";
import { plainWords } from "./cron-wall.ts";
import type { Schedule } from "./schedule.ts";

/** Months that have no 31st, 30th, 29th day. */
const SHORT_MONTHS: Readonly<Record<number, readonly number[]>> = {
  29: [2],
  30: [2],
  31: [2, 4, 6, 9, 11],
};

/**
 * Whole sentences, none for a schedule that means what it seems to.
 * @param fromMs changes of the clocks are looked for within a year from here
 */
export function surprisesOf(schedule: Schedule, fromMs: number): string[] {
  if (schedule.kind !== "cron") return [];
  const words = plainWords(schedule.expression);
  const fields = fieldsFor(words.length) ?? [];
  return [
    ...bothDays(words),
    ...fields.flatMap((field, index) => unevenStep(field, words[index] ?? "*", schedule)),
    ...everyUnit(words),
    ...missingDays(words),
    ...changesAround(schedule, fromMs),
  ];
}

function bothDays(words: readonly string[]): string[] {
  const { day, weekday } = fieldTexts(words);
  if (day === "*" || weekday === "*") return [];
  const either = `both the day of month '${day}' and the day of week '${weekday}' are restricted: a day that matches either of them counts`;
  const stepped = [day, weekday].find((text) => text.startsWith("*/"));
  if (stepped === undefined) return [`${either}, as in crontab(5)`];
  return [`${either}; Vixie cron and cronie take '${stepped}' for a star there and want both to match`];
}

/** A step that does not divide its field begins anew with the field. */
function unevenStep(field: Field, text: string, { written }: { written?: string }): string[] {
  if (field.name === "year" || written !== undefined) return [];
  return text.split(",").flatMap((entry) => {
    const step = Number(/^\*\/(\d+)$/.exec(entry)?.[1] ?? 0);
    if (step < 2) return [];
    const maximum = field.name === "day of week" ? 6 : field.maximum;
    const size = maximum - field.minimum + 1;
    if (step >= size)
      return [`the ${field.name} '${entry}' means ${field.minimum} alone: the step is as long as the field`];
    const last = valuesOf(field, entry).at(-1) ?? 0;
    if (field.name === "day of month")
      return [
        `the day of month '${entry}' begins anew with each month: ${last} is followed by ${field.minimum}, whatever the month's length`,
      ];
    if (size % step === 0) return [];
    const gap = maximum + 1 - last;
    return [
      `the ${field.name} '${entry}' begins anew after ${maximum}: ${last} is followed by ${field.minimum}, ${gap} instead of ${step} later`,
    ];
  });
}

/** `* 2 * * *` was probably meant to be `0 2 * * *`. */
function everyUnit(words: readonly string[]): string[] {
  const { second, minute, hour, day, month, weekday } = fieldTexts(words);
  const isPlain = (text: string) => /^\d+(,\d+)*$/.test(text);
  if (second === "*" && isPlain(minute))
    return [`every second of minute ${minute}: for one time write 0 as the second`];
  if (minute === "*" && isPlain(hour))
    return [`every minute of hour ${hour}, 60 times an hour: for one time write 0 as the minute`];
  const isDated = [day, month, weekday].some((text) => text !== "*" && !text.startsWith("*/"));
  if (minute === "*" && hour === "*" && isDated)
    return ["every minute of the days it names: for one time a day write 0 0 as the minute and the hour"];
  return [];
}

/** Days that some of its months do not have. */
function missingDays(words: readonly string[]): string[] {
  const { day, month, weekday } = fieldTexts(words);
  const [, , , days, months] = fieldsFor(7) ?? [];
  if (days === undefined || months === undefined || day === "*" || weekday !== "*") return [];
  if (day.split(",").some((entry) => isSpecialDay(days, entry))) return [];
  const first = valuesOf(days, day)[0] ?? 1;
  const without = (SHORT_MONTHS[first] ?? []).filter((each) => valuesOf(months, month).includes(each));
  if (without.length === 0) return [];
  const names = without.map((each) =>
    (months.names[each - 1] ?? "").replace(/^./, (letter) => letter.toUpperCase()),
  );
  const except = first === 29 ? " except in leap years" : "";
  return [
    `no time in ${names.join(", ")}${except}: the day ${first} is missing there; for the last day of each month write L`,
  ];
}
