// Every time of every job ends as exactly one record: over sleeps, clock steps, pauses, long runs and many policies.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { RunRecord } from "../../../src/store/records.ts";
import { scratch } from "../../scratch.ts";
import { bench, FakeClock, gate, hour, minute, second, settled } from "./fake-clock.ts";

type Bench = ReturnType<typeof bench>;

function recordsOf({ store, dispatcher }: Bench, job: string): RunRecord[] {
  store.flush();
  const going = [...dispatcher.runs].filter((run) => run.job === job);
  expect(going).toEqual([]);
  return store.runs({ job, limit: 1_000_000 }).toReversed();
}

/** How often each time of an interval has a record. */
function countsOf(records: readonly RunRecord[], intervalMs: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { scheduledAtMs, throughMs } of records)
    for (let timeMs = scheduledAtMs; timeMs <= throughMs; timeMs += intervalMs)
      counts.set(timeMs, (counts.get(timeMs) ?? 0) + 1);
  return counts;
}

function outcomesOf(records: readonly RunRecord[]): string[] {
  return records.map(
    ({ scheduledAtMs, outcome, reason, trigger }) =>
      `${new Date(scheduledAtMs).toISOString().slice(11, 19)} ${outcome}${reason === null ? "" : ` (${reason})`} ${trigger}`,
  );
}

describe("times that were slept through are", () => {
  test.each([
    [
      { catchUp: "none" },
      ["12:10:00 skipped (not-caught-up) schedule", "12:20:00 skipped (not-caught-up) schedule"],
    ],
    [{ catchUp: "last" }, ["12:10:00 skipped (not-caught-up) schedule", "12:20:00 succeeded catch-up"]],
    [{ catchUp: "all" }, ["12:10:00 succeeded catch-up", "12:20:00 succeeded catch-up"]],
    [
      { catchUp: "all", catchUpWindow: "10m" },
      ["12:10:00 skipped (not-caught-up) schedule", "12:20:00 succeeded catch-up"],
    ],
  ])("%p", async (policy, outcomes) => {
    const all = bench("2026-06-01T12:05:00Z");
    all.declare("poll", { every: "10m", ...policy });
    all.scheduler.start();
    all.clock.sleptMs += 20 * minute;
    all.clock.step(20 * minute);
    await all.clock.pass(minute);
    expect(outcomesOf(recordsOf(all, "poll"))).toEqual(outcomes);
  });
});

test("several that are caught up run one after another, in order", async () => {
  const all = bench("2026-06-01T12:05:00Z");
  const ends = [gate(), gate(), gate()];
  let begun = 0;
  all.declare("poll", { every: "10m", catchUp: "all" }, () => {
    begun += 1;
    return ends[begun - 1]?.promise;
  });
  all.scheduler.start();
  all.clock.step(30 * minute);
  await all.clock.pass(minute);
  for (const [index, end] of ends.entries()) {
    expect(begun).toBe(index + 1);
    end.resolve();
    await settled();
  }
  expect(all.started).toEqual(["poll 12:10:00.000", "poll 12:20:00.000", "poll 12:30:00.000"]);
});

test("a clock that was set forward by hours was wrong: the times in between are no times, and one record says so", async () => {
  const all = bench("2026-06-01T12:00:30Z");
  all.declare("poll", { every: "1m", catchUp: "all" });
  all.scheduler.start();
  all.clock.step(48 * hour);
  await all.clock.pass(minute);
  const records = recordsOf(all, "poll");
  const counts = countsOf(records, minute);
  expect([...counts.values()].every((count) => count === 1)).toBe(true);
  expect(counts.size).toBeGreaterThanOrEqual(48 * 60);
  expect(records.length).toBeLessThan(110);
  expect(records.filter(({ outcome }) => outcome === "succeeded").length).toBeLessThanOrEqual(2);
  expect(records[0]).toMatchObject({ outcome: "skipped", reason: "clock-correction" });
});

test("a clock that was a day ahead and is set right runs nothing again when that day comes", async () => {
  const all = bench("2026-06-02T12:00:00Z");
  all.declare("hourly", "0 * * * *");
  all.scheduler.start();
  await all.clock.pass(3 * hour);
  all.clock.step(-24 * hour);
  await all.clock.pass(30 * hour);
  const counts = countsOf(recordsOf(all, "hourly"), hour);
  expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
  expect(all.scheduled).toHaveLength(new Set(all.scheduled).size);
  expect(all.scheduled).toContain("hourly 2026-06-01T16:00:00.000Z");
});

test("a paused job's times are skipped, and counted", async () => {
  const all = bench();
  all.declare("poll", "every 10s");
  all.scheduler.start();
  const [entry] = all.scheduler.jobs;
  if (entry === undefined) throw new Error("no job");
  await all.clock.pass(15 * second);
  all.scheduler.pause(entry);
  await all.clock.pass(20 * second);
  all.scheduler.resume(entry);
  await all.clock.pass(10 * second);
  expect(outcomesOf(recordsOf(all, "poll"))).toEqual([
    "12:00:10 succeeded schedule",
    "12:00:20 skipped (paused) schedule",
    "12:00:30 skipped (paused) schedule",
    "12:00:40 succeeded schedule",
  ]);
});

test("one that is cancelled while it waits for its next attempt has the attempts that it had", async () => {
  const all = bench();
  all.declare(
    "flaky",
    { every: "1h", retry: { attempts: 3, delay: "10m", maxDelay: "1h", jitter: 0 } },
    () => {
      throw new Error("no");
    },
  );
  all.scheduler.start();
  await all.clock.pass(hour + 11 * minute);
  const [run] = all.dispatcher.runs;
  if (run === undefined) throw new Error("it does not wait");
  expect(run).toMatchObject({ phase: "retrying", attempt: 3 });
  all.dispatcher.cancel(run, "asked", "enough");
  expect(recordsOf(all, "flaky")).toMatchObject([
    { outcome: "cancelled", reason: "asked", attempt: 2, trigger: "retry" },
  ]);
});

test("a run may be tried again at once, and hundreds of times", async () => {
  const all = bench();
  let attempts = 0;
  all.declare("flaky", { every: "1h", retry: { attempts: 1_000, delay: 0, factor: 100 } }, () => {
    attempts += 1;
    if (attempts < 400) throw new Error("not yet");
  });
  all.scheduler.start();
  await all.clock.pass(hour + minute);
  expect(recordsOf(all, "flaky")).toMatchObject([{ outcome: "succeeded", attempt: 400 }]);
});

test("a boot is a time as well: skipped while the job is paused, and none outside of from and until", async () => {
  const path = join(scratch("boot"), "w.db");
  const before = bench(undefined, { path, owner: 100 });
  before.declare("paused", "@yearly");
  before.scheduler.start();
  const [entry] = before.scheduler.jobs;
  if (entry === undefined) throw new Error("the job is not there");
  before.scheduler.pause(entry);
  before.store.close();

  const after = bench(undefined, { path, owner: 101 }, before.clock);
  after.declare("paused", "@reboot");
  after.declare("over", { cron: "@reboot", until: "2026-06-01T11:59:59Z" });
  after.declare("to come", { cron: "@reboot", from: "2026-06-01T12:00:01Z" });
  after.declare("now", { cron: "@reboot", from: "2026-06-01T12:00:00Z", until: "2026-06-01T12:00:00Z" });
  after.scheduler.start();
  await settled();
  expect(after.started).toEqual(["now 12:00:00.000"]);
  expect(outcomesOf(recordsOf(after, "paused"))).toEqual(["12:00:00 skipped (paused) schedule"]);
});

test("a jitter puts off the start and not the time, and a reload in between loses none", async () => {
  const all = bench();
  all.declare("put off", { every: "10m", jitter: "9m" });
  const [entry] = all.scheduler.jobs;
  if (entry === undefined) throw new Error("no job");
  all.scheduler.start();
  await all.clock.pass(10 * minute + entry.delayMs / 2);
  const { atMs } = all.scheduler.yield();
  all.dispatcher.isStopped = false;
  all.scheduler.start(atMs, [], []);
  await all.clock.pass(10 * minute);
  expect(entry.delayMs).toBeGreaterThan(0);
  expect(all.started).toEqual(["put off 12:10:00.000"]);
});

test("a failing run is tried again until it succeeds, and is one record", async () => {
  const all = bench();
  let attempts = 0;
  all.declare("flaky", { every: "1h", retry: { attempts: 3, delay: "10s", jitter: 0 } }, () => {
    attempts += 1;
    if (attempts < 3) throw new Error(`attempt ${attempts}`);
  });
  all.scheduler.start();
  await all.clock.pass(hour + 15 * second);
  expect(attempts).toBe(2);
  await all.clock.pass(20 * second);
  expect(recordsOf(all, "flaky")).toMatchObject([{ outcome: "succeeded", attempt: 3, trigger: "retry" }]);
});

test("over random sleeps, steps, pauses, long runs and failures each time has exactly one record", async () => {
  let seed = 77_001;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const intervalMs = 90 * second;
  const policies = [
    {},
    { catchUp: "last" },
    { catchUp: "all", maxCatchUp: 5, catchUpWindow: "1h" },
    { overlap: "queue", maxQueued: 2 },
    { overlap: "allow", maxConcurrent: 2 },
    { overlap: "replace" },
    { retry: { attempts: 2, delay: "5s" } },
    { concurrency: "one" },
    { concurrency: "one", overlap: "queue", catchUp: "all" },
  ];
  for (let round = 0; round < 12; round += 1) {
    const all = bench("2026-06-01T12:00:00Z");
    const startMs = all.clock.now();
    for (const [index, policy] of policies.entries()) {
      all.declare(`job ${index}`, { every: intervalMs, ...policy }, (signal) => {
        const chance = random();
        if (chance < 0.2) throw new Error("failed");
        if (chance < 0.6) return undefined;
        return new Promise<void>((resolve, reject) => {
          all.clock.after(chance * 5 * minute, resolve);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      });
    }
    all.scheduler.start();
    for (let step = 0; step < 20; step += 1) {
      await all.clock.pass(Math.floor(random() * 8 * minute));
      const chance = random();
      const entry = all.scheduler.jobs[Math.floor(random() * policies.length)];
      if (chance < 0.2) all.clock.step(Math.floor((random() - 0.5) * 2 * hour));
      else if (chance < 0.4 && entry !== undefined) all.scheduler.pause(entry);
      else if (chance < 0.6 && entry !== undefined) all.scheduler.resume(entry);
    }
    await all.clock.pass(4 * hour);
    all.scheduler.yield();
    const endMs = all.clock.now();
    void all.dispatcher.endAll("stopping", "the end");
    await settled();
    for (const { definition } of all.scheduler.jobs) {
      const counts = countsOf(recordsOf(all, definition.name), intervalMs);
      const first = (Math.floor(startMs / intervalMs) + 1) * intervalMs;
      const last = Math.floor(endMs / intervalMs) * intervalMs;
      const wrong: string[] = [];
      for (let timeMs = first; timeMs <= last; timeMs += intervalMs)
        if (counts.get(timeMs) !== 1)
          wrong.push(`${new Date(timeMs).toISOString()} ${counts.get(timeMs) ?? 0}`);
      expect({ round, job: definition.name, wrong }).toEqual({ round, job: definition.name, wrong: [] });
    }
  }
}, 60_000);

/** The workers of one daemon, each the successor of the one before, as a supervisor has them hand over. */
class Reloads {
  readonly path = join(scratch("reloads"), "w.db");
  readonly clock = new FakeClock("2026-06-01T12:00:00Z");
  readonly declareJobs: (of: Bench) => void;
  owner = 100;
  current: Bench;
  old: Bench | null = null;

  constructor(declareJobs: (of: Bench) => void) {
    this.declareJobs = declareJobs;
    this.current = this.begin();
    this.current.scheduler.start();
  }

  begin(): Bench {
    this.owner += 1;
    const made = bench(undefined, { path: this.path, owner: this.owner }, this.clock);
    this.declareJobs(made);
    return made;
  }

  reload(): void {
    if (this.old !== null) return;
    const [old, next] = [this.current, this.begin()];
    const oldOwner = this.owner - 1;
    this.old = old;
    this.current = next;
    const { atMs, running } = old.scheduler.yield();
    old.store.releaseRetries();
    const held = new Set(running);
    old.scheduler.whenJobFree((job) => {
      if (!held.delete(job)) return;
      old.store.flush();
      next.scheduler.release(job, [oldOwner]);
    });
    next.scheduler.start(atMs, running, [oldOwner]);
    for (const run of [...old.dispatcher.runs])
      if (run.entry.isAlways) old.dispatcher.cancel(run, "stopping", "the daemon is reloading");
    void old.dispatcher.idle().then(() => {
      old.store.releaseRetries();
      old.store.close();
      this.old = null;
      for (const job of held) next.scheduler.release(job, []);
    });
  }
}

test("over random reloads, pauses, failures and retries each time has one record, and `always` never runs twice at once", async () => {
  let seed = 4_711;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const intervalMs = 60 * second;
  const policies = [
    {},
    { retry: { attempts: 3, delay: "20s", jitter: 0 } },
    { retry: { attempts: 2, delay: "3m" }, overlap: "queue" },
    { overlap: "allow", maxConcurrent: 3, retry: { attempts: 2, delay: "10s" } },
    { overlap: "replace" },
    { concurrency: "one", retry: { attempts: 2, delay: "5s" } },
    { concurrency: "one", overlap: "queue", catchUp: "all", jitter: "30s" },
  ];
  for (let round = 0; round < 10; round += 1) {
    let [always, most] = [0, 0];
    const running = new Map<string, number>();
    const twice: string[] = [];
    const reloads: Reloads = new Reloads((of) => {
      for (const [index, policy] of policies.entries()) {
        const name = `job ${index}`;
        of.declare(name, { every: intervalMs, ...policy }, async (signal) => {
          running.set(name, (running.get(name) ?? 0) + 1);
          if ((running.get(name) ?? 0) > 1 && policy.overlap !== "allow") twice.push(name);
          try {
            const chance = random();
            if (chance > 0.4)
              await new Promise<void>((resolve, reject) => {
                of.clock.after(chance * 3 * minute, resolve);
                signal.addEventListener("abort", () => reject(signal.reason));
              });
            if (random() < 0.4) throw new Error("failed");
          } finally {
            running.set(name, (running.get(name) ?? 0) - 1);
          }
        });
      }
      of.declare("always", "always", async (signal) => {
        always += 1;
        most = Math.max(most, always);
        const chance = random();
        await new Promise<void>((resolve) => {
          if (chance < 0.7) of.clock.after(chance * minute, resolve);
          signal.addEventListener("abort", () => of.clock.after(chance * 10 * second, resolve));
        });
        always -= 1;
      });
    });
    const { clock } = reloads;
    const startMs = clock.now();
    for (let step = 0; step < 25; step += 1) {
      await clock.pass(Math.floor(random() * 4 * minute));
      const { scheduler } = reloads.current;
      const entry = scheduler.jobs[Math.floor(random() * scheduler.jobs.length)];
      const chance = random();
      if (chance < 0.5) reloads.reload();
      else if (chance < 0.65 && entry !== undefined) scheduler.pause(entry);
      else if (chance < 0.85 && entry !== undefined) scheduler.resume(entry);
    }
    for (const entry of reloads.current.scheduler.jobs) reloads.current.scheduler.resume(entry);
    // Old code ends what waits in its queue.
    await clock.pass(hour);
    expect({ round, isOver: reloads.old === null }).toEqual({ round, isOver: true });
    const all = reloads.current;
    all.scheduler.yield();
    const endMs = clock.now();
    void all.dispatcher.endAll("stopping", "the end");
    await clock.pass(minute);
    expect({ round, most, twice }).toEqual({ round, most: 1, twice: [] });
    all.store.flush();
    // What was to be tried again at the end waits for the next worker.
    all.store.releaseRetries();
    const last = bench(undefined, { path: reloads.path, owner: 999 }, clock);
    reloads.declareJobs(last);
    const memories = last.store.enter(
      last.scheduler.jobs.map(({ definition }) => ({ name: definition.name, schedule: "" })),
      endMs,
    );
    const left = new Set(
      last.store.recover([], endMs).map(({ key, scheduledAtMs }) => `${key}@${scheduledAtMs}`),
    );
    for (const [index, { definition }] of last.scheduler.jobs.entries()) {
      if (definition.name === "always") continue;
      const counts = countsOf(last.store.runs({ job: definition.name, limit: 1_000_000 }), intervalMs);
      const first = (Math.floor(startMs / intervalMs) + 1) * intervalMs;
      const wrong: string[] = [];
      const delayMs = last.scheduler.jobs[index]?.delayMs ?? 0;
      for (let timeMs = first; timeMs + delayMs <= endMs; timeMs += intervalMs) {
        const isLeft = left.has(`${memories[index]?.key}@${timeMs}`);
        const count = (counts.get(timeMs) ?? 0) + (isLeft ? 1 : 0);
        if (count !== 1) wrong.push(`${new Date(timeMs).toISOString()} ${count}`);
      }
      expect({ round, job: definition.name, wrong }).toEqual({ round, job: definition.name, wrong: [] });
    }
    const interrupted = last.store.runs({ outcomes: ["interrupted"], limit: 1_000_000 });
    expect(interrupted).toEqual([]);
    last.store.close();
  }
}, 60_000);
