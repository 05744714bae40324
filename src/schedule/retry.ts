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
  const plainMs = policy.delayMs * policy.factor ** (attempt - 1);
  return spreadDelay(plainMs, policy.maximumDelayMs, policy.jitter, random);
}
