// The time fields of a crontab's line, in what cronie and supercronic accept, turned into a cron expression of djob's. Of six
// fields the last is a year, of seven the first are seconds as well, both as supercronic has it. Pure.
import { diagnoseEntry } from "../../../schedule/cron-diagnosis.ts";
import { type Field, fieldsFor, numberOf } from "../../../schedule/cron-fields.ts";

/** A word of a line, with its place in it. */
export interface Word {
  readonly text: string;
  /** From 0. */
  readonly at: number;
}

export interface Fault {
  /** From 0, in the line. */
  readonly at: number;
  readonly reason: string;
  readonly hint: string | null;
}

export type ReadFields =
  | { readonly expression: string; readonly count: number; readonly fault: null }
  | { readonly fault: Fault };

const [second, minute, hour, day, month, weekday, year] = fieldsFor(7) ?? [];
const layouts: ReadonlyMap<number, ReadonlyArray<Field | undefined>> = new Map([
  [7, [second, minute, hour, day, month, weekday, year]],
  [6, [minute, hour, day, month, weekday, year]],
  [5, [minute, hour, day, month, weekday]],
]);

/**
 * The longest row of fields that is valid, as supercronic chooses it.
 * @param words at least five
 * @param rest how many words a line has at least after them
 */
export function readFields(words: readonly Word[], rest: number): ReadFields {
  for (const [count, layout] of layouts) {
    if (words.length < count + rest) continue;
    const texts = translateAll(words, layout);
    if (Array.isArray(texts)) return { expression: expressionOf(texts), count, fault: null };
  }
  const likely = likelyCount(words, rest);
  const texts = translateAll(words, layouts.get(likely) ?? []);
  if (!Array.isArray(texts)) return { fault: texts };
  // Five of them are valid, and nothing, or too little, follows.
  const { text, at } = words.at(-1) ?? { text: "", at: 0 };
  const missing = rest === 1 || words.length === likely ? "a command" : "a command after the user";
  const hint = rest === 1 ? null : "in a system crontab the user is before the command";
  return { fault: { at: at + text.length, reason: `the line needs ${missing}`, hint } };
}

/** Which fields its author meant, of a line of which no row is valid. */
function likelyCount(words: readonly Word[], rest: number): number {
  let count = 5;
  while (count < 7 && words.length > count + rest && /^[*?\d][*?\d,/-]*$/.test(words[count]?.text ?? ""))
    count += 1;
  return count;
}

function translateAll(words: readonly Word[], layout: ReadonlyArray<Field | undefined>): string[] | Fault {
  const texts: string[] = [];
  for (const [index, field] of layout.entries()) {
    const word = words[index];
    if (field === undefined || word === undefined) break;
    const text = translate(field, word);
    if (typeof text !== "string") return text;
    texts.push(text);
  }
  return texts;
}

function translate(field: Field, { text, at }: Word): string | Fault {
  const entries: string[] = [];
  let offset = 0;
  for (const written of text.split(",")) {
    // supercronic takes an empty entry for none.
    if (written !== "") {
      const entry = translateEntry(field, written);
      const found = entry === null ? randomFault(field, written) : diagnoseEntry(field, entry);
      if (found !== null) return { at: at + offset, reason: found.reason, hint: found.hint ?? null };
      if (entry !== null) entries.push(entry);
    }
    offset += written.length + 1;
  }
  // A list with a star in it is a star: otherwise its days would count as restricted.
  if (entries.length > 0) return entries.includes("*") ? "*" : entries.join(",");
  return { at, reason: `${field.name} '${text}' names nothing`, hint: "write *" };
}

/** @returns null for a random value that there can't be */
function translateEntry(field: Field, entry: string): string | null {
  if (entry === "?") return "*";
  if (entry.includes("~")) return randomValue(field, entry);
  const range = /^([^-/]+)-([^-/]+)(\/\d+)?$/.exec(entry);
  if (range === null || field.name !== "day of week") return entry;
  const [, start = "", end = "", step = ""] = range;
  const goesDown = (numberOf(field, start) ?? 0) > 0 && numberOf(field, end) === 0;
  // FRI-SUN: cronie's.
  return goesDown ? `${start}-7${step}` : entry;
}

/** cronie picks one value of the range whenever it reads the file; here it is one for each job and host, as of H. */
function randomValue(field: Field, entry: string): string | null {
  const [start = "", end = "", ...more] = entry.split("~");
  const highest = field.name === "day of week" ? 6 : field.maximum;
  const from = start === "" ? field.minimum : numberOf(field, start);
  const to = end === "" ? highest : numberOf(field, end);
  const isPossible = more.length === 0 && from !== null && to !== null && from <= to && field.name !== "year";
  return isPossible ? `H(${from}-${to})` : null;
}

function randomFault({ name, minimum, maximum }: Field, entry: string): { reason: string; hint?: string } {
  if (name === "year") return { reason: `year '${entry}' is random, and a year cannot be` };
  return {
    reason: `${name} '${entry}' is no random value`,
    hint: `write ~ or such as ${minimum}~${maximum}, the lower one first`,
  };
}

/** What has neither seconds nor a year is five fields again. */
function expressionOf(texts: readonly string[]): string {
  const hasSeconds = texts.length === 7;
  const years = texts.length > 5 ? (texts.at(-1) ?? "*") : "*";
  const seconds = hasSeconds ? (texts[0] ?? "0") : "0";
  const five = hasSeconds ? texts.slice(1, 6) : texts.slice(0, 5);
  if (years !== "*") return [seconds, ...five, years].join(" ");
  return seconds === "0" ? five.join(" ") : [seconds, ...five].join(" ");
}
