// The machine's clock: how it waits. Bun's fake timers stand for weeks.
import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { quietClock, systemClock } from "../../src/runtime/clock.ts";

const day = 86_400_000;

describe.each([
  ["system", systemClock],
  ["quiet", quietClock],
] as const)("a timer of the %s clock", (_name, clock) => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test.each([1, 24, 25, 30, 49])("goes off after %d days, once, and not before", (days) => {
    let calls = 0;
    clock.after(days * day, () => {
      calls += 1;
    });
    jest.advanceTimersByTime(days * day - 1);
    expect(calls).toBe(0);
    jest.advanceTimersByTime(1);
    expect(calls).toBe(1);
    jest.advanceTimersByTime(days * day);
    expect(calls).toBe(1);
  });

  test("can be called off, also after weeks", () => {
    let calls = 0;
    const cancel = clock.after(45 * day, () => {
      calls += 1;
    });
    jest.advanceTimersByTime(30 * day);
    cancel();
    jest.advanceTimersByTime(40 * day);
    expect(calls).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
