// A daemon whose clock is set while it works, and what its run history says of each time. libfaketime sets it: for Date, but not
// for what djob calls through FFI, so the alarm on the wall clock stays on the machine's own (test/libc/wall-alarm.test.ts): a job
// that comes every second notices the steps here, or somebody who asks; and the kernel's clocks say that the machine has not slept.
import { FakeWallClock } from "../../scripts/soak/clock.ts";
import { until, type Workspace, workspace } from "./harness.ts";

export interface Run {
  readonly job: string;
  readonly scheduledAt: string;
  readonly outcome: string | null;
  readonly reason: string | null;
  readonly trigger: string;
  readonly times: number;
}

/** A daemon with a job that ticks, ready since its clock showed a time. */
export async function daemonAt(time: string, jobs: string, ...flags: string[]) {
  const space = workspace();
  const clock = new FakeWallClock(space.dir, Date.parse(time));
  space.write("worker.ts", `import { job } from "djob";\njob("tick", "every 1s", () => {});\n${jobs}`);
  const run = () => space.run(["worker.ts", "--env", "TZ=UTC", ...flags], { env: clock.environment });
  await run();
  /** Sets the clock to some moments before a time, and waits until that has come. */
  const goTo = async (target: string) => {
    const seconds = Math.floor((Date.parse(target) - 500 - clock.now) / 1_000);
    clock.step(seconds);
    await tickedSince(Date.parse(target));
  };
  const tickedSince = (timeMs: number) =>
    until(`it ticks since ${new Date(timeMs).toISOString()}`, async () =>
      (await runsOf(space, "tick")).some(({ scheduledAt, outcome }) => {
        const sinceMs = Date.parse(scheduledAt) - timeMs;
        return sinceMs >= 0 && sinceMs < 60_000 && outcome === "succeeded";
      }),
    );
  await tickedSince(Date.parse(time));
  return { space, clock, run, goTo, tickedSince };
}

export async function runsOf(space: Workspace, job: string): Promise<Run[]> {
  const { stdout } = await space.djob(["runs", "worker", job, "--limit", "10000", "--json"]);
  return (JSON.parse(stdout) as Run[]).toReversed();
}

/** Of each time of a job, in their order: when, and what became of it. */
export async function accounts(space: Workspace, job: string): Promise<string[]> {
  const runs = await until(`the runs of ${job} are over`, async () => {
    const all = await runsOf(space, job);
    return all.every(({ outcome }) => outcome !== null) && all;
  });
  return runs
    .toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt))
    .map(
      ({ scheduledAt, outcome, reason, trigger }) =>
        `${scheduledAt.slice(11, 16)} ${reason ?? outcome}${trigger === "catch-up" ? " late" : ""}`,
    );
}

export function steps(space: Workspace): string[] {
  return [...space.read("worker.log").matchAll(/WARN +(the clock .*)/g)].map(([, text]) => text ?? "");
}
