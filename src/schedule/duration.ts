// Durations as people write and read them: "500ms", "10s", "1m30s", "2d". A number without a unit is refused,
// because cron people read it as minutes, systemd people as seconds and JavaScript people as milliseconds.

import { ScheduleError } from "./schedule-error.ts";

const UNITS = [
  { symbol: "w", unitMs: 604_800_000 },
  { symbol: "d", unitMs: 86_400_000 },
  { symbol: "h", unitMs: 3_600_000 },
  { symbol: "m", unitMs: 60_000 },
  { symbol: "s", unitMs: 1_000 },
  { symbol: "ms", unitMs: 1 },
] as const;
const UNIT_LIST = "ms, s, m, h, d, w";
/** What people write for a unit. */
const WORDS = [
  [/^milli/i, "ms"],
  [/^sec/i, "s"],
  [/^min/i, "m"],
  [/^h(ou)?r/i, "h"],
  [/^day/i, "d"],
  [/^(week|wk)/i, "w"],
] as const;
export const longestDurationMs = 3_653 * 86_400_000;
const PART = /^(\d+(?:\.\d+)?)([a-zA-Zµ]*) ?/;

/**
 * Reads a duration: one or more numbers, each with its unit (ms, s, m, h, d, w), from the largest unit to the smallest.
 * @returns whole milliseconds, from 0 to ten years
 * @throws {ScheduleError} If the text is anything else.
 */
export function parseDuration(text: string): number {
  let rest = text.trim();
  if (rest === "") throw refused(text, "it is empty", 'write a number with its unit, such as "10s"');
  if (/^[-−]/.test(rest)) throw refused(text, "it is negative", "durations start at 0");

  let totalMs = 0;
  let smallest = -1;
  while (rest !== "") {
    const part = PART.exec(rest);
    if (part === null) throw refused(text, `'${rest}' is not a number with a unit`, example());
    const [whole, amount = "", symbol = ""] = part;
    const index = indexOfUnit(text, amount, symbol, rest.slice(whole.length));
    if (index === smallest) throw refused(text, `the unit '${symbol}' stands twice`, example());
    if (index < smallest) throw refused(text, "its units do not go from large to small", example());
    smallest = index;
    totalMs += Number(amount) * (UNITS[index]?.unitMs ?? Number.NaN);
    rest = rest.slice(whole.length);
  }
  return wholeMilliseconds(text, totalMs);
}

/** A duration for people, in at most two units (the rest is cut off): "250ms", "1m 30s", "3d 4h". */
export function formatDuration(durationMs: number): string {
  return format(durationMs, 2, " ");
}

/** The duration with nothing cut off, in the form that parseDuration reads: "1m30s", "1d5s250ms". */
export function formatExactDuration(durationMs: number): string {
  return format(durationMs, UNITS.length, "");
}

function format(durationMs: number, maximumUnits: number, separator: string): string {
  if (!Number.isFinite(durationMs)) return String(durationMs);
  let restMs = Math.round(Math.abs(durationMs));
  if (restMs === 0) return "0s";
  const sign = durationMs < 0 ? "-" : "";
  const parts: string[] = [];
  for (const { symbol, unitMs } of UNITS) {
    // "10d" is easier to grasp than "1w 3d", so weeks are for whole weeks only.
    if (restMs < unitMs || (symbol === "w" && restMs % unitMs !== 0)) continue;
    parts.push(`${Math.floor(restMs / unitMs)}${symbol}`);
    restMs %= unitMs;
    if (parts.length === maximumUnits) break;
  }
  return sign + parts.join(separator);
}

/** @param rest what follows: of "5 minutes" the word */
function indexOfUnit(text: string, amount: string, symbol: string, rest: string): number {
  const index = UNITS.findIndex((unit) => unit.symbol === symbol);
  if (index >= 0) return index;
  const meant = WORDS.find(([word]) => word.test(symbol === "" ? rest : symbol))?.[1];
  const units = `(units: ${UNIT_LIST})`;
  if (symbol === "")
    throw refused(text, `'${amount}' has no unit`, `add a unit: "${amount}${meant ?? "s"}" ${units}`);
  const hint = meant === undefined ? `the units are ${UNIT_LIST}` : `write "${amount}${meant}" ${units}`;
  throw refused(text, `there is no unit '${symbol}'`, hint);
}

function wholeMilliseconds(text: string, totalMs: number): number {
  // Not `>` alone: NaN has to end here too.
  if (!(totalMs <= longestDurationMs)) throw refused(text, "it is longer than 10 years", "use a shorter one");
  const roundedMs = Math.round(totalMs);
  if (Math.abs(roundedMs - totalMs) > 1e-4) {
    throw refused(text, "it is finer than a millisecond", "round it to whole milliseconds");
  }
  return roundedMs;
}

function refused(text: string, reason: string, hint: string): ScheduleError {
  return new ScheduleError(`cannot read the duration "${text}": ${reason}`, hint);
}

function example(): string {
  return 'write it as "500ms", "10s", "1m30s" or "2d"';
}
