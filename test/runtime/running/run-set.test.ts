// The runs of a job that are going on.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { RunSet } from "../../../src/runtime/running/run-set.ts";

test("it holds what a Set holds, in the same order", () => {
  const runs = Array.from({ length: 4 }, (_, at) => ({ at }));
  const step = fc.record({ adds: fc.boolean(), at: fc.nat(runs.length - 1) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [own, model] = [new RunSet<{ at: number }>(), new Set<{ at: number }>()];
      for (const { adds, at } of steps) {
        const run = runs[at] ?? { at };
        for (const set of [own, model]) {
          if (adds) set.add(run);
          else set.delete(run);
        }
        expect([...own]).toEqual([...model]);
        expect(own.size).toBe(model.size);
      }
    }),
  );
});
