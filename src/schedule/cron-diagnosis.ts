// What is wrong with a cron expression, in words that name the field and the value, which Bun's own messages do not
// ("value out of range for field"). Five plain fields come here only once Bun has refused them; what has seconds, a
// year, L, W, # or H always does, so for those this is the rule.

import { closest } from "fastest-levenshtein";
import { type Field, fieldsFor, isSpecialDay, numberOf } from "./cron-fields.ts";
import { faultOfHashed } from "./cron-hash.ts";
import { NICKNAMES } from "./cron-wall.ts";

export interface Diagnosis {
  reason: string;
  hint?: string;
}

const FIELD_ORDER =
  "the fields are minute, hour, day of month, month, day of week; with 6, seconds come first, with 7 a year last";
const nicknames: readonly string[] = [...Object.keys(NICKNAMES), "@reboot"];

export function isNickname(word: string): boolean {
  return nicknames.includes(word.toLowerCase());
}

/** The first thing wrong with the expression, or null if this file sees nothing wrong with it. */
export function diagnoseCron(expression: string): Diagnosis | null {
  const words = expression.trim().split(/\s+/);
  const [first = ""] = words;
  if (first === "") return { reason: "it is empty", hint: FIELD_ORDER };
  if (first.startsWith("@")) return diagnoseNickname(first.toLowerCase(), words.slice(1).join(" "));
  const fields = fieldsFor(words.length);
  if (fields === null) return { reason: `needs 5 to 7 fields, got ${words.length}`, hint: FIELD_ORDER };
  for (const [index, field] of fields.entries()) {
    const found = diagnoseField(field, words[index] ?? "");
    if (found !== null) return found;
  }
  return null;
}

function diagnoseNickname(nickname: string, rest: string): Diagnosis {
  if (nickname === "@every") {
    return { reason: "there is no nickname @every", hint: `write "every ${rest === "" ? "10s" : rest}"` };
  }
  if (isNickname(nickname)) return { reason: `${nickname} must stand alone`, hint: `leave out '${rest}'` };
  return {
    reason: `there is no nickname ${nickname}`,
    hint: `did you mean ${closest(nickname, [...nicknames])}?`,
  };
}

function diagnoseField(field: Field, text: string): Diagnosis | null {
  for (const entry of text.split(",")) {
    if (entry === "") {
      return { reason: `${field.name} '${text}' has an empty entry in its list`, hint: "leave out a comma" };
    }
    const found = diagnoseEntry(field, entry);
    if (found !== null) return found;
  }
  return null;
}

/** The same for one entry of a field's list. */
export function diagnoseEntry(field: Field, entry: string): Diagnosis | null {
  if (/^H(?![a-zA-Z])/.test(entry)) {
    const fault = faultOfHashed(field, entry);
    return fault === null
      ? null
      : { reason: `${field.name} '${entry}' ${fault}`, hint: "write H, or such as H(0-29)/10" };
  }
  if (isSpecialDay(field, entry)) return null;
  const special = diagnoseSpecial(field, entry);
  if (special !== null) return special;
  const [range = "", step, ...more] = entry.split("/");
  if (more.length > 0) return { reason: `${field.name} '${entry}' has more than one step` };
  if (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0)) {
    return {
      reason: `${field.name} '${entry}' has the step '${step}'`,
      hint: "a step is a whole number from 1 up",
    };
  }
  if (range === "*") return null;
  const ends = range.split("-");
  // "-5" is a value below the range, not a range without its start.
  const texts = ends.length === 2 && !ends.includes("") ? ends : [range];
  for (const text of texts) {
    if (numberOf(field, text) === null) return outside(field, text);
  }
  const [start = 0, end = start] = texts.map((text) => numberOf(field, text) ?? 0);
  return start > end ? descending(field, entry, texts) : null;
}

function outside(field: Field, text: string): Diagnosis {
  const { name, minimum, maximum, names } = field;
  const short = names.map((each) => each.slice(0, 3).toUpperCase());
  const words = short.length > 0 ? ` or ${short[0]}-${short.at(-1)}` : "";
  const reason = `${name} '${text}' is not within ${minimum}-${maximum}${words}`;
  const abbreviation = text.slice(0, 3).toUpperCase();
  if (short.includes(abbreviation)) return { reason, hint: `write ${abbreviation}` };
  if (text === "?") return { reason, hint: "write *" };
  if (text.includes("~"))
    return { reason, hint: "for a time that is the job's own, write H, or such as H(0-29)" };
  if (/^h/.test(text)) return { reason, hint: "a hashed value is written with a capital H" };
  return { reason };
}

/** L, W and # where they mean nothing. */
function diagnoseSpecial(field: Field, entry: string): Diagnosis | null {
  const { name } = field;
  const isSpecial = /[#]/.test(entry) || /^(L|LW|\d+-?\d*[LW]|L-\d+)$/i.test(entry);
  if (!isSpecial) return null;
  const reason = `${name} '${entry}' is not valid`;
  if (name === "day of month") {
    if (/^\d+W$/i.test(entry)) return outside(field, entry.slice(0, -1));
    if (/^L-/i.test(entry))
      return { reason, hint: "days before the last one cannot be counted; write L, or such as 28" };
    return {
      reason,
      hint: "write L for the last day, LW for the last weekday, 15W for the weekday nearest to the 15th",
    };
  }
  if (name === "day of week") {
    if (/^L$/i.test(entry)) return { reason, hint: "write SAT, or 6L for the last Saturday of the month" };
    return { reason, hint: "write FRI#2 for the second Friday of the month (1 to 5), FRIL for the last" };
  }
  return {
    reason,
    hint: "L, W and # belong into the day of month (third of five fields) and the day of week (fifth)",
  };
}

function descending(field: Field, entry: string, [start = "", end = ""]: string[]): Diagnosis {
  const isDay = field.name === "day of week";
  const last = isDay ? (/^\d/.test(start) ? "6" : "SAT") : String(field.maximum);
  const first = isDay && !/^\d/.test(end) ? "SUN" : String(field.minimum);
  return {
    reason: `${field.name} '${entry}' is a range that goes down`,
    hint: `write '${start}-${last},${first}-${end}'`,
  };
}
