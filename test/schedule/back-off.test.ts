// The delays between restarts of an `always` job: how they grow, when they begin again, how they are spread.
// The randomness is an argument, so every delay here is exact.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  ALWAYS_BACK_OFF,
  type BackOffOptions,
  FIRST_BACK_OFF,
  nextBackOff,
} from "../../src/schedule/back-off.ts";

const PLAIN: BackOffOptions = { healthyMs: 60_000, initialMs: 1_000, factor: 2, maximumMs: 60_000 };

describe("nextBackOff", () => {
  test("restarts quickly at first, then doubles up to the maximum", () => {
    expect(delays(PLAIN, [0, 0, 0, 0, 0, 0, 0, 0])).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  test("begins again after a run longer than the healthy time, and not after one exactly as long", () => {
    expect(delays(PLAIN, [0, 0, 60_000, 60_001, 0])).toEqual([1_000, 2_000, 4_000, 1_000, 2_000]);
  });

  test("stays at the maximum after thousands of failures", () => {
    expect(nextBackOff({ attempts: 100_000 }, PLAIN, 0, 0.5).delayMs).toBe(60_000);
  });

  test("by default spreads a restart by a tenth to both sides", () => {
    expect(nextBackOff(FIRST_BACK_OFF, ALWAYS_BACK_OFF, 0, 0).delayMs).toBe(900);
    expect(nextBackOff(FIRST_BACK_OFF, ALWAYS_BACK_OFF, 0, 0.5).delayMs).toBe(1_000);
    expect(nextBackOff(FIRST_BACK_OFF, ALWAYS_BACK_OFF, 0, 0.999_999).delayMs).toBe(1_100);
  });

  test("with full jitter spreads a restart over the whole delay", () => {
    expect(nextBackOff({ attempts: 3 }, { ...PLAIN, jitter: "full" }, 0, 0).delayMs).toBe(0);
    expect(nextBackOff({ attempts: 3 }, { ...PLAIN, jitter: "full" }, 0, 0.5).delayMs).toBe(4_000);
  });

  test("is a whole number of milliseconds from 0 to the maximum, whatever the jitter", () => {
    const jitter = fc.oneof(fc.constant("full" as const), fc.double({ min: 0, max: 1, noNaN: true }));
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(2_000), jitter, random, (attempts, spread, drawn) => {
        const { delayMs, state } = nextBackOff({ attempts }, { ...PLAIN, jitter: spread }, 0, drawn);
        expect(Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= PLAIN.maximumMs).toBe(true);
        expect(state).toEqual({ attempts: attempts + 1 });
      }),
    );
  });
});

function delays(options: BackOffOptions, ranForMs: number[]): number[] {
  let state = { ...FIRST_BACK_OFF };
  return ranForMs.map((eachMs) => {
    const next = nextBackOff(state, options, eachMs, 0.5);
    state = next.state;
    return next.delayMs;
  });
}
