// A worker that is ready has not always taken over from the one before.
import { expect, test } from "bun:test";
import { directJobs } from "../../src/control/direct.ts";
import { FakeJobs } from "./fake-jobs.ts";

test("a trigger waits until the worker has taken over, and is let go of when nobody waits for it any more", async () => {
  const control = new FakeJobs();
  const { promise, resolve } = Promise.withResolvers<void>();
  let started: Promise<void> | null = promise;
  const jobs = directJobs(
    control,
    () => false,
    () => started,
  );
  const gone = new AbortController();
  const args = { job: "poll", input: null, until: "begun", follow: false } as const;
  const answers = [jobs.ask("trigger", args), jobs.ask("trigger", args, { signal: gone.signal })];
  expect(await jobs.ask("jobs", null)).toHaveLength(control.names.length);
  expect(control.asked).toEqual([]);
  gone.abort();
  started = null;
  resolve();
  const [answered, left] = await Promise.allSettled(answers);
  expect([answered?.status, left?.status]).toEqual(["fulfilled", "rejected"]);
  expect(control.asked).toHaveLength(1);
});
