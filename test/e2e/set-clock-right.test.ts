// A clock that is a year ahead, as after a boot with a wrong RTC, and is then set right: jobs go on at once with the right times, what
// ran under the wrong clock does not run again, and nothing says that a time to come was skipped.
import { expect, test } from "bun:test";
import { accounts, daemonAt, runsOf } from "./clocked.ts";
import { until, type Workspace, workerOf } from "./harness.ts";

const year = 365 * 86_400;
const right = Date.parse("2037-06-01T10:13:00Z");

const jobs = `
const policies = { none: {}, last: { catchUp: "last" }, all: { catchUp: "all", maxCatchUp: 3 } };
for (const [name, policy] of Object.entries(policies))
  job(name, { cron: "*/10 * * * *", expectEvery: "1h", ...policy }, () => {});
job("paused", "*/10 * * * *", () => {});
job("once", { at: "2037-06-01T10:20:00Z" }, () => {});
job("boot", "@reboot", () => {});
const retry = { attempts: 3, delay: "3s", factor: 1, jitter: 0 };
job("flaky", { every: "10m", overlap: "allow", retry }, ({ scheduledAt }) => {
  if (scheduledAt.getUTCFullYear() > 2037) throw new Error("not yet");
});
`;

/** All records of a time that is still to come, or of a time that has another. */
async function strange(space: Workspace, nowMs: number): Promise<string[]> {
  const { stdout } = await space.djob(["runs", "worker", "--limit", "10000", "--json"]);
  const runs: Array<{ id: string; scheduledAt: string; through: string | null; outcome: string | null }> =
    JSON.parse(stdout);
  const ids = runs.map(({ id }) => id);
  return [
    ...ids.filter((id, at) => ids.indexOf(id) !== at),
    ...runs
      .filter(({ outcome }) => outcome === "skipped")
      .filter(({ scheduledAt, through }) => Date.parse(through ?? scheduledAt) > nowMs)
      .map(({ id }) => `skipped: ${id}`),
  ];
}

async function goesOn({ space, clock, goTo }: Awaited<ReturnType<typeof daemonAt>>): Promise<void> {
  await goTo("2037-06-01T10:20:00Z");
  for (const job of ["none", "last", "all", "flaky", "once"]) {
    const of = await until(`${job} has run`, async () => {
      const all = (await runsOf(space, job)).filter(
        ({ scheduledAt }) => scheduledAt === "2037-06-01T10:20:00.000Z",
      );
      return all.length > 0 && all[0]?.outcome !== null && all;
    });
    expect(of.map(({ outcome, reason }) => [job, outcome, reason])).toEqual([[job, "succeeded", null]]);
  }
  // The next attempt waits for its delay, whatever the clock says.
  await until("what has failed is tried again", async () =>
    (await runsOf(space, "flaky")).every(
      ({ scheduledAt, outcome }) => outcome === (scheduledAt > "2038" ? "failed" : "succeeded"),
    ),
  );
  expect(await strange(space, clock.now)).toEqual([]);
  const { stdout } = await space.djob(["jobs", "worker", "--json"]);
  const statuses: Array<{ name: string; next: string | null; overdue: boolean; lastSuccess: string | null }> =
    JSON.parse(stdout);
  for (const { name, next, lastSuccess } of statuses) {
    if (name === "tick" || name === "boot") continue;
    expect([name, next]).toEqual([name, name === "once" ? null : "2037-06-01T10:30:00.000Z"]);
    expect(Date.parse(lastSuccess ?? "2000-01-01")).toBeLessThanOrEqual(clock.now);
  }
  expect((await runsOf(space, "boot")).map(({ outcome }) => outcome)).toEqual(["succeeded"]);
}

test("while it runs: forward by a year, and back some moments later", async () => {
  const daemon = await daemonAt("2037-06-01T10:13:00Z", jobs);
  const { space, clock, goTo, tickedSince } = daemon;
  clock.step(year);
  await tickedSince(right + year * 1_000);
  await goTo("2038-06-01T10:20:00Z");
  await until("its first attempt has failed", () =>
    space.read("worker.log").includes("attempt 1 of the run failed"),
  );
  clock.step(Math.floor((right + 60_000 - clock.now) / 1_000));
  await goesOn(daemon);
  const all = await accounts(space, "none");
  expect(all.filter((account) => account === "10:20 succeeded")).toHaveLength(2);
  const why = await space.djob(["why", "worker", "none"]);
  expect(why.stdout).toContain("A time that is ahead of the clock has run already");
  // By the day that the wrong clock had shown, what it has run does not run again.
  await goTo("2038-06-01T10:20:00Z");
  await goTo("2038-06-01T10:30:00Z");
  expect(await strange(space, clock.now)).toEqual([]);
}, 60_000);

test("it was started under the wrong clock, with a history of the right one", async () => {
  const daemon = await daemonAt("2037-06-01T10:13:00Z", jobs);
  const { space, clock, run, tickedSince } = daemon;
  await space.djob(["pause", "worker", "paused"]);
  await space.djob(["stop", "worker"]);
  clock.step(year);
  await run();
  await tickedSince(right + year * 1_000);
  await until("it has caught up", async () =>
    (await accounts(space, "all")).some((text) => text.endsWith("late")),
  );
  clock.step(Math.floor((right + 60_000 - clock.now) / 1_000));
  await space.djob(["resume", "worker", "paused"]);
  await goesOn(daemon);
  expect((await runsOf(space, "paused")).at(-1)).toMatchObject({ outcome: "succeeded" });
}, 60_000);

test.each(["stopped", "killed", "reloaded"])(
  "%s in between: it does not see the clock set back",
  async (how) => {
    const daemon = await daemonAt(
      "2037-06-01T10:13:00Z",
      jobs,
      ...(how === "killed" ? ["--restart-delay", "10ms"] : []),
    );
    const { space, clock, run, goTo, tickedSince } = daemon;
    clock.step(year);
    await tickedSince(right + year * 1_000);
    await goTo("2038-06-01T10:20:00Z");
    await until("its first attempt has failed", () =>
      space.read("worker.log").includes("attempt 1 of the run failed"),
    );
    const back = () => clock.step(Math.floor((right + 60_000 - clock.now) / 1_000));
    if (how === "stopped") {
      await space.djob(["stop", "worker"]);
      back();
      await run();
    } else if (how === "killed") {
      process.kill(await workerOf(space, "worker"), "SIGKILL");
      back();
    } else {
      const reloading = space.djob(["reload", "worker"]);
      back();
      expect((await reloading).code).toBe(0);
    }
    await goesOn(daemon);
  },
  60_000,
);
