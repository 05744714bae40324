import { expect, test } from "bun:test";
import { join } from "node:path";
import { decision, declared, directory, ended, openIn, startMs } from "./stores.ts";

const file = () => join(directory(), "w.db");
const hourMs = 3_600_000;

test("a run that has ended is there when the file is opened again", () => {
  const path = file();
  const first = openIn(path);
  const [{ key } = { key: 0 }] = first.store.enter(declared(1), startMs);
  first.store.decide([decision([key], startMs + 1_000)]);
  const error = { name: "Error", message: "no", stack: "at x" };
  first.store.end(ended(key, startMs + 1_000, { outcome: "failed", error, exitCode: 3, signal: null }));
  first.store.decide([decision([key], startMs + 2_000)]);
  first.store.end(ended(key, startMs + 2_000, { result: "[1]", state: '{"n":1}' }));
  first.store.close();
  const { store } = openIn(path);
  expect(store.trouble).toBeNull();
  const runs = store.runs({ limit: 10 });
  expect(runs.map(({ scheduledAtMs }) => scheduledAtMs)).toEqual([startMs + 2_000, startMs + 1_000]);
  expect(runs[1]).toMatchObject({ job: "job-0", outcome: "failed", error, exitCode: 3 });
  expect(runs[0]).toMatchObject({ result: "[1]", times: 1, throughMs: startMs + 2_000 });
  expect(store.enter(declared(1), startMs + hourMs)).toEqual([
    {
      key,
      accountedMs: startMs + 2_000,
      knownMs: startMs + 2_000,
      lastSuccessMs: startMs + 2_005,
      last: {
        scheduledAtMs: startMs + 2_000,
        outcome: "succeeded",
        startedAtMs: startMs + 2_001,
        endedAtMs: startMs + 2_005,
      },
      pausedAtMs: null,
      state: '{"n":1}',
      bootId: null,
    },
  ]);
  store.close();
});

test("what a dead process had begun is interrupted, what it had skipped is skipped, and what it had ended is untouched", () => {
  const path = file();
  const dead = openIn(path);
  const [a = 0, b = 0, c = 0] = dead.store.enter(declared(3), startMs).map(({ key }) => key);
  dead.store.decide([
    decision([a, b], startMs + 1_000),
    decision([c], startMs + 1_000, { skipped: "overlap", attempt: 0 }),
  ]);
  dead.store.end(ended(b, startMs + 1_000));
  dead.store.flush();
  dead.store.decide([decision([c, b, a], startMs + 2_000)]);
  const { store, settle } = openIn(path, { owner: 101 });
  expect(store.enter(declared(3), startMs + 5_000).map(({ accountedMs }) => accountedMs)).toEqual(
    Array(3).fill(startMs + 2_000),
  );
  expect(store.recover([], startMs + 5_000)).toEqual([]);
  expect(store.has(a, startMs + 2_000)).toBe(true);
  settle();
  const all = store.runs({ limit: 10 });
  const told = all.map(({ job, scheduledAtMs, outcome, reason }) => [
    job,
    scheduledAtMs - startMs,
    outcome,
    reason,
  ]);
  expect(told).toEqual([
    ["job-2", 2_000, "interrupted", "daemon-died"],
    ["job-1", 2_000, "interrupted", "daemon-died"],
    ["job-0", 2_000, "interrupted", "daemon-died"],
    ["job-2", 1_000, "skipped", "overlap"],
    ["job-1", 1_000, "succeeded", null],
    ["job-0", 1_000, "interrupted", "daemon-died"],
  ]);
  expect(store.recover([], startMs + 6_000)).toEqual([]);
  settle();
  expect(store.runs({ limit: 10 })).toEqual(all);
  store.close();
});

test("what a living process has begun is left to it", () => {
  const path = file();
  const old = openIn(path);
  const [key = 0] = old.store.enter(declared(1), startMs).map((job) => job.key);
  old.store.decide([decision([key], startMs + 1_000)]);
  const young = openIn(path, { owner: 101 });
  young.store.enter(declared(1), startMs + 1_500);
  young.store.recover([100], startMs + 1_500);
  young.store.flush();
  expect(young.store.runs({ limit: 9 })).toEqual([]);
  old.store.end(ended(key, startMs + 1_000));
  old.store.close();
  expect(young.store.runs({ limit: 9 })).toMatchObject([{ outcome: "succeeded" }]);
  young.store.recover([], startMs + 2_000);
  young.store.flush();
  expect(young.store.runs({ limit: 9 })).toMatchObject([{ outcome: "succeeded" }]);
  young.store.close();
});

test("a process of the same number as a dead one recovers what that one left", () => {
  const path = file();
  const dead = openIn(path);
  const [key = 0] = dead.store.enter(declared(1), startMs).map((job) => job.key);
  dead.store.decide([decision([key], startMs + 1_000)]);
  const next = openIn(path);
  next.store.enter(declared(1), startMs + 2_000);
  next.store.recover([], startMs + 2_000);
  next.store.decide([decision([key], startMs + 3_000)]);
  next.store.recover([], startMs + 3_000);
  next.store.flush();
  expect(next.store.runs({ limit: 9 }).map(({ scheduledAtMs }) => scheduledAtMs)).toEqual([startMs + 1_000]);
});

test("a retry outlives its process, with its input, and is had once", () => {
  const path = file();
  const dead = openIn(path);
  const [key = 0] = dead.store.enter(declared(1), startMs).map((job) => job.key);
  const retry = {
    key,
    scheduledAtMs: startMs + 1_000,
    origin: "manual",
    attempt: 2,
    dueMs: startMs + 9_000,
    input: "[1]",
  } as const;
  dead.store.decide([decision([key], startMs + 1_000, { trigger: "manual" })]);
  dead.store.retryLater(retry);
  dead.store.flush();
  const { store } = openIn(path, { owner: 101 });
  store.enter(declared(1), startMs + 2_000);
  expect(store.recover([100], startMs + 2_000)).toEqual([]);
  expect(store.recover([], startMs + 2_000)).toEqual([retry]);
  expect(store.recover([], startMs + 2_000)).toEqual([]);
  expect(store.has(key, startMs + 1_000)).toBe(true);
  expect(store.runs({ limit: 9 })).toEqual([]);
  store.decide([decision([key], startMs + 1_000, { trigger: "retry", attempt: 2 })]);
  store.end(ended(key, startMs + 1_000, { trigger: "retry", attempt: 2 }));
  store.flush();
  expect(openIn(path, { owner: 102 }).store.recover([], startMs + 3_000)).toEqual([]);
  expect(store.runs({ limit: 9 })).toMatchObject([{ attempt: 2, trigger: "retry", outcome: "succeeded" }]);
});

test("retries that a living process releases are the next one's", () => {
  const path = file();
  const old = openIn(path);
  const [key = 0] = old.store.enter(declared(1), startMs).map((job) => job.key);
  const retry = {
    key,
    scheduledAtMs: startMs,
    origin: "schedule",
    attempt: 3,
    dueMs: startMs + 9,
    input: null,
  } as const;
  old.store.decide([decision([key], startMs)]);
  old.store.retryLater(retry);
  old.store.releaseRetries();
  const young = openIn(path, { owner: 101 });
  expect(young.store.recover([100], startMs + 1)).toEqual([retry]);
  expect(old.store.recover([101], startMs + 1)).toEqual([]);
});

test("a job whose schedule has changed is accounted for until now, and one under a wrong clock until its latest true time", () => {
  const path = file();
  const { store } = openIn(path);
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  for (const key of [a, b]) store.end(ended(key, startMs + 1_000));
  store.end(ended(a, startMs + 9_000 * hourMs));
  store.end(ended(b, startMs + 8_000, { trigger: "manual" }));
  store.flush();
  const nowMs = startMs + 60_000;
  const changed = { name: "job-1", schedule: "every 2s" };
  expect(
    store.enter([{ name: "job-0", schedule: "every 1s" }, changed], nowMs).map((job) => job.accountedMs),
  ).toEqual([startMs + 1_000, nowMs]);
  expect(store.enter([changed], nowMs + 1)[0]?.accountedMs).toBe(nowMs);
});

test("a row of skipped times has each of them", () => {
  const { store } = openIn(file());
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  const row = { outcome: "skipped", reason: "not-caught-up", startedAtMs: null, attempt: 0 } as const;
  store.end(ended(key, startMs + 1_000, { ...row, times: 60, throughMs: startMs + 60_000 }));
  store.end(ended(key, startMs + 30_500, { trigger: "manual" }));
  for (const flushed of [false, true]) {
    if (flushed) store.flush();
    expect([0, 1_000, 30_000, 60_000, 61_000].map((timeMs) => store.has(key, startMs + timeMs))).toEqual([
      ...[false, true, true, true, false],
    ]);
  }
  expect(store.enter(declared(1), startMs + hourMs)[0]?.accountedMs).toBe(startMs + 60_000);
});

test("a pause and a boot are remembered, and a pause is ended", () => {
  const path = file();
  const { store } = openIn(path);
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  store.pause(a, startMs + 5);
  store.pause(b, startMs + 5);
  store.pause(b, null);
  store.rememberBoot(b, "boot");
  expect(openIn(path).store.enter(declared(2), startMs)).toMatchObject([
    { pausedAtMs: startMs + 5, bootId: null },
    { pausedAtMs: null, bootId: "boot" },
  ]);
});

test("thousands of new jobs are known at once, whoever looks and whenever their process dies", () => {
  const path = file();
  const dead = openIn(path);
  const memories = dead.store.enter(declared(5_000), startMs);
  dead.store.decide([
    decision(
      memories.map(({ key }) => key),
      startMs + 1_000,
    ),
  ]);
  const { store, settle } = openIn(path, { owner: 101 });
  const known = store.enter(declared(5_000), startMs + 2_000);
  expect(known.map(({ key }) => key)).toEqual(memories.map(({ key }) => key));
  expect(known.every(({ accountedMs }) => accountedMs === startMs + 1_000)).toBe(true);
  store.recover([], startMs + 2_000);
  settle();
  const runs = store.runs({ limit: 10_000 });
  expect(new Set(runs.map(({ job }) => job)).size).toBe(5_000);
  expect(runs.length).toBe(5_000);
});

test("queries choose by job, outcome and time", () => {
  const { store } = openIn(file());
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  for (let at = 0; at < 10; at += 1) {
    store.end(ended(a, startMs + at));
    store.end(ended(b, startMs + at, { outcome: "failed" }));
  }
  expect(store.runs({ job: "job-0", limit: 3 }).map((run) => run.scheduledAtMs - startMs)).toEqual([9, 8, 7]);
  expect(store.runs({ outcomes: ["failed", "skipped"], limit: 100 }).length).toBe(10);
  expect(store.runs({ job: "job-1", sinceMs: startMs + 4, untilMs: startMs + 4, limit: 9 }).length).toBe(1);
  expect(store.runs({ job: "nobody", limit: 9 })).toEqual([]);
});

test("the latest records of each job are kept, and what is forgotten is still had", () => {
  const { store, settle } = openIn(file(), { keepRuns: 20 });
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  store.end(ended(b, startMs));
  for (let at = 1; at <= 1_000; at += 1) store.end(ended(a, startMs + at));
  settle();
  const kept = store.runs({ job: "job-0", limit: 1_000 }).map(({ scheduledAtMs }) => scheduledAtMs - startMs);
  expect(kept.length).toBe(20);
  expect([kept[0], kept.at(-1)]).toEqual([1_000, 981]);
  expect(store.runs({ job: "job-1", limit: 9 }).length).toBe(1);
  expect(store.has(a, startMs + 5)).toBe(true);
});

test("records that are too old are forgotten, and their job's state is not", () => {
  const { store, settle, pass, nowMs } = openIn(file(), { keepForMs: hourMs });
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  store.end(ended(key, startMs, { state: "1" }));
  settle();
  expect(store.runs({ limit: 9 }).length).toBe(1);
  pass(2 * hourMs);
  store.end(ended(key, nowMs()));
  settle();
  expect(store.runs({ limit: 9 }).map(({ scheduledAtMs }) => scheduledAtMs)).toEqual([nowMs()]);
  expect(store.enter(declared(1), nowMs())[0]).toMatchObject({ state: "1" });
});
