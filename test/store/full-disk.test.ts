// A disk that is full from time to time, over random sequences and against a model: whatever is declared, decided and ended
// meanwhile is told as it was, by this process and by the one after it.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Sequence } from "./sequence.ts";
import { declared, directory, ended, failing, openIn, startMs } from "./stores.ts";

test.each([
  ["all is told as it was", 10_000],
  ["what is lost for want of room in memory is still accounted for, as is what its job must know of it", 2],
])(
  "over random sequences of a disk that is full, flaky or has room, %s",
  (_what, mostUnwritten) => {
    for (let seed = 1; seed <= 120; seed += 1) {
      const sequence = new Sequence(seed * 7_919, mostUnwritten);
      for (let count = 0; count < 60; count += 1) sequence.step();
      sequence.restart();
      sequence.opened.store.close();
    }
  },
  60_000,
);

test("a job that is declared while another process takes its key keeps its own records", () => {
  const path = join(directory(), "w.db");
  let isFull = false;
  const one = openIn(
    path,
    { owner: 100 },
    failing((sql) => (isFull && sql === "BEGIN" ? "SQLITE_FULL" : null)),
  );
  one.store.enter(declared(1), startMs);
  isFull = true;
  const [mine] = one.store.enter([{ name: "mine", schedule: "every 1s" }], startMs);
  const two = openIn(path, { owner: 101 });
  const [theirs] = two.store.enter([{ name: "theirs", schedule: "every 1s" }], startMs);
  expect(mine?.key).toBe(theirs?.key ?? -1);
  one.store.end(ended(mine?.key ?? -1, startMs + 1));
  two.store.end(ended(theirs?.key ?? -1, startMs + 2));
  isFull = false;
  one.pass(5_000);
  one.store.flush();
  two.store.flush();
  const told = two.store.runs({ limit: 9 }).map(({ job, scheduledAtMs }) => [job, scheduledAtMs - startMs]);
  expect(told).toEqual([
    ["theirs", 2],
    ["mine", 1],
  ]);
  expect(one.store.has(mine?.key ?? -1, startMs + 1)).toBe(true);
  expect(one.store.has(mine?.key ?? -1, startMs + 2)).toBe(false);
  expect(one.store.counts()).toEqual([{ job: "mine", outcome: "succeeded", runs: 1 }]);
});
