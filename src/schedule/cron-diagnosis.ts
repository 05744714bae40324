// Why Bun.cron.parse refused an expression, in words that name the field and the value. Bun's own message does not
// ("value out of range for field"). Only refused expressions come here, so what this file lets pass changes nothing.

import { closest } from "fastest-levenshtein";

export interface Diagnosis {
  reason: string;
  hint?: string;
}

interface Field {
  name: string;
  minimum: number;
  maximum: number;
  /** The number of names[0] is `minimum`; both the short and the full forms count, in any case. */
  names: readonly string[];
}

const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const DAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");
const FIELDS: readonly Field[] = [
  { name: "minute", minimum: 0, maximum: 59, names: [] },
  { name: "hour", minimum: 0, maximum: 23, names: [] },
  { name: "day of month", minimum: 1, maximum: 31, names: [] },
  { name: "month", minimum: 1, maximum: 12, names: MONTHS },
  { name: "day of week", minimum: 0, maximum: 7, names: DAYS },
];
const FIELD_ORDER = "the fields are minute, hour, day of month, month, day of week";
const NICKNAMES = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** The first thing wrong with the expression, or null if this file sees nothing wrong with it. */
export function diagnoseCron(expression: string): Diagnosis | null {
  const words = expression.trim().split(/\s+/);
  const [first = ""] = words;
  if (first === "") return { reason: "it is empty", hint: FIELD_ORDER };
  if (first.startsWith("@")) return diagnoseNickname(first.toLowerCase(), words.slice(1).join(" "));
  if (words.length === 6) {
    return {
      reason: "6 fields: seconds are not supported in this version",
      hint: 'leave out the field for seconds, or use "every 10s"',
    };
  }
  if (words.length !== 5) return { reason: `needs 5 fields, got ${words.length}`, hint: FIELD_ORDER };
  for (const [index, field] of FIELDS.entries()) {
    const found = diagnoseField(field, words[index] ?? "");
    if (found !== null) return found;
  }
  return null;
}

function diagnoseNickname(nickname: string, rest: string): Diagnosis {
  if (nickname === "@reboot") {
    return {
      reason: "@reboot is not supported in this version",
      hint: 'what stands at the top of a module runs at every start; "always" keeps a job running',
    };
  }
  if (nickname === "@every") {
    return { reason: "there is no nickname @every", hint: `write "every ${rest === "" ? "10s" : rest}"` };
  }
  if (NICKNAMES.includes(nickname))
    return { reason: `${nickname} must stand alone`, hint: `leave out '${rest}'` };
  return {
    reason: `there is no nickname ${nickname}`,
    hint: `did you mean ${closest(nickname, NICKNAMES)}?`,
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

function diagnoseEntry(field: Field, entry: string): Diagnosis | null {
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

function numberOf(field: Field, text: string): number | null {
  if (/^\d+$/.test(text)) {
    const value = Number(text);
    return value >= field.minimum && value <= field.maximum ? value : null;
  }
  const lower = text.toLowerCase();
  const index = field.names.findIndex((name) => name === lower || name.slice(0, 3) === lower);
  return index < 0 ? null : index + field.minimum;
}

function outside(field: Field, text: string): Diagnosis {
  const { name, minimum, maximum, names } = field;
  const short = names.map((each) => each.slice(0, 3).toUpperCase());
  const words = short.length > 0 ? ` or ${short[0]}-${short.at(-1)}` : "";
  const reason = `${name} '${text}' is not within ${minimum}-${maximum}${words}`;
  const abbreviation = text.slice(0, 3).toUpperCase();
  if (short.includes(abbreviation)) return { reason, hint: `write ${abbreviation}` };
  if (/^(L|LW|\?|H|\d+[LW]|.*[#~].*|H\(.*\))$/i.test(text)) {
    return { reason, hint: "L, W, #, ?, ~ and H are not supported in this version" };
  }
  return { reason };
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
