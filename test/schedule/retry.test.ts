// Whether and when a failed attempt is followed by another.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { longestRetryDelay, type RetryPolicy, retryDelay } from "../../src/schedule/retry.ts";

const policy: RetryPolicy = {
  attempts: 4,
  delayMs: 1_000,
  factor: 3,
  maximumDelayMs: 5_000,
  jitter: 0,
  when: null,
};

test("each delay is longer by the factor, up to the longest, and the last attempt is the last", () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelay(policy, attempt, null, 0.5))).toEqual([
    1_000,
    3_000,
    5_000,
    null,
  ]);
});

test("however often it is tried, the delay is a number", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 1_000),
      fc.constantFrom(1, 2, 100),
      fc.integer({ min: 1, max: 999_999 }),
      (delayMs, factor, attempt) => {
        const often = { ...policy, attempts: 1_000_000, delayMs, factor };
        const plainMs = delayMs === 0 ? 0 : Math.min(delayMs * factor ** (attempt - 1), 5_000);
        expect(retryDelay(often, attempt, null, 0.5)).toBe(plainMs);
      },
    ),
  );
  expect(retryDelay({ ...policy, attempts: 2_000, delayMs: 0, factor: 2 }, 1_500, null, 0.5)).toBe(0);
});

test("an error that is not worth it is not tried again", () => {
  const when = (error: unknown) => error instanceof TypeError;
  expect(retryDelay({ ...policy, when }, 1, new TypeError("again"), 0.5)).toBe(1_000);
  expect(retryDelay({ ...policy, when }, 1, new RangeError("no"), 0.5)).toBeNull();
});

test("no delay is longer than the longest of its attempt, which some come near", () => {
  const policies = fc.record({
    delayMs: fc.nat(10_000),
    factor: fc.integer({ min: 1, max: 4 }),
    maximumDelayMs: fc.nat(50_000),
    jitter: fc.oneof(fc.constant("full" as const), fc.constantFrom(0, 0.3, 1)),
  });
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (some, attempt, random) => {
        const whole = { ...policy, ...some, attempts: 9 };
        const longestMs = longestRetryDelay(whole, attempt);
        expect(retryDelay(whole, attempt, null, random) ?? 0).toBeLessThanOrEqual(Math.round(longestMs));
        expect(retryDelay(whole, attempt, null, 1 - 1e-9) ?? 0).toBeGreaterThanOrEqual(
          Math.floor(longestMs) - 1,
        );
      },
    ),
  );
});

test("a jitter stays within its share, and nothing is longer than the longest delay", () => {
  const jitter = fc.oneof(fc.constant("full" as const), fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(
      jitter,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 3 }),
      (share, random, attempt) => {
        const delayMs = retryDelay({ ...policy, jitter: share }, attempt, null, random) ?? Number.NaN;
        const plainMs = Math.min(1_000 * 3 ** (attempt - 1), 5_000);
        const lowest = share === "full" ? 0 : Math.floor(plainMs * (1 - share));
        expect(delayMs).toBeGreaterThanOrEqual(lowest);
        expect(delayMs).toBeLessThanOrEqual(
          Math.min(5_000, share === "full" ? plainMs : Math.ceil(plainMs * (1 + share))),
        );
      },
    ),
  );
});
