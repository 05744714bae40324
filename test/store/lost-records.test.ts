// Records that there is no room for, on the disk and in memory: which are lost, and what is known of them all the same.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { connect, decision, declared, directory, ended, failing, openIn, startMs } from "./stores.ts";

const file = () => join(directory(), "w.db");

test("beyond ten thousand records the oldest are lost, which is told, and nothing else grows or is forgotten", () => {
  let isFull = false;
  const path = file();
  const opened = openIn(
    path,
    { keepRuns: 100_000 },
    failing((sql) => (isFull && sql === "BEGIN" ? "SQLITE_IOERR_WRITE" : null)),
  );
  const { store } = opened;
  const [key = 0, other = 0] = store.enter(declared(2), startMs).map((job) => job.key);
  isFull = true;
  const count = 40_000;
  const timeOf = (at: number) => startMs + at * 1_000;
  for (let at = 1; at <= count; at += 1) {
    const scheduledAtMs = timeOf(at);
    store.decide([decision([other], scheduledAtMs, { skipped: "overlap", attempt: 0 })]);
    store.decide([decision([key], scheduledAtMs)]);
    if (at % 10 === 0) {
      store.retryLater({
        key,
        scheduledAtMs,
        origin: "schedule",
        attempt: 2,
        dueMs: scheduledAtMs,
        input: null,
      });
      store.decide([decision([key], scheduledAtMs, { trigger: "retry", attempt: 2 })]);
    }
    store.end(ended(key, scheduledAtMs, { state: `${at}`, ...(at % 10 === 0 ? { trigger: "retry" } : {}) }));
  }
  const lost = Number(/; (\d+) records were lost$/.exec(store.trouble?.reason ?? "")?.[1]);
  const kept = store.runs({ limit: 200_000 });
  expect(kept.length).toBe(2 * count - lost);
  expect(kept.length).toBeGreaterThanOrEqual(10_000);
  expect(kept.length).toBeLessThanOrEqual(12_500);
  expect(kept[0]).toMatchObject({ scheduledAtMs: timeOf(count) });
  expect(kept.at(-1)).toMatchObject({ scheduledAtMs: timeOf(count - Math.ceil(kept.length / 2) + 1) });
  expect(store.has(key, timeOf(count - 20_000))).toBe(true);
  isFull = false;
  opened.pass(5_000);
  store.flush();
  expect(store.trouble).toBeNull();
  expect(store.runs({ limit: 200_000 })).toHaveLength(kept.length);
  expect(store.counts().reduce((sum, { runs }) => sum + runs, 0)).toBe(2 * count);
  store.close();

  const connection = connect(path);
  for (const table of ["pending", "retries"])
    expect(connection.rows(`SELECT count(*) FROM ${table}`)).toEqual([[0]]);
  connection.close();
  const next = openIn(path, { owner: 200 });
  expect(next.store.enter(declared(2), startMs)).toMatchObject([
    {
      knownMs: timeOf(count),
      state: `${count}`,
      last: { scheduledAtMs: timeOf(count), outcome: "succeeded" },
    },
    { knownMs: timeOf(count), state: null, last: null },
  ]);
});

test("when all records of a job were lost its last success and state are still known", () => {
  let isFull = false;
  const path = file();
  const opened = openIn(
    path,
    { mostUnwritten: 100 },
    failing((sql) => (isFull && sql === "BEGIN" ? "SQLITE_FULL" : null)),
  );
  const { store } = opened;
  const [rare = 0, often = 0] = store.enter(declared(2), startMs).map((job) => job.key);
  isFull = true;
  store.decide([decision([rare], startMs + 1)]);
  store.end(ended(rare, startMs + 1, { state: '"kept"' }));
  store.decide([decision([rare], startMs + 2)]);
  store.end(ended(rare, startMs + 2, { outcome: "failed" }));
  for (let at = 3; at < 1_000; at += 1) {
    store.decide([decision([often], startMs + at)]);
    store.end(ended(often, startMs + at));
  }
  const known = {
    accountedMs: startMs + 2,
    lastSuccessMs: startMs + 6,
    state: '"kept"',
    last: { scheduledAtMs: startMs + 2, outcome: "failed" },
  };
  expect(store.runs({ job: "job-0", limit: 9 })).toEqual([]);
  expect(store.enter(declared(2), startMs)[0]).toMatchObject(known);
  isFull = false;
  opened.pass(5_000);
  store.close();
  const next = openIn(path, { owner: 200 }).store;
  expect(next.enter(declared(2), startMs + 5_000)[0]).toMatchObject(known);
});
