// Whether a failed attempt is followed by another, and when. Pure: the caller gives the randomness.

export interface RetryPolicy {
  /** In all, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maximumDelayMs: number;
  /** A share from 0 to 1 to both sides, or "full": anything from 0 to the delay. */
  readonly jitter: number | "full";
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
  const plainMs = plainDelay(policy, attempt);
  const spreadMs =
    policy.jitter === "full" ? plainMs * random : plainMs * (1 + policy.jitter * (2 * random - 1));
  return Math.round(Math.min(spreadMs, policy.maximumDelayMs));
}

/** No next attempt comes later than that after one has failed. */
export function longestRetryDelay(policy: RetryPolicy, attempt: number): number {
  const share = policy.jitter === "full" ? 0 : policy.jitter;
  return Math.min(plainDelay(policy, attempt) * (1 + share), policy.maximumDelayMs);
}

function plainDelay({ delayMs, factor, maximumDelayMs }: RetryPolicy, attempt: number): number {
  return Math.min(delayMs * factor ** (attempt - 1), maximumDelayMs);
}
