// A clock that was set back: what did not run loses its record, what ran keeps it, and what is forgotten is still had.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { afterForgetting, type Forgotten } from "../../src/store/sqlite/retention.ts";
import type { SetBack } from "../../src/store/store.ts";
import { decision, declared, directory, ended, failing, type Opened, openIn, startMs } from "./stores.ts";

const file = () => join(directory(), "w.db");
const second = 1_000;
const skipped = { outcome: "skipped", startedAtMs: null, attempt: 0 } as const;

/** To a time, of jobs that come every second. */
function back(toMs: number, rest: Partial<SetBack> = {}): SetBack {
  const cut = (_: number, firstMs: number) => {
    const throughMs = Math.floor(toMs / second) * second;
    return { times: (throughMs - firstMs) / second + 1, throughMs };
  };
  return { toMs, nowMs: toMs, byMs: null, cut, ...rest };
}

test("times that did not run are free again, whatever the reason, and those that ran or were triggered are not", () => {
  const path = file();
  const { store } = openIn(path);
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  const at = (seconds: number) => startMs + seconds * second;
  store.decide([decision([a, b], at(1), { skipped: "overlap", attempt: 0 })]);
  store.decide([decision([a, b], at(50), { skipped: "clock-correction", attempt: 0 })]);
  store.end(ended(a, at(60), { ...skipped, reason: "paused" }));
  store.end(ended(a, at(61), { ...skipped, reason: "queue-full", trigger: "manual" }));
  store.decide([decision([a], at(62))]);
  store.end(ended(a, at(62), { outcome: "failed" }));
  store.end(ended(a, at(63), { outcome: "cancelled", startedAtMs: null, attempt: 0, reason: "replaced" }));
  store.decide([decision([b], at(64))]);
  expect(store.setBack(back(at(10)))).toEqual(
    new Map([
      [a, at(50)],
      [b, at(50)],
    ]),
  );
  for (const has of [1, 61, 62, 63]) expect([has, store.has(a, at(has))]).toEqual([has, true]);
  for (const free of [50, 60]) expect([free, store.has(a, at(free))]).toEqual([free, false]);
  expect(store.firstRecorded(a, at(2))).toBe(at(61));
  expect(store.firstRecorded(b, at(2))).toBe(at(64));
  expect(store.firstRecorded(b, at(65))).toBeNull();
  expect(store.recordedBetween(a, at(0), at(99)).map(([first]) => (first - startMs) / second)).toEqual([
    1, 61, 62, 63,
  ]);
  expect(
    store.runs({ outcomes: ["skipped"], limit: 9 }).map(({ job, scheduledAtMs }) => [job, scheduledAtMs]),
  ).toEqual([
    ["job-0", at(61)],
    ["job-1", at(1)],
    ["job-0", at(1)],
  ]);
  // The next process owes what follows that moment, and knows what lies ahead.
  expect(openIn(path, { owner: 101 }).store.enter(declared(2), at(20))).toMatchObject([
    { accountedMs: at(10), knownMs: at(63) },
    { accountedMs: at(10), knownMs: at(64) },
  ]);
  // What began under the wrong clock and ends under the right one accounts for nothing before it.
  store.end(ended(b, at(64), { endedAtMs: at(21) }));
  store.decide([decision([a], at(30))]);
  store.end(ended(a, at(30)));
  store.flush();
  expect(openIn(path, { owner: 102 }).store.enter(declared(2), at(40))).toMatchObject([
    { accountedMs: at(30), knownMs: at(63) },
    { accountedMs: at(10), knownMs: at(64) },
  ]);
});

test("what had begun under the wrong clock and ends when the clock has jumped there again accounts for nothing before it", () => {
  const path = file();
  let nowMs = startMs + 300 * second;
  const { store } = openIn(path, { now: () => nowMs });
  const [a = 0, b = 0, c = 0] = store.enter(declared(3), startMs).map(({ key }) => key);
  const farMs = startMs + 200 * second;
  for (const key of [a, b, c]) store.decide([decision([key], farMs)]);
  const retry = { scheduledAtMs: farMs, origin: "schedule", attempt: 2, dueMs: farMs, input: null } as const;
  store.retryLater({ key: b, ...retry });
  store.setBack(back(startMs + 10 * second));
  nowMs = startMs + 250 * second;
  store.end(ended(a, farMs, { endedAtMs: nowMs }));
  store.flush();
  const next = openIn(path, { owner: 101, now: () => nowMs });
  next.store.recover([], nowMs);
  // Only the retry's decision had been recorded, and accounted for, when the clock was set back.
  const accountedMs = [startMs, startMs + 10 * second, startMs];
  expect(next.store.enter(declared(3), nowMs)).toMatchObject(
    accountedMs.map((timeMs) => ({ accountedMs: timeMs, knownMs: farMs })),
  );
});

test("of a row of times those that have come stay, and of a job that nobody declares all", () => {
  const { store } = openIn(file());
  const [a = 0, b = 0] = store.enter(declared(2), startMs).map(({ key }) => key);
  const row = {
    ...skipped,
    reason: "clock-correction",
    times: 60,
    throughMs: startMs + 60 * second,
  } as const;
  store.end(ended(a, startMs + second, row));
  store.end(ended(b, startMs + second, row));
  store.flush();
  const toMs = startMs + 20 * second + 1;
  const { cut } = back(toMs);
  const again = store.setBack(back(toMs, { cut: (key, firstMs) => (key === a ? cut(key, firstMs) : null) }));
  expect(again.get(a)).toBe(toMs);
  expect(store.has(a, startMs + 20 * second)).toBe(true);
  expect(store.has(a, startMs + 21 * second)).toBe(false);
  expect(store.has(b, startMs + 21 * second)).toBe(true);
  expect(store.runs({ limit: 9 }).map(({ times, throughMs }) => [times, throughMs])).toEqual([
    [60, startMs + 60 * second],
    [20, startMs + 20 * second],
  ]);
});

test("a success that the wrong clock has dated is dated right, or, if nobody knows by how much, no later than now", () => {
  const path = file();
  const { store } = openIn(path);
  const keys = store.enter(declared(3), startMs).map(({ key }) => key);
  const [hour, day] = [3_600_000, 86_400_000];
  for (const [index, key] of keys.entries())
    store.end(ended(key, startMs + index * day, { endedAtMs: startMs + index * day }));
  const successes = () => store.enter(declared(3), startMs + hour).map(({ lastSuccessMs }) => lastSuccessMs);
  store.setBack(back(startMs + hour, { byMs: 2 * day - 30_000 }));
  expect(successes()).toEqual([
    startMs,
    startMs + hour - (2 * day - 30_000 - (day - hour)),
    startMs + 30_000,
  ]);
  store.end(ended(keys[0] ?? 0, startMs + 9 * day, { endedAtMs: startMs + 9 * day }));
  store.setBack(back(startMs + hour));
  expect(successes()[0]).toBe(startMs + hour);
});

test("runs that began under a clock that was ahead are told last, whether they are written or not", () => {
  let fails = false;
  const { store } = openIn(
    file(),
    {},
    failing((sql) => (fails && sql.startsWith("BEGIN") ? "SQLITE_FULL" : null)),
  );
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  for (const seconds of [1, 2, 30, 90_000, 90_001]) {
    fails = seconds === 30 || seconds === 90_001;
    store.end(ended(key, startMs + seconds * second));
    store.flush();
  }
  const told = (rest: Partial<Parameters<typeof store.runs>[0]>) =>
    store.runs({ limit: 9, ...rest }).map(({ scheduledAtMs }) => (scheduledAtMs - startMs) / second);
  for (const flaw of [true, false]) {
    fails = flaw;
    store.flush();
    const clockMs = startMs + 3 * second;
    expect(told({})).toEqual([90_001, 90_000, 30, 2, 1]);
    expect(told({ clockMs })).toEqual([30, 2, 1, 90_001, 90_000]);
    expect(told({ clockMs, limit: 4 })).toEqual([30, 2, 1, 90_001]);
    expect(told({ clockMs, limit: 2 })).toEqual([30, 2]);
    expect(told({ clockMs, sinceMs: startMs + 2 * second, untilMs: startMs + 90_000 * second })).toEqual([
      30, 2, 90_000,
    ]);
    expect(told({ clockMs, sinceMs: startMs + 40 * second })).toEqual([90_001, 90_000]);
  }
});

type Act =
  | {
      readonly do: "record";
      readonly job: number;
      readonly at: number;
      readonly length: number;
      readonly ran: boolean;
    }
  | { readonly do: "back"; readonly to: number }
  | { readonly do: "fail" }
  | { readonly do: "recover" }
  | { readonly do: "reopen" };

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("record" as const),
        job: fc.nat(1),
        at: fc.nat(60),
        length: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 9 })),
        ran: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("back" as const), to: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("fail", "recover", "reopen") }) },
  ),
  { maxLength: 40 },
);

test("over random records and steps, on a disk that fails for a while, has, first and between tell the same as a model", () => {
  const atMs = (seconds: number) => startMs + seconds * second;
  fc.assert(
    fc.property(acts, (sequence) => {
      const path = file();
      let fails = false;
      let owner = 100;
      const open = (): Opened => {
        owner += 1;
        return openIn(
          path,
          { owner },
          failing((sql) => (fails && /^(BEGIN|INSERT|UPDATE|DELETE)/.test(sql) ? "SQLITE_FULL" : null)),
        );
      };
      let opened = open();
      let keys = opened.store.enter(declared(2), startMs).map(({ key }) => key);
      /** Of each job, whether a time's record says that it ran. */
      const model = [new Map<number, boolean>(), new Map<number, boolean>()];
      for (const act of sequence) {
        const { store } = opened;
        if (act.do === "fail" || act.do === "recover") {
          fails = act.do === "fail";
          opened.pass(10_000);
          if (!fails) store.flush();
        } else if (act.do === "reopen") {
          fails = false;
          opened.pass(10_000);
          store.close();
          opened = open();
          keys = opened.store.enter(declared(2), atMs(0)).map(({ key }) => key);
        } else if (act.do === "back") {
          const again = store.setBack(back(atMs(act.to)));
          for (const [index, times] of model.entries()) {
            const lost = [...times].filter(([at, ran]) => !ran && at > act.to).map(([at]) => at);
            const firstMs = again.get(keys[index] ?? 0);
            // It may be earlier than any: their records are looked for as they come.
            if (lost.length > 0) expect(firstMs).toBeLessThanOrEqual(atMs(Math.min(...lost)));
            for (const at of lost) times.delete(at);
          }
        } else {
          const times = model[act.job];
          const length = act.ran ? 1 : act.length;
          const row = Array.from({ length }, (_, index) => act.at + index);
          if (times === undefined || row.some((at) => times.has(at))) continue;
          for (const at of row) times.set(at, act.ran);
          const key = keys[act.job] ?? 0;
          if (act.ran) {
            store.decide([decision([key], atMs(act.at))]);
            if (act.length % 2 === 1) store.end(ended(key, atMs(act.at)));
          } else if (length === 1) {
            store.decide([decision([key], atMs(act.at), { skipped: "not-caught-up", attempt: 0 })]);
          } else {
            const throughMs = atMs(act.at + length - 1);
            store.end(
              ended(key, atMs(act.at), {
                ...skipped,
                reason: "clock-correction",
                times: length,
                throughMs,
                endedAtMs: throughMs,
              }),
            );
          }
        }
        check(opened, keys, model);
      }
      opened.store.close();
    }),
    { numRuns: 60 },
  );

  function check(
    { store }: Opened,
    keys: readonly number[],
    model: ReadonlyArray<ReadonlyMap<number, boolean>>,
  ): void {
    for (const [index, times] of model.entries()) {
      const key = keys[index] ?? 0;
      const all = Array.from({ length: 72 }, (_, at) => at);
      const had = all.filter((at) => times.has(at));
      expect(all.filter((at) => store.has(key, atMs(at)))).toEqual(had);
      const covered = store.recordedBetween(key, atMs(0), atMs(71));
      expect(
        all.filter((at) => covered.some(([first, last]) => atMs(at) >= first && atMs(at) <= last)),
      ).toEqual(had);
      for (const at of [0, 7, 23, 41, 66]) {
        const first = had.find((other) => other >= at);
        expect(store.firstRecorded(key, atMs(at))).toBe(first === undefined ? null : atMs(first));
      }
    }
  }
}, 60_000);

test("what is forgotten is known to have run, or not", () => {
  const times = fc.array(fc.record({ length: fc.integer({ min: 1, max: 5 }), didRun: fc.boolean() }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(times, (rows) => {
      let forgotten: Forgotten = { throughMs: 0, gap: null };
      const ran = new Map<number, boolean>();
      let at = 1;
      for (const { length, didRun } of rows) {
        const [firstMs, lastMs] = [at, at + (didRun ? 0 : length - 1)];
        forgotten = afterForgetting(forgotten, { firstMs, lastMs, didRun });
        for (; at <= lastMs; at += 1) ran.set(at, didRun);
      }
      const { throughMs, gap } = forgotten;
      const isWithin = (timeMs: number) => gap !== null && timeMs >= gap.firstMs && timeMs <= gap.lastMs;
      // None that ran comes again, and a row that did not run does, if it is long.
      for (const [timeMs, didRun] of ran)
        if (didRun) expect([timeMs, timeMs <= throughMs && !isWithin(timeMs)]).toEqual([timeMs, true]);
      const longest = Math.max(0, ...rows.map(({ length, didRun }) => (didRun ? 0 : length)));
      expect([...ran.keys()].filter(isWithin).length).toBeGreaterThanOrEqual(longest);
    }),
  );
});

test("what ran in the middle of such a row, when the clock had been set back, is had as well", () => {
  let forgotten: Forgotten = { throughMs: 0, gap: null };
  for (const [firstMs, lastMs, didRun] of [
    [10, 500, false],
    [501, 501, true],
    [20, 20, true],
    [21, 21, true],
  ] as const)
    forgotten = afterForgetting(forgotten, { firstMs, lastMs, didRun });
  expect(forgotten).toEqual({ throughMs: 501, gap: { firstMs: 22, lastMs: 500 } });
  forgotten = afterForgetting(forgotten, { firstMs: 500, lastMs: 500, didRun: true });
  expect(forgotten).toEqual({ throughMs: 501, gap: null });
});

test("a job that has run a thousand times under a wrong clock is not silent until that time has come", () => {
  const { store, settle, pass } = openIn(file(), { keepRuns: 20 });
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  const farMs = startMs + 2 * 3_600_000;
  const row = {
    ...skipped,
    reason: "clock-correction",
    times: 7_200,
    throughMs: farMs,
    endedAtMs: farMs,
  } as const;
  pass(2 * 3_600_000);
  store.end(ended(key, startMs + second, row));
  for (let at = 1; at <= 200; at += 1) store.end(ended(key, farMs + at * second));
  settle();
  expect(store.runs({ limit: 999 })).toHaveLength(20);
  store.setBack(back(startMs + 60 * second));
  expect(store.has(key, startMs + 61 * second)).toBe(false);
  expect(store.firstRecorded(key, startMs + 61 * second)).toBe(farMs + 1);
  expect(store.has(key, farMs + second)).toBe(true);
  const spans = store.recordedBetween(key, startMs + 61 * second, farMs + 190 * second);
  const covers = (timeMs: number) => spans.some(([first, last]) => timeMs >= first && timeMs <= last);
  const times = [startMs + 61 * second, farMs, farMs + second, farMs + 100 * second, farMs + 190 * second];
  expect(times.map(covers)).toEqual([false, false, true, true, true]);
});

test("a history that an earlier version made is gone on with", () => {
  const path = file();
  const { store } = openIn(path);
  const [key = 0] = store.enter(declared(1), startMs).map((job) => job.key);
  store.end(ended(key, startMs + second));
  store.close();
  const database = new Database(path);
  for (const column of ["known", "gap_first", "gap_last", "ahead_first", "ahead_last"])
    database.run(`ALTER TABLE jobs DROP COLUMN ${column}`);
  database.run("PRAGMA user_version = 1");
  database.close();
  const again = openIn(path, { owner: 101 });
  expect(again.store.trouble).toBeNull();
  expect(again.store.enter(declared(1), startMs + 9 * second)).toMatchObject([
    { key, accountedMs: startMs + second, knownMs: startMs + second },
  ]);
  again.store.end(ended(key, startMs + 9 * second));
  again.store.setBack(back(startMs + 3 * second));
  expect(again.store.enter(declared(1), startMs + 4 * second)).toMatchObject([
    { accountedMs: startMs + 3 * second, knownMs: startMs + 9 * second },
  ]);
});
