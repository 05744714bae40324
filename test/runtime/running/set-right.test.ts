// What a clock that was wrong and is set right finds, case by case; at random it is set-back.test.ts.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { jobStatus } from "../../../src/runtime/answers/status.ts";
import { scratch } from "../../scratch.ts";
import { bench, FakeClock, hour, minute, second, settled } from "./fake-clock.ts";

type Bench = ReturnType<typeof bench>;

const year = 365 * 24 * hour;

/** Workers of one daemon, one after the other. */
function daemon(declare: (of: Bench) => void, start = "2026-06-01T12:00:30Z") {
  const clock = new FakeClock(start);
  const path = join(scratch("set-right"), "w.db");
  let owner = 0;
  const next = () => {
    owner += 1;
    const made = bench(undefined, { path, owner }, clock);
    declare(made);
    return made;
  };
  const begin = () => {
    const made = next();
    made.scheduler.start();
    return made;
  };
  return { clock, begin, next };
}

function accounts({ store }: Bench, job: string): string[] {
  return store
    .runs({ job, limit: 1_000 })
    .toReversed()
    .map(
      ({ scheduledAtMs, outcome, reason }) =>
        `${new Date(scheduledAtMs).toISOString().slice(2, 16)} ${reason ?? outcome}`,
    );
}

function entryOf({ scheduler }: Bench, job: string) {
  const entry = scheduler.job(job);
  if (entry === undefined) throw new Error(`there is no ${job}`);
  return entry;
}

test("a success under the wrong clock is dated by the right one, and a job that has none for long is overdue", async () => {
  const { clock, begin } = daemon((all) => {
    let runs = 0;
    all.declare("poll", { every: "10m", expectEvery: "1h" }, () => {
      runs += 1;
      if (runs > 1) throw new Error("from now on it fails");
    });
    all.declare("never", { cron: "0 0 1 1 *", expectEvery: "1h" });
  });
  clock.step(year);
  const all = begin();
  await clock.pass(10 * minute);
  const poll = entryOf(all, "poll");
  expect(new Date(poll.lastSuccessMs ?? 0).toISOString()).toBe("2027-06-01T12:10:00.000Z");
  clock.step(-year);
  await clock.pass(5 * minute);
  expect(new Date(poll.lastSuccessMs ?? 0).toISOString()).toBe("2026-06-01T12:10:00.000Z");
  const overdue = () => [poll, entryOf(all, "never")].map((entry) => jobStatus(entry, clock.now()).overdue);
  expect(overdue()).toEqual([false, false]);
  await clock.pass(hour);
  expect(overdue()).toEqual([true, true]);
  all.scheduler.stop();
  all.store.close();
  const next = begin();
  expect(new Date(entryOf(next, "poll").lastSuccessMs ?? 0).toISOString()).toBe("2026-06-01T12:10:00.000Z");
});

test("a next attempt that another worker has left waits for its delay, and not for the time that the wrong clock had told", async () => {
  let attempts = 0;
  const { clock, begin } = daemon((all) => {
    all.declare("poll", { every: "10m", retry: { attempts: 9, delay: "20s", factor: 1, jitter: 0 } }, () => {
      attempts += 1;
      if (attempts === 1) throw new Error("not yet");
    });
  });
  clock.step(year);
  const all = begin();
  await clock.pass(9 * minute + 40 * second);
  expect(attempts).toBe(1);
  all.scheduler.stop();
  void all.dispatcher.endAll("stopping", "it stops");
  await settled();
  all.store.close();
  clock.step(-year);
  const next = begin();
  await clock.pass(19 * second);
  expect(attempts).toBe(1);
  await clock.pass(second);
  expect(attempts).toBe(2);
  await clock.pass(10 * minute);
  expect(accounts(next, "poll")).toEqual(["26-06-01T12:20 succeeded", "27-06-01T12:10 succeeded"]);
});

test("what a paused job has passed over comes again when it is resumed", async () => {
  const { clock, begin } = daemon((all) => all.declare("poll", "every 10m"));
  const all = begin();
  const poll = entryOf(all, "poll");
  all.scheduler.pause(poll);
  clock.step(year);
  await clock.pass(10 * minute);
  clock.step(-year);
  await clock.pass(minute);
  all.scheduler.resume(poll);
  await clock.pass(10 * minute);
  // By the wrong clock the first had gone by.
  expect(accounts(all, "poll")).toEqual(["26-06-01T12:10 paused", "26-06-01T12:20 succeeded"]);
});

test("a second, smaller step back does not have a job wait for what the wrong clock had shown", async () => {
  const { clock, begin } = daemon((all) => all.declare("poll", "every 10m"));
  const all = begin();
  await clock.pass(10 * minute);
  clock.step(year);
  await clock.pass(10 * minute);
  clock.step(-year);
  await clock.pass(2 * minute);
  clock.step(-5 * second);
  await clock.pass(10 * minute);
  all.scheduler.stop();
  all.store.close();
  clock.step(-5 * second);
  const next = begin();
  clock.step(-5 * second);
  await clock.pass(10 * minute);
  expect(next.started).toEqual(["poll 12:40:00.000"]);
  expect(all.started.slice(1)).toEqual(["poll 12:20:00.000", "poll 12:30:00.000"]);
});

test("a job that was declared when the clock was beyond all its times comes when it is set right", async () => {
  const { clock, begin } = daemon((all) => {
    all.declare("once", { at: "2026-06-01T12:20:00Z" });
    all.declare("until", { every: "10m", until: "2026-07-01T00:00:00Z" });
    all.declare("tick", "every 1h offset 7m");
  });
  clock.step(year);
  const all = begin();
  await clock.pass(5 * minute);
  expect(["once", "until"].map((job) => entryOf(all, job).dueMs)).toEqual([null, null]);
  clock.step(-year);
  await clock.pass(15 * minute);
  expect(all.started.toSorted()).toEqual([
    "once 12:20:00.000",
    "tick 12:07:00.000",
    "until 12:10:00.000",
    "until 12:20:00.000",
  ]);
});

test("of times that were missed around those that ran already, the policy catches up what is left", async () => {
  const policies = { none: "none", last: "last", all: "all" } as const;
  const { clock, begin } = daemon((all) => {
    for (const [name, catchUp] of Object.entries(policies)) all.declare(name, { every: "10m", catchUp });
  });
  const all = begin();
  clock.step(3 * hour);
  await clock.pass(10 * minute);
  all.scheduler.stop();
  all.store.close();
  // 15:10 has run. The clock is right, nobody is there for hours, and then it is 15:32.
  clock.step(-3 * hour + 3 * hour + 21 * minute + 30 * second - 3 * hour);
  const short = begin();
  await clock.pass(second);
  short.scheduler.stop();
  short.store.close();
  clock.step(3 * hour);
  const next = begin();
  await clock.pass(second);
  const after = (job: string) => accounts(next, job).filter((account) => account > "26-06-01T14:45");
  expect(after("none")).toEqual([
    "26-06-01T14:50 not-caught-up",
    "26-06-01T15:00 not-caught-up",
    "26-06-01T15:10 succeeded",
    "26-06-01T15:20 not-caught-up",
    "26-06-01T15:30 not-caught-up",
  ]);
  expect(after("last").map((account) => account.slice(15))).toEqual([
    "not-caught-up",
    "not-caught-up",
    "succeeded",
    "not-caught-up",
    "succeeded",
  ]);
  expect(after("all").map((account) => account.slice(15))).toEqual(new Array(5).fill("succeeded"));
  expect(new Set(accounts(next, "all")).size).toBe(accounts(next, "all").length);
  expect(next.scheduled).not.toContain("all 2026-06-01T15:10:00.000Z");
});

test("a takeover over which the clock was set forward by a year runs none of what that has passed", async () => {
  const { clock, begin, next } = daemon((all) => all.declare("poll", { every: "10m" }));
  const all = begin();
  await clock.pass(10 * minute);
  const { atMs } = all.scheduler.yield();
  all.store.flush();
  clock.step(year + 2 * minute);
  const young = next();
  young.scheduler.start(atMs, [], []);
  await clock.pass(10 * minute);
  expect([...all.started, ...young.started]).toEqual(["poll 12:10:00.000", "poll 12:20:00.000"]);
  expect(accounts(young, "poll").slice(-2)).toEqual([
    "27-06-01T12:10 not-caught-up",
    "27-06-01T12:20 succeeded",
  ]);
});

test("a time whose second attempt was cut short by a kill after the step back does not run again", async () => {
  const begun: string[] = [];
  const { clock, begin } = daemon((all) =>
    all.declare(
      "poll",
      { every: "10m", retry: { attempts: 2, delay: "20s" } },
      (_, { scheduledAt, attempt }) => {
        begun.push(`${scheduledAt.toISOString().slice(5, 16)} ${attempt}`);
        if (!begun.at(-1)?.startsWith("06-01T15:10")) return undefined;
        if (attempt === 1) throw new Error("not yet");
        return new Promise(() => {});
      },
    ),
  );
  const all = begin();
  clock.step(3 * hour);
  await clock.pass(10 * minute);
  expect(begun).toEqual(["06-01T15:10 1", "06-01T15:10 2"]);
  clock.step(-3 * hour);
  await clock.pass(2 * minute);
  // Killed: nothing of it is told any more.
  all.scheduler.stop();
  const next = begin();
  await clock.pass(20 * minute);
  clock.step(157 * minute);
  await clock.pass(10 * minute);
  expect(begun.filter((each) => each.startsWith("06-01T15:10"))).toHaveLength(2);
  expect(accounts(next, "poll").filter((account) => account.includes("15:10"))).toEqual([
    "26-06-01T15:10 daemon-died",
  ]);
});
