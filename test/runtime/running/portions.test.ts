// A common second of many jobs: they are decided in portions, each written before its first handler begins.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { scratch } from "../../scratch.ts";
import { bench, minute, second } from "./fake-clock.ts";

const count = 2_000;
const firstMs = Date.parse("2026-06-01T12:01:00Z");

type Bench = ReturnType<typeof bench>;

function declareAll({ declare }: Pick<Bench, "declare">, work: (index: number) => unknown = () => {}): void {
  for (let index = 0; index < count; index += 1) declare(`job ${index}`, "every 1m", () => work(index));
}

/** How many of the jobs have how many records of a time, and with which outcomes. */
function accounts({ store }: Pick<Bench, "store">, timeMs: number): Record<string, number> {
  store.flush();
  const records = store.runs({ sinceMs: timeMs, untilMs: timeMs, limit: 10 * count });
  const counts: Record<string, number> = { jobs: new Set(records.map(({ job }) => job)).size };
  for (const { outcome, reason } of records) {
    const what = reason ?? outcome;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

test("the first handler begins when a portion is written, each run's time before its own begins", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  const written: number[] = [];
  const isKnown = (index: number) => all.store.has(index + 1, firstMs);
  declareAll(all, (index) => {
    if (index === 0) for (let at = 0; at < count; at += 1) if (isKnown(at)) written.push(at);
    if (!isKnown(index)) written.push(-1);
  });
  all.scheduler.start();
  await all.clock.pass(minute);
  expect(written).toEqual(Array.from({ length: 500 }, (_, index) => index));
  expect(all.started).toEqual(Array.from({ length: count }, (_, index) => `job ${index} 12:01:00.000`));
  expect(accounts(all, firstMs)).toEqual({ jobs: count, succeeded: count });
});

test("no record is made before the last has begun", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  let recorded = 0;
  declareAll(all, (index) => {
    if (index === count - 1) recorded = all.store.runs({ limit: count }).length;
  });
  all.scheduler.start();
  await all.clock.pass(minute);
  expect(recorded).toBe(0);
  expect(accounts(all, firstMs)).toEqual({ jobs: count, succeeded: count });
});

test("a worker that is killed among them leaves its portion interrupted, and the rest to the next", async () => {
  const path = join(scratch("portions"), "worker.db");
  const killed = bench("2026-06-01T12:00:00Z", { path, owner: 1, later: () => {} });
  declareAll(killed);
  const { store } = killed;
  // Nothing that it does from then on reaches the file.
  const decide = store.decide.bind(store);
  store.decide = (decisions) => {
    if (killed.started.length < 1_000) decide(decisions);
  };
  store.end = () => {};
  killed.scheduler.start();
  await killed.clock.pass(minute);
  const next = bench(undefined, { path, owner: 2 }, killed.clock);
  declareAll(next);
  next.scheduler.start();
  await next.clock.pass(minute);
  expect(accounts(next, firstMs)).toEqual({ jobs: count, "daemon-died": 1_000, succeeded: 1_000 });
  expect(accounts(next, firstMs + minute)).toEqual({ jobs: count, succeeded: count });
});

test("a reload at that second leaves to the next worker what a handler's stop has kept from being decided", async () => {
  const path = join(scratch("portions"), "worker.db");
  const old = bench("2026-06-01T12:00:30Z", { path, owner: 1 });
  declareAll(old, (index) => {
    if (index === 700) old.scheduler.stop();
  });
  old.scheduler.start();
  old.clock.step(30 * second);
  const { atMs, running } = old.scheduler.yield();
  expect({ begun: old.started.length, atMs, running }).toEqual({
    begun: 701,
    atMs: firstMs - 1,
    running: [],
  });
  old.store.flush();
  const next = bench(undefined, { path, owner: 2 }, old.clock);
  declareAll(next);
  next.scheduler.start(atMs, running, [1]);
  await next.clock.pass(minute);
  expect(next.started.filter((run) => run.endsWith("12:01:00.000"))).toHaveLength(1_000);
  expect(accounts(next, firstMs)).toEqual({ jobs: count, succeeded: 1_701, stopping: 299 });
  expect(accounts(next, firstMs + minute)).toEqual({ jobs: count, succeeded: count });
});

test("a clock that is set back in the midst of them makes nothing wait less, or longer", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  const { clock } = all;
  // Handlers that take a while.
  let busyMs = 0;
  const monotonic = clock.monotonic.bind(clock);
  clock.monotonic = () => monotonic() + busyMs;
  const attempts: string[] = [];
  const retry = { attempts: 5, delay: "10s", jitter: 0, factor: 1 };
  all.declare("flaky", { every: "1m", retry }, () => {
    attempts.push(new Date(clock.now()).toISOString().slice(11, 19));
    throw new Error("no");
  });
  declareAll(all, (index) => {
    if (index === 600) clock.step(-60 * minute);
    if (index <= 600) return;
    clock.shift(1, 0);
    busyMs += 1;
  });
  all.scheduler.start();
  await clock.pass(minute);
  expect(attempts).toEqual(["12:01:00"]);
  await clock.pass(9 * second);
  expect(attempts).toEqual(["12:01:00"]);
  await clock.pass(2 * second);
  expect(attempts).toEqual(["12:01:00", "11:01:10"]);
});
