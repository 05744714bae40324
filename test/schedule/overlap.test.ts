// What becomes of a time that comes while its job still runs: every policy with every number of runs.
import { expect, test } from "bun:test";
import { decideOverlap, type Overlap } from "../../src/schedule/overlap.ts";

test.each<[Overlap, number, number, string]>([
  [{ type: "skip" }, 0, 0, "run"],
  [{ type: "skip" }, 1, 0, "skip"],
  [{ type: "skip" }, 1, 3, "skip"],
  [{ type: "queue", maximum: 2 }, 0, 0, "run"],
  [{ type: "queue", maximum: 2 }, 1, 0, "queue"],
  [{ type: "queue", maximum: 2 }, 1, 1, "queue"],
  [{ type: "queue", maximum: 2 }, 1, 2, "skip-full"],
  // What waits goes first.
  [{ type: "queue", maximum: 2 }, 0, 1, "queue"],
  [{ type: "allow", maximum: 2 }, 0, 0, "run"],
  [{ type: "allow", maximum: 2 }, 1, 0, "run"],
  [{ type: "allow", maximum: 2 }, 2, 0, "skip-full"],
  [{ type: "replace" }, 0, 0, "run"],
  [{ type: "replace" }, 1, 0, "replace"],
])("%p with %p going on and %p waiting: %p", (overlap, active, queued, decision) => {
  expect(decideOverlap(overlap, active, queued)).toBe(decision as ReturnType<typeof decideOverlap>);
});
