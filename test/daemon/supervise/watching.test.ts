// When a worker is taken for dead or too large. Time is what the test says.
import { describe, expect, test } from "bun:test";
import {
  feelPulse,
  type MemoryState,
  noMemoryState,
  type PulseState,
  weigh,
} from "../../../src/daemon/supervise/watching.ts";

describe("the watchdog", () => {
  const allowedMs = 30_000;
  /** Looks at these times, with an answer after each ping or none. @returns what came of it */
  const looks = (timesMs: readonly number[], answers: boolean) => {
    let state: PulseState = { sentMs: null, lookedMs: timesMs[0] ?? 0 };
    return timesMs.map((nowMs) => {
      const felt = feelPulse(state, nowMs, allowedMs);
      state = answers && felt.action === "ping" ? { ...felt.state, sentMs: null } : felt.state;
      return felt.action;
    });
  };

  test("pings each time if the worker answers", () => {
    expect(looks([0, 10_000, 20_000, 30_000, 40_000], true)).toEqual(Array(5).fill("ping"));
  });

  test("takes a worker for dead that has not answered for the time, and not before", () => {
    expect(looks([0, 10_000, 20_000, 29_999], false)).toEqual(["ping", "none", "none", "none"]);
    expect(looks([0, 10_000, 20_000, 30_000], false).at(-1)).toBe("dead");
  });

  test("asks again when it has stood still itself", () => {
    expect(looks([0, 10_000, 90_000, 100_000, 110_000, 120_000], false)).toEqual([
      "ping",
      "none",
      "ping",
      "none",
      "none",
      "dead",
    ]);
  });
});

describe("the memory limit", () => {
  /** Samples a second apart. @returns the seconds at which the worker had to go */
  const exchanges = (samples: ReadonlyArray<number | null>) => {
    let state: MemoryState = noMemoryState;
    return samples.flatMap((used, second) => {
      const weighed = weigh(state, used, 100, second * 1_000);
      state = weighed.state;
      return weighed.forMs === null ? [] : [second];
    });
  };

  test("lets a short peak pass, and what is just at it", () => {
    expect(exchanges([99, 101, 102, 103, 100, 101, 101, 101, null, 101, 101, 101])).toEqual([]);
    expect(exchanges(Array(100).fill(100))).toEqual([]);
  });

  test("is enforced after three seconds above it", () => {
    expect(exchanges([50, 101, 102, 101, 101])).toEqual([4]);
  });

  test("waits longer and longer where it does not help", () => {
    const seconds = exchanges(Array(400).fill(101));
    expect(seconds).toEqual([3, 13, 33, 73, 153, 313]);
  });

  test("begins anew after it has helped for long", () => {
    let state: MemoryState = { aboveSinceMs: null, exchanges: 8, exchangedMs: 0 };
    state = weigh(state, 101, 100, 3_000_000).state;
    const weighed = weigh(state, 101, 100, 3_003_000);
    expect(weighed).toEqual({
      forMs: 3_000,
      state: { aboveSinceMs: null, exchanges: 1, exchangedMs: 3_003_000 },
    });
  });
});
