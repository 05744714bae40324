// Moments as people give them to --since and --until: what journalctl takes, as far as it is not ambiguous. Pure.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { parseDuration } from "../schedule/duration.ts";
import { parseTime } from "../schedule/time-zone.ts";

export const timeForms = "2h, 10:00, yesterday, 2026-11-24, 2026-11-24T09:30:00Z";

/**
 * A duration before now ("2h", "2h ago"), a time of today ("10:00"), "today", "yesterday" (their midnights, or with a time),
 * "now", a day, an ISO 8601 time, or seconds since the epoch ("@1795665600"). Without an offset it is this machine's time.
 * @returns milliseconds since the epoch
 * @throws {DjobError} with exit code 2
 */
export function momentOf(flag: string, text: string, nowMs: number): number {
  const trimmed = text.trim();
  try {
    return read(trimmed, nowMs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DjobError(
      exitCode.usage,
      `cannot use --${flag} ${JSON.stringify(text)}: ${why}`,
      `write ${timeForms}`,
    );
  }
}

function read(text: string, nowMs: number): number {
  if (text === "now") return nowMs;
  const epoch = /^@(\d{1,11})(\.\d{1,3})?$/.exec(text);
  if (epoch !== null) return Math.round(Number(text.slice(1)) * 1000);
  const day = /^(today|yesterday)(?:[ T](\d.*))?$/.exec(text);
  if (day !== null)
    return parseTime(`${localDay(nowMs, day[1] === "yesterday" ? -1 : 0)}T${clock(day[2] ?? "00:00")}`, null);
  if (/^\d{1,2}:\d/.test(text)) return parseTime(`${localDay(nowMs, 0)}T${clock(text)}`, null);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return parseTime(`${text}T00:00`, null);
  if (/^\d{4}-/.test(text)) return parseTime(text, null);
  const ago = /^-?(.*?)(?: ago)?$/.exec(text)?.[1] ?? text;
  if (!/^\d/.test(ago)) throw new Error("it is neither a duration nor a time");
  return nowMs - parseDuration(ago);
}

/** The ISO date of the machine's own day, or of one before it. */
function localDay(nowMs: number, days: number): string {
  const date = new Date(nowMs);
  // Noon: a day may begin at 01:00, or have 23 hours.
  date.setHours(12, 0, 0, 0);
  date.setDate(date.getDate() + days);
  const parts = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"));
  return `${String(date.getFullYear()).padStart(4, "0")}-${parts.join("-")}`;
}

function clock(text: string): string {
  return /^\d:/.test(text) ? `0${text}` : text;
}
