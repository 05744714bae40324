// Which times are late after a start, and after the clock was set.
import { describe, expect, test } from "bun:test";
import { afterStep, atStart, neverLate } from "../../../src/runtime/running/lateness.ts";
import { type ClockStep, judgeStep } from "../../../src/runtime/running/timeline.ts";

const hour = 3_600_000;
const nowMs = Date.parse("2026-06-01T12:00:00Z");

/** Noticed `lookMs` after the last look. */
function step(stepMs: number, sleptMs: number | null = 0, lookMs = 10_000): ClockStep {
  return { stepMs, sleptMs, lookedMs: nowMs - lookMs - (sleptMs ?? 0) };
}

describe("a step is", () => {
  test.each([
    ["a correction", step(3 * hour), { wasWrong: true, wasAway: false, setBack: null }],
    ["slept through", step(3 * hour - 1_000), { wasWrong: false, wasAway: true, setBack: null }],
    ["slept through: it slept", step(9 * hour, 7 * hour), { wasWrong: false, wasAway: true, setBack: null }],
    [
      "a correction after a sleep",
      step(9 * hour, 6 * hour),
      { wasWrong: true, wasAway: false, setBack: null },
    ],
    ["slept through: nobody knows", step(9 * hour, null), { wasWrong: false, wasAway: true, setBack: null }],
    [
      "back",
      step(-2 * hour),
      { wasWrong: false, wasAway: false, setBack: { toMs: nowMs - 10_000, byMs: 2 * hour } },
    ],
    [
      "back after a longer sleep",
      step(hour, 5 * hour),
      { wasWrong: false, wasAway: true, setBack: { toMs: nowMs - 10_000 - 5 * hour, byMs: 4 * hour } },
    ],
    [
      "back, and nobody knows of a sleep",
      step(-hour, null),
      { wasWrong: false, wasAway: false, setBack: { toMs: nowMs - 10_000, byMs: hour } },
    ],
  ])("%s", (_, given, judged) => {
    expect(judgeStep(given)).toMatchObject(judged);
  });
});

describe("late are", () => {
  const wrong = {
    awayThroughMs: nowMs + 9 * hour,
    correctedThroughMs: nowMs + 8 * hour,
    tookOverAtMs: nowMs + hour,
  };
  test.each([
    ["after a start: all times until then", atStart(null, nowMs), { ...neverLate, awayThroughMs: nowMs }],
    ["after a handover: none", atStart(nowMs - 500, nowMs), { ...neverLate, tookOverAtMs: nowMs }],
    [
      "after a handover over which the clock was set: all times until then",
      atStart(nowMs - hour, nowMs),
      { ...neverLate, awayThroughMs: nowMs },
    ],
    [
      "after a correction: all times until then",
      afterStep(neverLate, judgeStep(step(5 * hour)), nowMs),
      { ...neverLate, correctedThroughMs: nowMs },
    ],
    [
      "after a step back: none that the wrong clock was late for",
      afterStep(wrong, judgeStep(step(-9 * hour)), nowMs),
      { awayThroughMs: nowMs - 10_000, correctedThroughMs: nowMs - 10_000, tookOverAtMs: nowMs - 10_000 },
    ],
    [
      "after a step back that nobody saw for minutes: none that has come meanwhile",
      afterStep(wrong, judgeStep(step(-9 * hour, 0, hour / 6)), nowMs),
      {
        awayThroughMs: nowMs - hour / 6,
        correctedThroughMs: nowMs - hour / 6,
        tookOverAtMs: nowMs - hour / 6,
      },
    ],
    [
      "after a step back in a sleep: all times until then",
      afterStep(neverLate, judgeStep(step(hour, 5 * hour)), nowMs),
      { ...neverLate, awayThroughMs: nowMs },
    ],
  ])("%s", (_, lateness, wanted) => {
    expect(lateness).toEqual(wanted);
  });
});
