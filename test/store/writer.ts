// A process that records runs until it is killed: writes a line for each thing that the store has said to be written.
// Arguments: the database, its own number among those that write, and how many times it decides.
import { writeSync } from "node:fs";
import { openStore } from "../../src/store/sqlite/open.ts";
import { decision, ended } from "./stores.ts";

const [path = "", number = "0", count = "0"] = process.argv.slice(2);
const base = Number(number) * 1_000_000;
const store = await openStore({
  path,
  owner: process.pid,
  keepRuns: 1_000_000,
  keepForMs: null,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  later: (call) => setImmediate(call),
  onTrouble: (trouble) => writeSync(1, `trouble ${JSON.stringify(trouble)}\n`),
});
const jobs = Array.from({ length: 5 }, (_, at) => ({ name: `job-${at}`, schedule: "every 1s" }));
const keys = store.enter(jobs, base).map(({ key }) => key);
const [first = 0, ...others] = keys;
for (let at = 1; at <= Number(count); at += 1) {
  const timeMs = base + at;
  store.decide([decision(others, timeMs), decision([first], timeMs, { skipped: "overlap", attempt: 0 })]);
  writeSync(1, `decided ${timeMs}\n`);
  for (const key of others) store.end(ended(key, timeMs));
  if (at % 7 === 0) {
    store.flush();
    writeSync(1, `ended ${timeMs}\n`);
  }
  if (at % 3 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
}
store.close();
