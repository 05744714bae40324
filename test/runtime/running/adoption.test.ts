// What one worker has left, in the hands of the next: a run that waits for its next attempt is gone on with, once its job is
// declared, or is over, as one record.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { scratch } from "../../scratch.ts";
import { connect } from "../../store/stores.ts";
import { bench, minute, second } from "./fake-clock.ts";

const flaky = { every: "1h", retry: { attempts: 2, delay: "10m", jitter: 0 } };

/** A worker that has left a run of "flaky" behind to be tried again in ten minutes, and the next one's bench. */
async function left(disturb: (path: string) => void = () => {}) {
  const path = join(scratch("adoption"), "w.db");
  const before = bench("2026-06-01T11:59:30Z", { path, owner: 100 });
  before.declare("flaky", flaky, () => {
    throw new Error("not yet");
  });
  before.scheduler.start();
  await before.clock.pass(minute);
  before.scheduler.stop();
  before.store.close();
  disturb(path);
  return bench(undefined, { path, owner: 101 }, before.clock);
}

const told = ({ store }: ReturnType<typeof bench>) =>
  store
    .runs({ limit: 9 })
    .map(({ job, outcome, reason, attempt, trigger }) => [job, outcome, reason, attempt, trigger]);

test("a job that is declared at once goes on with it", async () => {
  const next = await left();
  next.declare("flaky", flaky);
  next.scheduler.start();
  await next.clock.pass(11 * minute);
  expect(told(next)).toEqual([["flaky", "succeeded", null, 2, "retry"]]);
});

test.each([0, 1])("so does one that is declared a moment later, after %d others", async (others) => {
  const next = await left();
  for (let count = 0; count < others; count += 1) next.declare("other", "@yearly");
  next.scheduler.start();
  await next.clock.pass(30 * second);
  next.declare("flaky", flaky);
  await next.clock.pass(11 * minute);
  expect(told(next)).toEqual([["flaky", "succeeded", null, 2, "retry"]]);
});

test("one that no module declares any more is cancelled after a minute, and never comes again", async () => {
  const next = await left();
  next.declare("other", "@yearly");
  next.scheduler.start();
  await next.clock.pass(59 * second);
  expect(told(next)).toEqual([]);
  await next.clock.pass(2 * second);
  expect(told(next)).toEqual([["flaky", "cancelled", "removed", 1, "retry"]]);
  expect(next.lines.filter((line) => line.includes("no module declares the job any more"))).toHaveLength(1);
  next.declare("flaky", flaky);
  await next.clock.pass(20 * minute);
  expect(told(next)).toHaveLength(1);
});

test("a worker that ends before that leaves it to the next", async () => {
  const next = await left();
  next.declare("other", "@yearly");
  next.scheduler.start();
  await next.clock.pass(30 * second);
  next.scheduler.yield();
  next.store.releaseRetries();
  await next.clock.pass(5 * minute);
  expect(told(next)).toEqual([]);
  expect(next.store.recover([], next.clock.now())).toMatchObject([{ attempt: 2 }]);
});

test("a state and an input that are no JSON, as after a bad block, are none, and end nothing", async () => {
  const next = await left((path) => {
    const connection = connect(path);
    connection.run("UPDATE jobs SET state = '{\"a'");
    connection.run("UPDATE retries SET input = '[1'");
    connection.close();
  });
  next.declare("flaky", flaky);
  next.scheduler.start();
  await next.clock.pass(11 * minute);
  expect(told(next)).toEqual([["flaky", "succeeded", null, 2, "retry"]]);
});
