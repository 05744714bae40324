// How a worker is ended, step by step: a signal, how long to wait for its end, the next signal. Written as start-stop-daemon's
// --retry: TERM/30/KILL/5, seconds where no unit is given, "forever" for no limit; a time alone means TERM/TIME/KILL/TIME. Pure.
import { constants } from "node:os";
import { longestTimeoutMs } from "../../control/messages.ts";
import { exitCode } from "../../exit-code.ts";
import { formatDuration, formatExactDuration, parseDuration } from "../../schedule/duration.ts";
import { DjobError } from "../error.ts";

export interface StopStep {
  readonly signal: string;
  /** null: for ever. */
  readonly waitMs: number | null;
}

/** How long a process that got KILL may take to be gone. */
const afterKillMs = 5_000;

export function usualSchedule(signal: string, timeoutMs: number): StopStep[] {
  return [
    { signal, waitMs: timeoutMs },
    { signal: "SIGKILL", waitMs: afterKillMs },
  ];
}

/** @throws {DjobError} with exit code 2 */
export function parseSchedule(text: string): StopStep[] {
  const parts = text.split("/");
  if (parts.length === 1) {
    const waitMs = parseWait(text, text);
    return [
      { signal: "SIGTERM", waitMs },
      { signal: "SIGKILL", waitMs },
    ];
  }
  const steps: StopStep[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const signal = parseSignal(parts[index] ?? "");
    const wait = parts[index + 1];
    steps.push({ signal, waitMs: wait === undefined ? afterKillMs : parseWait(wait, text) });
  }
  return steps;
}

/** What parseSchedule reads. */
export function formatSchedule(steps: readonly StopStep[]): string {
  return steps
    .map(
      ({ signal, waitMs }) =>
        `${signal.slice(3)}/${waitMs === null ? "forever" : formatExactDuration(waitMs)}`,
    )
    .join("/");
}

/** How long all of it may take; null: for ever. */
export function scheduleMs(steps: readonly StopStep[]): number | null {
  return steps.reduce<number | null>(
    (total, { waitMs }) => (total === null || waitMs === null ? null : total + waitMs),
    0,
  );
}

/** "TERM", "-TERM", "SIGTERM", "15". @returns "SIGTERM" @throws {DjobError} with exit code 2 */
export function parseSignal(text: string): string {
  const word = text.replace(/^-/, "").toUpperCase();
  const byNumber = Object.entries(constants.signals).find(([, number]) => String(number) === word);
  const name = byNumber?.[0] ?? (word.startsWith("SIG") ? word : `SIG${word}`);
  if (Object.hasOwn(constants.signals, name)) return name;
  throw new DjobError(
    exitCode.usage,
    `there is no signal ${JSON.stringify(text)}`,
    "write a name or a number, such as TERM, HUP or 15 (kill -l lists them)",
  );
}

function parseWait(text: string, schedule: string): number | null {
  if (text === "forever") return null;
  try {
    const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
    if (waitMs <= longestTimeoutMs) return waitMs;
  } catch {
    // Told below.
  }
  throw new DjobError(
    exitCode.usage,
    `cannot use the stop schedule ${schedule}: ${JSON.stringify(text)} is no time of up to ${formatDuration(longestTimeoutMs)}`,
    "write SIGNAL/TIME pairs such as TERM/30/KILL/5",
  );
}
