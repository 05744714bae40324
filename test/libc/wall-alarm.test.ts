import { expect, test } from "bun:test";
import { makeWallAlarm } from "../../src/libc/wall-alarm.ts";

function nextAlarm(): Promise<number> {
  return new Promise((resolve) => {
    process.once("SIGALRM", () => resolve(Date.now()));
  });
}

/** The signal alone keeps no event loop alive. */
async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | "nothing came"> {
  const { promise: late, resolve } = Promise.withResolvers<"nothing came">();
  const timer = setTimeout(() => resolve("nothing came"), timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

test("the alarm goes off at its time, and not early", async () => {
  const alarm = makeWallAlarm();
  const timeMs = Date.now() + 60;
  const rang = nextAlarm();
  alarm?.set(timeMs);
  expect(await within(rang, 5_000)).toBeGreaterThanOrEqual(timeMs);
});

test("a time that has passed already goes off at once, as after a sleep", async () => {
  const alarm = makeWallAlarm();
  const rang = nextAlarm();
  alarm?.set(Date.now() - 3_600_000);
  expect(await within(rang, 5_000)).toBeNumber();
});

test("an alarm that was cleared, or set to a later time, does not go off", async () => {
  const alarm = makeWallAlarm();
  const rang = nextAlarm();
  alarm?.set(Date.now() + 30);
  alarm?.clear();
  alarm?.set(Date.now() + 40);
  alarm?.set(Date.now() + 3_600_000);
  expect(await within(rang, 120)).toBe("nothing came");
  alarm?.set(Date.now());
  expect(await within(rang, 5_000)).toBeNumber();
});

test("a time that is none is a bug of ours", () => {
  const alarm = makeWallAlarm();
  for (const wrong of [Number.NaN, 0, -1, 1.5]) expect(() => alarm?.set(wrong)).toThrow(/timeMs/);
});
