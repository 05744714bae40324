// What an upgrade decides purely: which answer is that of a djob that can take over, and how times go to another clock.
import { expect, test } from "bun:test";
import { handoverFacts } from "../../src/daemon/executable.ts";
import { firstState } from "../../src/daemon/supervise/decide.ts";
import { editionOf } from "../../src/daemon/supervise/examine-executable.ts";
import { shift } from "../../src/daemon/supervise/successor.ts";

const good = { version: "9.8.7", commit: "abc", ...handoverFacts };

test("a djob that speaks the same protocol will do", () => {
  expect(editionOf("/usr/bin/djob", JSON.stringify(good))).toEqual({ version: "9.8.7", commit: "abc" });
});

test.each([
  ["nothing", "", "it is no djob"],
  ["no JSON", "djob 9.8.7", "it is no djob"],
  ["null", "null", "it is no djob"],
  ["a version that is no text", JSON.stringify({ ...good, version: 9 }), "it is no djob"],
  ["another protocol", JSON.stringify({ ...good, handover: 0 }), "djob 9.8.7 can't take over"],
  ["another spec", JSON.stringify({ ...good, spec: -1 }), "djob 9.8.7 can't take over"],
  ["a djob of before", JSON.stringify({ version: "0.0.1", commit: "a" }), "djob 0.0.1 can't take over"],
])("refuses %s", (_what, answer, why) => {
  expect(() => editionOf("/usr/bin/djob", answer)).toThrow(
    `refusing to use the executable /usr/bin/djob: ${why}`,
  );
});

test("times go over to a clock that starts anew", () => {
  const state = { ...firstState, readyAtMs: 5_000, recentMs: [1_000, 4_000] };
  expect(shift(state, -6_000)).toEqual({ ...state, readyAtMs: -1_000, recentMs: [-5_000, -2_000] });
  expect(shift(firstState, -6_000)).toEqual(firstState);
});
