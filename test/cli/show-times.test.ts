// Times as people see them: no date where it is today's.
import { expect, test } from "bun:test";
import { localTime, nextText, shortTime } from "../../src/cli/show-times.ts";

const nowMs = Date.parse("2026-11-21T12:00:00.000Z");

test("a time of today stands without its date, one of another day with it", () => {
  const iso = "2026-11-21T12:30:05.000Z";
  expect(localTime(iso)).toMatch(/^2026-11-2\d \d\d:\d\d:05$/);
  expect(shortTime(iso, nowMs)).toBe(localTime(iso).slice(-8));
  expect(shortTime("2026-12-24T12:00:00.000Z", nowMs)).toBe(localTime("2026-12-24T12:00:00.000Z"));
});

test("a paused job has no next run", () => {
  const next = new Date(Date.now() + 3_600_500).toISOString();
  expect(nextText({ next, delayMs: 0, state: "idle" })).toEndWith(" (in 1h)");
  expect(nextText({ next, delayMs: 0, state: "paused" })).toBe("-");
  expect(nextText({ next: null, delayMs: 0, state: "idle" })).toBe("-");
});
