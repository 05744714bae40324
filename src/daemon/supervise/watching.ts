// When a worker that runs has to make room: it does not answer, or it has used too much memory for too long. Pure: the caller
// gives the time, monotonic, which stands still while the machine sleeps.

/** A ping that has not been answered yet, and when the supervisor last looked. */
export interface PulseState {
  readonly sentMs: number | null;
  readonly lookedMs: number;
}

/** The supervisor looks that often within the time that a worker has. */
export const looksWithin = 3;

/** @returns what to do now: the time has come to ping, or it is over */
export function feelPulse(
  { sentMs, lookedMs }: PulseState,
  nowMs: number,
  allowedMs: number,
): { readonly state: PulseState; readonly action: "none" | "ping" | "dead" } {
  const sent = { sentMs: nowMs, lookedMs: nowMs };
  // The supervisor itself has stood still, so that it can't tell how long the worker has.
  const wasAway = nowMs - lookedMs >= (2 * allowedMs) / looksWithin;
  if (sentMs === null || wasAway) return { state: sent, action: "ping" };
  const isDead = nowMs - sentMs >= allowedMs;
  return { state: { sentMs, lookedMs: nowMs }, action: isDead ? "dead" : "none" };
}

export interface MemoryState {
  readonly aboveSinceMs: number | null;
  /** Exchanges of the worker in a row that did not help for long, and when the last one was. */
  readonly exchanges: number;
  readonly exchangedMs: number;
}

export const noMemoryState: MemoryState = { aboveSinceMs: null, exchanges: 0, exchangedMs: 0 };

/** Shorter peaks are let pass. */
const longestPeakMs = 3_000;
/** After an exchange the next one waits for that long, and twice as long each time. */
const firstPauseMs = 10_000;
const longestPauseMs = 600_000;
/** An exchange that helped for longer than that was a good one. */
const helpedMs = 1_200_000;

/** @param usedBytes null: not known. @returns `forMs`: how long it has been above, if the worker has to be exchanged now */
export function weigh(
  state: MemoryState,
  usedBytes: number | null,
  limitBytes: number,
  nowMs: number,
): { readonly state: MemoryState; readonly forMs: number | null } {
  if (usedBytes === null || usedBytes <= limitBytes)
    return { state: { ...state, aboveSinceMs: null }, forMs: null };
  const { exchanges, exchangedMs } = state;
  const aboveSinceMs = state.aboveSinceMs ?? nowMs;
  const forMs = nowMs - aboveSinceMs;
  const pauseMs = exchanges === 0 ? 0 : Math.min(firstPauseMs * 2 ** (exchanges - 1), longestPauseMs);
  if (forMs < longestPeakMs || nowMs - exchangedMs < pauseMs)
    return { state: { ...state, aboveSinceMs }, forMs: null };
  const inRow = exchanges === 0 || nowMs - exchangedMs > helpedMs ? 1 : exchanges + 1;
  return { state: { aboveSinceMs: null, exchanges: inRow, exchangedMs: nowMs }, forMs };
}
