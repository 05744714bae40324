// The queue of due times: the earliest first, and equal ones in the order in which they were put in.
// A property test compares it with a stable sort.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { DueQueue } from "../../src/schedule/queue.ts";

test("an empty queue has nothing due", () => {
  const queue = new DueQueue<string>();
  expect([queue.peek(), queue.pop()]).toEqual([undefined, undefined]);
});

test("peek shows what pop takes out", () => {
  const queue = new DueQueue<string>();
  queue.push(2, "later");
  queue.push(1, "sooner");
  queue.push(1, "as soon");
  expect(queue.peek()).toBe(1);
  expect(queue.pop()).toEqual({ dueMs: 1, values: ["sooner", "as soon"] });
  expect(queue.peek()).toBe(2);
});

test("jobs come out by due time, and those of one time in the order in which they were put in", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), (dueTimes) => {
      const queue = new DueQueue<number>();
      for (const [index, dueMs] of dueTimes.entries()) queue.push(dueMs, index);
      const sorted = [...dueTimes.entries()].sort(([a, aMs], [b, bMs]) => aMs - bMs || a - b);
      const popped: number[] = [];
      for (let due = queue.pop(); due !== undefined; due = queue.pop()) popped.push(...due.values);
      expect(popped).toEqual(sorted.map(([index]) => index));
    }),
  );
});
