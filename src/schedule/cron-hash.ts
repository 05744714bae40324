// H in a cron field, as Jenkins has it: a value of the field that is always the same for one job on one host, and another for
// the next, so that a thousand machines do not all start their backup at midnight. Resolved once, into plain numbers.

import { type Field, fieldsFor } from "./cron-fields.ts";
import { beginHash, finishHash } from "./hash.ts";

/** H, H/15, H(0-29), H(0-29)/10 */
const HASHED = /^H(?:\((\d+)-(\d+)\))?(?:\/(\d+))?$/;

export function isHashed(expression: string): boolean {
  return expression.includes("H") && expression.split(/[ ,]/).some((entry) => /^H(?![a-zA-Z])/.test(entry));
}

/**
 * What is wrong with a hashed entry of a field, or null.
 * A year cannot be hashed: most of them would never come again.
 */
export function faultOfHashed(field: Field, entry: string): string | null {
  const match = HASHED.exec(entry);
  if (match === null) return "is none of H, H/15, H(0-29) and H(0-29)/10";
  if (field.name === "year") return "is hashed, and a year cannot be";
  const [, start, end, step] = match;
  if (start !== undefined && end !== undefined) {
    for (const text of [start, end]) {
      if (Number(text) < field.minimum || Number(text) > field.maximum)
        return `is not within ${field.minimum}-${field.maximum}`;
    }
    if (Number(start) > Number(end)) return "has a range that goes down";
  }
  const [from, to] = rangeOf(field, start, end);
  if (step === undefined || (Number(step) > 0 && Number(step) <= to - from + 1)) return null;
  return `has the step ${step}, and from ${from} to ${to} there are only ${to - from + 1} values`;
}

/**
 * The expression with each H replaced by numbers. The hash is that of `SEED/FIELD` (hash.ts): FNV-1a with MurmurHash3's
 * finalizer, of the seed and the field's name in English ("day of month"); a further H of the same list adds its place.
 * Days of the month are 1 to 28, so that each month has them; days of the week 0 to 6.
 * @param seed such as "host/job"
 */
export function resolveHashed(expression: string, seed: string): string {
  const begun = beginHash(seed);
  let resolved = "";
  for (const part of partsOf(expression))
    resolved += typeof part === "string" ? part : resolveEntry(part, begun);
  return resolved;
}

interface HashedEntry {
  /** What is hashed after the seed. */
  readonly suffix: string;
  readonly from: number;
  readonly to: number;
  readonly step: number | null;
}

type Part = string | HashedEntry;

/** The expression that was taken apart last: a thousand jobs of a loop have the same one. */
let latest: { readonly expression: string; readonly parts: readonly Part[] } | null = null;

function partsOf(expression: string): readonly Part[] {
  if (latest?.expression !== expression) latest = { expression, parts: takeApart(expression) };
  return latest.parts;
}

function takeApart(expression: string): Part[] {
  const words = expression.split(" ");
  const fields = fieldsFor(words.length) ?? [];
  return words.flatMap((word, index) => {
    const field = fields[index];
    const between = index === 0 ? "" : " ";
    if (field === undefined) return [between + word];
    return word
      .split(",")
      .flatMap((entry, place) => [place === 0 ? between : ",", partOf(field, entry, place)]);
  });
}

function partOf(field: Field, entry: string, place: number): Part {
  const match = HASHED.exec(entry);
  if (match === null) return entry;
  const [, start, end, step] = match;
  const [from, to] = rangeOf(field, start, end);
  const suffix = `/${field.name}${place === 0 ? "" : place}`;
  return { suffix, from, to, step: step === undefined ? null : Number(step) };
}

function resolveEntry({ suffix, from, to, step }: HashedEntry, begun: number): string {
  const hash = finishHash(begun, suffix);
  if (step === null) return String(from + (hash % (to - from + 1)));
  const first = from + (hash % step);
  return first + step > to ? String(first) : `${first}-${to}/${step}`;
}

function rangeOf(field: Field, start: string | undefined, end: string | undefined): [number, number] {
  if (start !== undefined && end !== undefined) return [Number(start), Number(end)];
  if (field.name === "day of month") return [1, 28];
  return field.name === "day of week" ? [0, 6] : [field.minimum, field.maximum];
}
