// Time as the worker's parts see it, so that a test can hold it still.

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that nobody can set back; it stands still while the machine sleeps. */
  monotonic(): number;
  /** Calls back once after that many milliseconds. @returns how to call it off */
  after(delayMs: number, call: () => void): () => void;
  /** From 0 (inclusive) to 1 (exclusive). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, call) => {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
