// What a soak has found: reloads, clocks that are set back and forward again, and times that come all at once.
import { expect, test } from "bun:test";
import { Journal, plainPen } from "../../../src/runtime/journal.ts";
import { Registry } from "../../../src/runtime/registry.ts";
import { declared, freeTime } from "../../../src/runtime/running/remembered.ts";
import { Scheduler } from "../../../src/runtime/running/scheduler.ts";
import { bench, gate, hour, minute, second, settled } from "./fake-clock.ts";

type Bench = ReturnType<typeof bench>;

/** Each time of a job, with what became of it. */
function accounts({ store }: Pick<Bench, "store">, job: string): string[] {
  return store
    .runs({ job, limit: 10_000 })
    .toReversed()
    .map(({ scheduledAtMs, outcome, reason }) => `${clockText(scheduledAtMs)} ${reason ?? outcome}`);
}

function clockText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(11, 19);
}

/** The next worker of the same daemon, on the same store. */
function successor({ clock, store, runner }: Bench) {
  const pen = plainPen(() => {});
  const journal = new Journal(() => clock.now(), pen);
  const parts = { clock, runner, journal, store, host: "here", bootId: () => "boot", observers: null };
  const scheduler = new Scheduler(parts);
  const registry = new Registry("here");
  registry.whenAdded((definition) => scheduler.add(definition));
  return { scheduler, declare: registry.add.bind(registry) };
}

test("of several that come at once and replace each other only the last begins", async () => {
  const all = bench("2026-06-01T12:05:00Z");
  all.declare("poll", { every: "10m", catchUp: "all", overlap: "replace" });
  all.scheduler.start();
  all.clock.step(30 * minute);
  await all.clock.pass(minute);
  expect(all.started).toEqual(["poll 12:30:00.000"]);
  expect(accounts(all, "poll")).toEqual(["12:10:00 replaced", "12:20:00 replaced", "12:30:00 succeeded"]);
});

test("a clock that is set forward by hours, back, and forward again neither runs nor records a time twice", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  all.declare("poll", { every: "1m", catchUp: "all" });
  all.scheduler.start();
  for (const stepMs of [0, 4 * hour, -4 * hour, hour, 3 * hour]) {
    all.clock.step(stepMs);
    await all.clock.pass(3 * minute);
  }
  expect(new Set(all.scheduled).size).toBe(all.scheduled.length);
  const counts = new Map<number, number>();
  for (const { scheduledAtMs, throughMs, times } of all.store.runs({ job: "poll", limit: 10_000 })) {
    expect((throughMs - scheduledAtMs) / minute + 1).toBe(times);
    for (let at = scheduledAtMs; at <= throughMs; at += minute) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  const first = Date.parse("2026-06-01T12:01:00Z");
  for (let at = first; at <= all.clock.now(); at += minute)
    expect([clockText(at), counts.get(at)]).toEqual([clockText(at), 1]);
});

test("a worker that starts on a clock that was set back knows the records that lie ahead of it", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  all.declare("poll", { every: "1m", catchUp: "all" });
  all.scheduler.start();
  all.clock.step(hour);
  await all.clock.pass(2 * minute);
  all.scheduler.stop();
  const before = accounts(all, "poll");
  expect(before).toHaveLength(62);
  all.clock.step(-50 * minute);
  const again: string[] = [];
  const next = successor(all);
  next.declare("poll", { every: "1m", catchUp: "all" }, ({ scheduledAt }: { scheduledAt: Date }) => {
    again.push(scheduledAt.toISOString());
  });
  next.scheduler.start();
  await all.clock.pass(minute);
  all.clock.step(49 * minute);
  await all.clock.pass(20 * second);
  expect(again).toEqual([]);
  expect(accounts(all, "poll")).toEqual(before);
});

test("of what a clock that was set forward by hours has passed over, a worker that starts on one that is right runs what comes", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  all.declare("poll", { every: "1m", catchUp: "all" });
  all.scheduler.start();
  all.clock.step(5 * hour);
  await all.clock.pass(2 * minute);
  all.scheduler.stop();
  all.clock.step(-4 * hour);
  const again: string[] = [];
  const next = successor(all);
  next.declare("poll", { every: "1m", catchUp: "all" }, ({ scheduledAt }: { scheduledAt: Date }) => {
    again.push(scheduledAt.toISOString().slice(11, 16));
  });
  next.scheduler.start();
  expect(accounts(all, "poll").at(-1)).toBe("17:02:00 succeeded");
  await all.clock.pass(minute);
  all.clock.step(hour);
  await all.clock.pass(minute);
  expect(again).toHaveLength(62);
  expect([again[0], again.at(-1)]).toEqual(["13:03", "14:04"]);
  all.clock.step(3 * hour - 3 * minute);
  await all.clock.pass(4 * minute);
  expect(again.filter((time) => time === "17:02")).toEqual([]);
  const times = accounts(all, "poll").map((account) => account.slice(0, 8));
  expect(times).toEqual([...new Set(times)]);
});

test("the next attempt of a run waits for its delay, also when the clock is set back meanwhile", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  let attempts = 0;
  all.declare("poll", { every: "10m", retry: { attempts: 2, delay: "5s" } }, () => {
    attempts += 1;
    if (attempts === 1) throw new Error("not yet");
  });
  all.declare("tick", "always");
  all.scheduler.start();
  await all.clock.pass(10 * minute);
  expect(attempts).toBe(1);
  all.clock.step(-hour);
  await all.clock.pass(2 * minute);
  expect(attempts).toBe(2);
  expect(accounts(all, "poll")).toEqual(["12:10:00 succeeded"]);
});

test("a run that fails while its worker retires is left to be tried again by the next one", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  const { promise, reject } = gate();
  all.declare("poll", { every: "1m", retry: { attempts: 2, delay: "1s" } }, () => promise);
  all.scheduler.start();
  await all.clock.pass(minute);
  const { atMs, running } = all.scheduler.yield();
  expect(running).toEqual(["poll"]);
  const idle = all.dispatcher.idle();
  reject(new Error("not yet"));
  await idle;
  all.store.releaseRetries();
  const next = successor(all);
  let attempt = 0;
  next.declare(
    "poll",
    { every: "1m", retry: { attempts: 2, delay: "1s" } },
    (context: { attempt: number }) => {
      attempt = context.attempt;
    },
  );
  next.scheduler.start(atMs, [], []);
  await all.clock.pass(5 * second);
  expect(attempt).toBe(2);
  expect(accounts(all, "poll")).toEqual(["12:01:00 succeeded"]);
});

test("the state that a run on old code leaves is what the next run on new code finds", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  const { promise, resolve } = gate();
  const registry = new Registry("here");
  registry.whenAdded((definition) => all.scheduler.add(definition));
  registry.add("count", "every 1m", async (context: { state: unknown }) => {
    await promise;
    context.state = 41;
  });
  all.scheduler.start();
  await all.clock.pass(minute);
  const { atMs, running } = all.scheduler.yield();
  const next = successor(all);
  const found: unknown[] = [];
  next.declare(
    "count",
    "every 1m",
    ({ state, lastSuccess }: { state: unknown; lastSuccess: Date | null }) => {
      found.push(state, lastSuccess?.toISOString());
    },
  );
  next.scheduler.start(atMs, running, []);
  resolve();
  await settled();
  all.store.flush();
  next.scheduler.release("count", []);
  await all.clock.pass(minute);
  expect(found).toEqual([41, "2026-06-01T12:01:00.000Z"]);
});

test("a run that is triggered at the very moment of a scheduled time leaves that time to the schedule", async () => {
  const all = bench("2026-06-01T12:00:00Z");
  all.declare("poll", "every 1s");
  all.declare("each", "every 1ms");
  all.scheduler.start();
  const [poll, each] = ["poll", "each"].map((name) => all.scheduler.job(name));
  if (poll === undefined || each === undefined) throw new Error("there are no jobs");
  expect(freeTime(all.store, poll, all.clock.now())).toBe(all.clock.now() + 1);
  expect(freeTime(all.store, each, all.clock.now())).toBeGreaterThan(all.clock.now());
  all.scheduler.trigger(poll, undefined);
  await all.clock.pass(10);
  expect(accounts(all, "poll")).toEqual(["12:00:00 succeeded"]);
  expect(declared([poll])[0]?.schedule).toContain("every 1s");
});

test("a job that is declared right after the clock was set does not hide that", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  all.declare("poll", { every: "1m", catchUp: "last" });
  all.scheduler.start();
  all.clock.step(10 * minute);
  all.declare("late", "@hourly");
  expect(all.lines).toEqual([expect.stringContaining("the clock went forward by 10m")]);
  await all.clock.pass(minute);
  expect(accounts(all, "poll").at(-1)).toContain("succeeded");
});

test("a long row of times that is one record is written before the times after it are decided", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  const order: string[] = [];
  const { store } = all;
  const [end, flush, decide] = [store.end.bind(store), store.flush.bind(store), store.decide.bind(store)];
  store.end = (ended) => {
    if (ended.times > 1) order.push("row");
    end(ended);
  };
  store.flush = () => {
    order.push("flush");
    flush();
  };
  store.decide = (decisions) => {
    order.push("decide");
    decide(decisions);
  };
  all.declare("poll", "every 1m");
  all.scheduler.start();
  all.clock.step(5 * hour);
  await all.clock.pass(minute);
  expect(order.slice(0, 3)).toEqual(["row", "flush", "decide"]);
});
