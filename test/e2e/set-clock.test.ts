// What becomes of each time when the clock is set, or changes by itself.
import { expect, test } from "bun:test";
import { accounts, daemonAt, runsOf, steps } from "./clocked.ts";
import { until } from "./harness.ts";

const threePolicies = ["none", "last", "all"]
  .map((policy) => `job("${policy}", { cron: "*/10 * * * *", catchUp: "${policy}" }, () => {});`)
  .join("\n");

test("a clock that is set forward by less than three hours: its times are those of a machine that slept", async () => {
  const { space, clock, tickedSince } = await daemonAt("2037-06-01T10:13:00Z", threePolicies);
  clock.step(3_000);
  await tickedSince(Date.parse("2037-06-01T11:03:00Z"));
  const skipped = ["10:20", "10:30", "10:40", "10:50"].map((time) => `${time} not-caught-up`);
  expect(await accounts(space, "none")).toEqual([...skipped, "11:00 not-caught-up"]);
  expect(await accounts(space, "last")).toEqual([...skipped, "11:00 succeeded late"]);
  const caughtUp = ["10:20", "10:30", "10:40", "10:50", "11:00"].map((time) => `${time} succeeded late`);
  expect(await accounts(space, "all")).toEqual(caughtUp);
  expect(steps(space)).toEqual(["the clock went forward by 50m, or the machine slept"]);
  const tick = await runsOf(space, "tick");
  const count = tick.reduce((sum, { times }) => sum + times, 0);
  const [first, last] = [tick[0], tick.at(-1)].map((run) => Date.parse(run?.scheduledAt ?? ""));
  expect(count).toBe(((last ?? 0) - (first ?? 0)) / 1_000 + 1);
});

test("a clock that is set forward by three hours or more was wrong: nothing of what it passes is caught up", async () => {
  const { space, clock, tickedSince } = await daemonAt("2037-06-01T10:43:00Z", threePolicies);
  clock.step(3 * 3_600);
  await tickedSince(Date.parse("2037-06-01T13:43:00Z"));
  const times = [...new Array(18).keys()].map(
    (at) => new Date(Date.parse("2037-06-01T10:50:00Z") + at * 600_000),
  );
  const passed = times.map((time) => `${time.toISOString().slice(11, 16)} clock-correction`);
  for (const policy of ["none", "last", "all"]) expect(await accounts(space, policy)).toEqual(passed);
  expect(steps(space)).toEqual(["the clock went forward by 3h, or the machine slept"]);
});

test("over several steps in a row, back and forward, no time comes twice, and each step is one line in the log", async () => {
  const { space, clock, goTo, tickedSince } = await daemonAt("2037-06-01T10:43:00Z", threePolicies);
  const set = async (seconds: number) => {
    clock.step(seconds);
    // Nothing comes before the time at which the clock was set back: it looks at its clock when it is asked to go on.
    for (const verb of ["pause", "resume"]) await space.djob([verb, "worker", "none"]);
    await until("it has noticed", () => steps(space).length === clock.steps);
  };
  await goTo("2037-06-01T10:50:00Z");
  await set(-1_200);
  await set(600);
  await set(Math.floor((Date.parse("2037-06-01T10:59:59Z") - clock.now) / 1_000));
  await tickedSince(Date.parse("2037-06-01T11:00:00Z"));
  await set(-4 * 3_600);
  await goTo("2037-06-01T07:10:00Z");
  clock.step(4 * 3_600);
  await tickedSince(Date.parse("2037-06-01T11:10:00Z"));
  for (const policy of ["none", "last", "all"]) {
    const all = await accounts(space, policy);
    const times = all.map((account) => account.slice(0, 5));
    expect(times).toEqual([...new Set(times)]);
    expect(all).toContain("10:50 succeeded");
    expect(all).toContain("11:00 succeeded");
    // Never passed before, as the clock had started later.
    expect(all).toContain("07:10 succeeded");
  }
  expect(steps(space)).toHaveLength(clock.steps);
  const ticks = (await runsOf(space, "tick"))
    .filter(({ times }) => times === 1)
    .map(({ scheduledAt }) => scheduledAt);
  expect(ticks).toHaveLength(new Set(ticks).size);
}, 60_000);

test("in the night of a spring gap what is left out moves forward by the gap, once", async () => {
  const jobs = ["30 2 * * *", "0 3 * * *", "0 * * * *"]
    .map((cron) => `job("${cron}", { cron: "${cron}", tz: "Europe/Berlin" }, () => {});`)
    .join("\n");
  const { space, goTo } = await daemonAt("2037-03-29T00:58:00Z", jobs);
  await goTo("2037-03-29T01:00:00Z");
  await goTo("2037-03-29T01:30:00Z");
  await goTo("2037-03-29T02:00:00Z");
  expect(await accounts(space, "30 2 * * *")).toEqual(["01:30 succeeded"]);
  expect(await accounts(space, "0 3 * * *")).toEqual(["01:00 succeeded"]);
  expect(await accounts(space, "0 * * * *")).toEqual(["01:00 succeeded", "02:00 succeeded"]);
}, 60_000);

test("in the hour that comes twice a fixed time runs at the first, and a full star through both", async () => {
  const jobs = ["30 2 * * *", "30 * * * *"].map((cron) => `job("${cron}", "${cron}", () => {});`).join("\n");
  const { space, goTo } = await daemonAt("2037-10-25T00:28:00Z", jobs, "--env", "TZ=Europe/Berlin");
  await goTo("2037-10-25T00:30:00Z");
  await goTo("2037-10-25T01:30:00Z");
  expect(await accounts(space, "30 2 * * *")).toEqual(["00:30 succeeded"]);
  expect(await accounts(space, "30 * * * *")).toEqual(["00:30 succeeded", "01:30 succeeded"]);
}, 60_000);
