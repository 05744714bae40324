// How long an `always` job waits before it starts again: exponentially longer while it keeps ending early, from the
// beginning again once it has run for a while. Pure: the caller gives the randomness.

export interface BackOffState {
  /** Restarts in a row after runs that ended early. */
  attempts: number;
}

export interface BackOffOptions {
  /** A run longer than this was healthy: what follows it counts as the first restart. */
  healthyMs: number;
  initialMs: number;
  factor: number;
  maximumMs: number;
  /** @default {0} */
  jitter?: Jitter;
}

/**
 * "full" spreads a delay over 0 to its full length (many daemons that lost one server); a number from 0 to 1 spreads it by that
 * share to both sides.
 */
export type Jitter = "full" | number;

/** The state of a job that has not been restarted yet. */
export const FIRST_BACK_OFF: Readonly<BackOffState> = { attempts: 0 };

/** 1 s, 2 s, 4 s … 1 min; a run of over a minute, the longest delay, makes the next restart quick again. */
export const ALWAYS_BACK_OFF: Readonly<BackOffOptions> = {
  healthyMs: 60_000,
  initialMs: 1_000,
  factor: 2,
  maximumMs: 60_000,
  jitter: 0.1,
};

/**
 * @param ranForMs how long the run that just ended had lasted
 * @param random drawn by the caller, from 0 (inclusive) to 1 (exclusive)
 * @returns whole milliseconds to wait, and the state for the next call
 */
export function nextBackOff(
  state: Readonly<BackOffState>,
  options: Readonly<BackOffOptions>,
  ranForMs: number,
  random: number,
): { delayMs: number; state: BackOffState } {
  const attempts = ranForMs > options.healthyMs ? 0 : state.attempts;
  const plainMs = options.initialMs * options.factor ** attempts;
  const delayMs = spreadDelay(plainMs, options.maximumMs, options.jitter ?? 0, random);
  return { delayMs, state: { attempts: attempts + 1 } };
}

/** @returns whole milliseconds, never above `maximumMs` */
export function spreadDelay(delayMs: number, maximumMs: number, jitter: Jitter, random: number): number {
  // A factor to a high power is infinite, and of no delay at all that is no number.
  const plainMs = delayMs > 0 ? Math.min(delayMs, maximumMs) : 0;
  const spreadMs = jitter === "full" ? plainMs * random : plainMs * (1 + jitter * (2 * random - 1));
  return Math.round(Math.min(spreadMs, maximumMs));
}
