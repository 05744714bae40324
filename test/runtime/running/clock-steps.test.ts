// A machine that sleeps, and a clock that is set: no time is lost, and none is repeated.
import { expect, test } from "bun:test";
import { bench, hour, minute, second } from "./fake-clock.ts";

test("what a suspended machine slept through runs once, within a minute of its waking", async () => {
  const { clock, lines, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("poll", { every: "10m", catchUp: "last" });
  scheduler.start();
  await clock.pass(30 * second);
  clock.step(95 * minute);
  await clock.pass(minute);
  expect(started).toEqual(["poll 13:30:00.000"]);
  expect(lines).toEqual([
    "2026-06-01T13:36:00.000Z WARN  the clock went forward by 1h 35m, or the machine slept",
    "2026-06-01T13:36:00.000Z WARN  [poll] skipped 8 runs, from 2026-06-01T12:10:00.000Z to 2026-06-01T13:20:00.000Z: missed, and not caught up",
  ]);
  await clock.pass(4 * minute);
  expect(started).toEqual(["poll 13:30:00.000", "poll 13:40:00.000"]);
});

test("where there is an alarm on the wall clock, a long sleep is noticed at once, and it wakes up every ten minutes only", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  clock.hasAlarm = true;
  declare("daily", { cron: "0 0 * * *", catchUp: "last" });
  scheduler.start();
  await clock.pass(11 * hour);
  expect(clock.waits).toHaveLength(11 * 6 + 1);
  clock.sleptMs += 3 * hour;
  clock.step(3 * hour);
  expect(started).toEqual(["daily 00:00:00.000"]);
  await clock.pass(22 * hour);
  expect(started).toEqual(["daily 00:00:00.000", "daily 00:00:00.000"]);
  expect(clock.waits).toHaveLength(33 * 6 + 2);
  expect(Math.min(...clock.waits)).toBe(10 * minute);
});

test("where there is an alarm, a clock that was years ahead is noticed to be right within ten minutes, and no time is lost", async () => {
  const { clock, lines, started, scheduler, store, declare } = bench("2031-01-01T02:50:00Z");
  clock.hasAlarm = true;
  declare("daily", { cron: "0 3 * * *" });
  scheduler.start();
  clock.step(Date.parse("2026-06-01T02:57:00Z") - clock.now());
  await clock.pass(9 * minute);
  expect(started).toEqual([]);
  await clock.pass(minute);
  expect(lines[0]).toContain("2026-06-01T03:07:00.000Z WARN  the clock was set back by");
  expect(started).toEqual(["daily 03:00:00.000"]);
  expect(store.runs({ limit: 9 }).map(({ scheduledAtMs }) => new Date(scheduledAtMs).toISOString())).toEqual([
    "2026-06-01T03:00:00.000Z",
  ]);
  await clock.pass(24 * hour);
  expect(started).toHaveLength(2);
});

test("an alarm on the wall clock does not hide a clock that was set back", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  clock.hasAlarm = true;
  declare("every ten minutes", "every 10m");
  scheduler.start();
  await clock.pass(5 * minute);
  clock.step(-hour);
  await clock.pass(15 * minute);
  // That the clock was set back is noticed at 11:10, and this is a time as well.
  expect(started).toEqual(["every ten minutes 11:10:00.000", "every ten minutes 11:20:00.000"]);
});

test("an alarm that has another clock than the rest goes off too early once, and is not asked again", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  clock.hasAlarm = true;
  declare("hourly", "@hourly");
  scheduler.start();
  expect(clock.waits).toEqual([10 * minute]);
  clock.ring();
  expect(clock.isAlarmSet).toBe(false);
  await clock.pass(hour);
  expect(started).toEqual(["hourly 13:00:00.000"]);
  expect(clock.isAlarmSet).toBe(false);
});

test("a sleep of a year is one run, not half a million", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("minutely", "* * * * *");
  scheduler.start();
  clock.step(365 * 24 * hour);
  await clock.pass(minute);
  expect(started).toEqual(["minutely 12:01:00.000"]);
  await clock.pass(minute);
  expect(started).toHaveLength(2);
});

test("a clock that is set forward by less than an interval loses nothing", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("hourly", "0 * * * *");
  scheduler.start();
  await clock.pass(10 * minute);
  clock.step(30 * minute);
  await clock.pass(20 * minute);
  expect(started).toEqual(["hourly 13:00:00.000"]);
});

test("a clock that is set back by an hour repeats no time", async () => {
  const { clock, lines, started, scheduler, declare } = bench("2026-06-01T11:59:00Z");
  declare("hourly", "0 * * * *");
  scheduler.start();
  await clock.pass(2 * minute);
  expect(started).toEqual(["hourly 12:00:00.000"]);
  clock.step(-hour);
  await clock.pass(90 * minute);
  expect(started).toEqual(["hourly 12:00:00.000"]);
  expect(lines.some((line) => line.endsWith("the clock was set back by 1h"))).toBe(true);
  await clock.pass(30 * minute);
  expect(started).toEqual(["hourly 12:00:00.000", "hourly 13:00:00.000"]);
});

test("an interval goes on after the clock was set back, and repeats none of its times", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("poll", "every 10s");
  scheduler.start();
  await clock.pass(20 * second);
  clock.step(-15 * second);
  await clock.pass(30 * second);
  expect(new Set(started).size).toBe(started.length);
  expect(started).toEqual(["poll 12:00:10.000", "poll 12:00:20.000", "poll 12:00:30.000"]);
});

test("a clock that was years ahead and is set right does not keep a job waiting for years", async () => {
  const { clock, started, scheduler, declare } = bench("2031-01-01T00:00:30Z");
  declare("hourly", "0 * * * *");
  declare("poll", "every 30m");
  scheduler.start();
  clock.step(Date.parse("2026-06-01T12:30:30Z") - clock.now());
  await clock.pass(hour);
  expect(started.toSorted()).toEqual(["hourly 13:00:00.000", "poll 13:00:00.000", "poll 13:30:00.000"]);
});

test("a pause of an always-on job is not stretched by a clock that is set back", async () => {
  const { clock, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("consumer", "always");
  scheduler.start();
  await clock.pass(500);
  clock.step(-24 * hour);
  await clock.pass(2 * minute);
  expect(started.length).toBeGreaterThanOrEqual(2);
});

test("a clock that trembles by less than two seconds is not worth a word", async () => {
  const { clock, lines, started, scheduler, declare } = bench("2026-06-01T12:00:00Z");
  declare("poll", "every 10s");
  scheduler.start();
  for (const stepMs of [900, -900, 1_500, -1_500]) {
    await clock.pass(7 * second);
    clock.step(stepMs);
  }
  await clock.pass(12 * second);
  expect(started).toEqual([10, 20, 30, 40].map((seconds) => `poll 12:00:${seconds}.000`));
  expect(lines).toEqual([]);
});

test("over random steps and sleeps no time runs twice, none runs early, and the last is always made up for", async () => {
  let seed = 20_260_601;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let round = 0; round < 40; round += 1) {
    const { clock, started, scheduled, scheduler, declare } = bench("2026-06-01T12:00:00Z");
    declare("cron", "*/7 * * * *");
    declare("poll", "every 90s");
    scheduler.start();
    for (let step = 0; step < 25; step += 1) {
      await clock.pass(Math.floor(random() * 10 * minute));
      clock.step(Math.floor((random() - 0.5) * 2 * hour));
    }
    await clock.pass(12 * hour);
    expect(new Set(scheduled).size).toBe(scheduled.length);
    expect(started.filter((entry) => entry.includes("EARLY"))).toEqual([]);
    const lastDueMs = Math.floor(clock.now() / (90 * second)) * 90 * second;
    expect(scheduled).toContain(`poll ${new Date(lastDueMs).toISOString()}`);
  }
}, 20_000);
