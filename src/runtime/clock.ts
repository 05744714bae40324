// Time as the worker's parts see it, so that a test can hold it still.

import { sleptMs } from "../libc/monotonic.ts";
import { makeWallAlarm, type WallAlarm } from "../libc/wall-alarm.ts";

/** What setTimeout and setInterval can count to: 24 days. */
export const longestTimerMs = 2 ** 31 - 1;

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that nobody can set back; it stands still while the machine sleeps. */
  monotonic(): number;
  /** How long the machine has slept since its boot; null where nothing tells. */
  slept(): number | null;
  /** Calls back once after that many milliseconds. @returns how to call it off */
  after(delayMs: number, call: () => void): () => void;
  /**
   * Calls back once when the wall clock has reached a time, also when it was set or the machine slept meanwhile. There is
   * one such alarm. @returns how to call it off; null where there is none
   */
  at(timeMs: number, call: () => void): (() => void) | null;
  /** From 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

let alarm: WallAlarm | null | undefined;
let onAlarm: () => void = () => {};

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  slept: sleptMs,
  after: (delayMs, call) => startTimer(delayMs, call, true),
  at(timeMs, call) {
    if (alarm === undefined) {
      alarm = makeWallAlarm();
      process.on("SIGALRM", () => onAlarm());
    }
    if (alarm === null) return null;
    onAlarm = call;
    alarm.set(Math.ceil(timeMs));
    return () => alarm?.clear();
  },
  random: () => Math.random(),
};

/** Its timers hold no event loop. */
export const quietClock: Pick<Clock, "monotonic" | "after"> = {
  monotonic: systemClock.monotonic,
  after: (delayMs, call) => startTimer(delayMs, call, false),
};

/** A delay that setTimeout can't count is waited for in parts: it would take it for a millisecond. @returns how to call it off */
function startTimer(delayMs: number, call: () => void, holdsLoop: boolean): () => void {
  let timer: Timer | undefined;
  const wait = (restMs: number) => {
    const isLast = restMs <= longestTimerMs;
    timer = setTimeout(isLast ? call : () => wait(restMs - longestTimerMs), Math.min(restMs, longestTimerMs));
    if (!holdsLoop) timer.unref();
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}
