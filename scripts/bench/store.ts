// How fast runs are recorded: bun scripts/bench/store.ts [--help]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/sqlite/open.ts";
import type { Ended, Store } from "../../src/store/store.ts";

if (process.argv.includes("--help")) {
  console.log(
    "usage: bun scripts/bench/store.ts\n\nMeasures src/store in a file of the temporary directory (TMPDIR).",
  );
  process.exit(0);
}

const place = mkdtempSync(join(tmpdir(), "djob-bench-"));
const startMs = 1_700_000_000_000;
try {
  await benchOpen();
  await benchEnter();
  await benchAlone();
  await benchBatches();
  await benchDecide();
} finally {
  rmSync(place, { recursive: true });
}

async function benchOpen(): Promise<void> {
  for (const which of ["a new file", "a known file"]) {
    const before = performance.now();
    const store = await open("open.db");
    store.enter(jobs(10), startMs);
    report(`import, open, enter 10 jobs: ${which}`, before);
    store.close();
  }
}

async function benchEnter(): Promise<void> {
  for (const count of [1, 1_000, 10_000, 100_000]) {
    for (const which of ["new", "known"]) {
      const store = await open(`enter-${count}.db`);
      const before = performance.now();
      store.enter(jobs(count), startMs);
      report(`enter ${count} ${which} jobs`, before);
      const after = performance.now();
      store.flush();
      if (which === "new") report(`  and in the background`, after);
      store.close();
    }
  }
}

async function benchAlone(): Promise<void> {
  const store = await open("alone.db");
  const keys = store.enter(jobs(100), startMs).map(({ key }) => key);
  const count = 20_000;
  const before = performance.now();
  for (let at = 0; at < count; at += 1) {
    const key = keys[at % keys.length] ?? 0;
    decide(store, [key], startMs + at * 1_000);
    store.end(succeeded(key, startMs + at * 1_000));
    if (at % 20 === 0) store.flush();
  }
  store.flush();
  report(`${count} runs decided one by one`, before, count);
  store.close();
}

async function benchBatches(): Promise<void> {
  const store = await open("batches.db");
  const keys = store.enter(jobs(1_000), startMs).map(({ key }) => key);
  const count = 100_000;
  const before = performance.now();
  for (let at = 0; at < count; at += keys.length) {
    decide(store, keys, startMs + at);
    for (const key of keys) store.end(succeeded(key, startMs + at));
    store.flush();
  }
  report(`${count} runs decided a thousand at a time`, before, count);
  store.close();
}

async function benchDecide(): Promise<void> {
  const queue: Array<() => void> = [];
  const store = await open("decide.db", (call) => queue.push(call));
  const keys = store.enter(jobs(100_000), startMs).map(({ key }) => key);
  store.flush();
  for (let round = 1; round <= 3; round += 1) {
    const before = performance.now();
    decide(store, keys, startMs + round * 1_000);
    report("decide for 100000 jobs", before);
    const ending = performance.now();
    for (const key of keys) store.end(succeeded(key, startMs + round * 1_000));
    report("  end of each, in memory", ending);
    let longestMs = 0;
    const after = performance.now();
    for (let call = queue.shift(); call !== undefined; call = queue.shift()) {
      const from = performance.now();
      call();
      longestMs = Math.max(longestMs, performance.now() - from);
    }
    report(`  written (longest step ${longestMs.toFixed(1)} ms)`, after, keys.length);
  }
  store.close();
}

function open(name: string, later: (call: () => void) => void = () => {}): Promise<Store> {
  return openStore({
    path: join(place, name),
    owner: process.pid,
    keepRuns: 1_000,
    keepForMs: null,
    now: () => startMs,
    monotonic: () => performance.now(),
    later,
    onTrouble: (trouble) => console.error(trouble),
  });
}

function jobs(count: number) {
  return Array.from({ length: count }, (_, at) => ({ name: `job-${at}`, schedule: "*/5 * * * *" }));
}

function decide(store: Store, keys: readonly number[], scheduledAtMs: number): void {
  store.decide([
    { scheduledAtMs, decidedAtMs: scheduledAtMs, attempt: 1, trigger: "schedule", skipped: null, jobs: keys },
  ]);
}

function succeeded(key: number, scheduledAtMs: number): Ended {
  const times = {
    scheduledAtMs,
    startedAtMs: scheduledAtMs,
    endedAtMs: scheduledAtMs + 5,
    throughMs: scheduledAtMs,
  };
  const nothing = { reason: null, error: null, exitCode: null, signal: null, result: null };
  return { key, ...times, attempt: 1, trigger: "schedule", outcome: "succeeded", ...nothing, times: 1 };
}

function report(what: string, before: number, count?: number): void {
  const tookMs = performance.now() - before;
  const rate = count === undefined ? "" : `, ${Math.round((count / tookMs) * 1_000)} a second`;
  console.log(`${what}: ${tookMs.toFixed(1)} ms${rate}`);
}
