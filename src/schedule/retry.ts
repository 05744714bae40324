// Whether a failed attempt is followed by another, and when. Pure: the caller gives the randomness.
import { type Jitter, spreadDelay } from "./back-off.ts";

export interface RetryPolicy {
  /** In all, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maximumDelayMs: number;
  readonly jitter: Jitter;
  /** Whether an error is worth it; null: each is. */
  readonly when: ((error: unknown) => boolean) | null;
}

/**
 * @param attempt the one that has failed, from 1
 * @param random from 0 (inclusive) to 1 (exclusive)
 * @returns whole milliseconds until the next attempt; null: that was the last
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  error: unknown,
  random: number,
): number | null {
  if (attempt >= policy.attempts || !(policy.when?.(error) ?? true)) return null;
  return spreadDelay(plainDelay(policy, attempt), policy.maximumDelayMs, policy.jitter, random);
}

/** No next attempt comes later than that after one has failed. */
export function longestRetryDelay(policy: RetryPolicy, attempt: number): number {
  const share = policy.jitter === "full" ? 0 : policy.jitter;
  return Math.min(plainDelay(policy, attempt) * (1 + share), policy.maximumDelayMs);
}

/** A factor to a high power is infinite, and of no delay at all that is no number. */
function plainDelay({ delayMs, factor, maximumDelayMs }: RetryPolicy, attempt: number): number {
  return delayMs > 0 ? Math.min(delayMs * factor ** (attempt - 1), maximumDelayMs) : 0;
}
