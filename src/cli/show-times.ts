// Times and spans as people see them, in this machine's time zone.
import type { JobStatus } from "../control/messages.ts";
import { formatDuration } from "../schedule/duration.ts";

/** "2m 3s"; never an empty or a negative span. */
export function span(durationMs: number): string {
  return formatDuration(Math.max(0, Math.floor(durationMs / 1000) * 1000));
}

/** When it starts, and of which time, where a jitter puts it off. */
export function nextText({ next, delayMs, state }: Pick<JobStatus, "next" | "delayMs" | "state">): string {
  // Its times go by, and are skipped.
  if (next === null || state === "paused") return "-";
  const starts = span(Date.parse(next) + delayMs - Date.now());
  const late = delayMs === 0 ? "" : `, ${formatDuration(Math.max(1, Math.round(delayMs)))} later`;
  return `${shortTime(next)} (in ${starts}${late})`;
}

/** 2026-11-21 09:30:00, in this machine's time zone. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** As localTime, and without the date for a time of today, so that a table of jobs fits a terminal. */
export function shortTime(iso: string, nowMs = Date.now()): string {
  const text = localTime(iso);
  const today = localTime(new Date(nowMs).toISOString()).slice(0, "2026-11-21".length);
  return text.startsWith(today) ? text.slice(today.length + 1) : text;
}
