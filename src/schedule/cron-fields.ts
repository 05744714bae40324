// The fields of a cron expression and what may stand in them: 5 as in crontab(5), a sixth in front for seconds, a
// seventh at the end for years.

export interface Field {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number;
  /** The number of names[0] is `minimum`; both the short and the full forms count, in any case. */
  readonly names: readonly string[];
}

const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const DAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");
const SECOND: Field = { name: "second", minimum: 0, maximum: 59, names: [] };
const YEAR: Field = { name: "year", minimum: 1970, maximum: 2999, names: [] };
const FIVE: readonly Field[] = [
  { name: "minute", minimum: 0, maximum: 59, names: [] },
  { name: "hour", minimum: 0, maximum: 23, names: [] },
  { name: "day of month", minimum: 1, maximum: 31, names: [] },
  { name: "month", minimum: 1, maximum: 12, names: MONTHS },
  { name: "day of week", minimum: 0, maximum: 7, names: DAYS },
];

/** The fields of an expression of so many words, or null if there is none. */
export function fieldsFor(count: number): readonly Field[] | null {
  if (count === 5) return FIVE;
  if (count === 6) return [SECOND, ...FIVE];
  return count === 7 ? [SECOND, ...FIVE, YEAR] : null;
}

/** An expression's words by what they are for. */
export interface FieldTexts {
  readonly second: string;
  readonly minute: string;
  readonly hour: string;
  readonly day: string;
  readonly month: string;
  readonly weekday: string;
  readonly year: string;
}

/** @param words 5 to 7 of them */
export function fieldTexts(words: readonly string[]): FieldTexts {
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = "", year = "*"] =
    words.length === 5 ? ["0", ...words] : words;
  return { second, minute, hour, day, month, weekday, year };
}

/** L, LW and 15W in the day of month; 5L, FRI#2 and FRI#L in the day of week. */
export function isSpecialDay(field: Field, entry: string): boolean {
  if (field.name === "day of month") {
    if (/^(L|LW)$/i.test(entry)) return true;
    const day = /^(\d+)W$/i.exec(entry)?.[1];
    return day !== undefined && numberOf(field, day) !== null;
  }
  if (field.name !== "day of week") return false;
  const weekday = /^(\w+?)(?:#[1-5L]|L)$/i.exec(entry)?.[1];
  return weekday !== undefined && numberOf(field, weekday) !== null;
}

/** The number that a word of a field means, or null. */
export function numberOf(field: Field, text: string): number | null {
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    return value >= field.minimum && value <= field.maximum ? value : null;
  }
  const lower = text.toLowerCase();
  const index = field.names.findIndex((name) => name === lower || name.slice(0, 3) === lower);
  return index < 0 ? null : index + field.minimum;
}

/** All values of a field's valid text, ascending; Sunday is 0. Special days are left out. */
export function valuesOf(field: Field, text: string): number[] {
  const values = new Set<number>();
  for (const entry of text.split(",")) {
    if (isSpecialDay(field, entry)) continue;
    const [range = "", step] = entry.split("/");
    const [from, to] = endsOf(field, range, step !== undefined);
    for (let value = from; value <= to; value += Number(step ?? 1)) {
      values.add(field.name === "day of week" ? value % 7 : value);
    }
  }
  return [...values].sort((a, b) => a - b);
}

/** A start with a step and without an end goes on to the field's end, as Bun.cron.parse reads it. */
function endsOf(field: Field, range: string, hasStep: boolean): [number, number] {
  if (range === "*") return [field.minimum, field.name === "day of week" ? 6 : field.maximum];
  const [start = "", end] = range.split("-");
  const from = numberOf(field, start) ?? 0;
  if (end === undefined) return [from, hasStep ? field.maximum : from];
  return [from, numberOf(field, end) ?? 0];
}
