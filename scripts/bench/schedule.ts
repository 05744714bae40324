// Schedulers side by side in one run: how long so many jobs take to register, what memory they hold, how often they wake up and
// what CPU time they take while nothing is due, and how late their handlers are at a common second (Bun.cron: minute). djob's figures are with its
// run history written.
import { Database } from "bun:sqlite";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { activity, memoryMb, since } from "./activity.ts";
import { type Going, historyOf, missedAfterMs, type Scheduler, schedulers } from "./schedulers.ts";

const usage = `usage: scripts/bun scripts/bench/schedule.ts [--counts N,N…] [--idle SECONDS] [--only NAME,NAME…] [--bound SECONDS]

  --counts  how many jobs (default 1,1000,10000,100000)
  --idle    how long to watch each while nothing is due, twice in a row (default 60; 0: not at all)
  --only    of ${schedulers.map(({ name }) => name).join(", ")} (default all)
  --bound   how long one may take to register its jobs (default 60)`;

const { values } = parseArgs({
  options: {
    counts: { type: "string", default: "1,1000,10000,100000" },
    idle: { type: "string", default: "60" },
    only: { type: "string", default: schedulers.map(({ name }) => name).join(",") },
    bound: { type: "string", default: "60" },
    help: { type: "boolean" },
  },
});

const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
const boundMs = Number(values.bound) * 1_000;
const minuteMs = 60_000;
const going = new Set<Going>();

interface Row {
  readonly scheduler: Scheduler;
  registeredMs: number | null;
  cells: string[];
}

if (values.help) console.log(usage);
else {
  try {
    for (const count of values.counts.split(",").map(Number)) await measure(count);
  } finally {
    for (const each of going) await each.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(count: number): Promise<void> {
  const names = values.only.split(",");
  const rows: Row[] = schedulers
    .filter(({ name }) => names.includes(name))
    .map((scheduler) => ({ scheduler, registeredMs: null, cells: [] }));
  await measureIdle(rows, count);
  for (const row of rows) await measureLateness(row, count);
  console.log(`\n${count} jobs`);
  for (const { scheduler, cells } of rows) console.log(`  ${scheduler.name.padEnd(12)}${cells.join("; ")}`);
}

/** All of them are watched at the same time: what is idle is in nobody's way. */
async function measureIdle(rows: readonly Row[], count: number): Promise<void> {
  const watches: Array<Promise<void>> = [];
  for (const row of rows) {
    const started = await start(row.scheduler, count, Date.now() + 3 * 60 * minuteMs);
    if (started === null) {
      row.cells.push(`did not register them within ${values.bound} s`);
      continue;
    }
    const { callsMs, allMs } = started.registered() ?? { callsMs: Number.NaN, allMs: Number.NaN };
    row.registeredMs = allMs;
    const entered = allMs - callsMs < 0.1 ? "" : ` (entered in the history after ${allMs.toFixed(1)} ms)`;
    row.cells.push(`registered in ${callsMs.toFixed(1)} ms${entered}`);
    watches.push(watch(row, started));
  }
  await Promise.all(watches);
}

async function watch(row: Row, started: Going): Promise<void> {
  const idleMs = Number(values.idle) * 1_000;
  let before = started.pids.map(activity);
  for (const window of idleMs === 0 ? [] : [`first ${values.idle} s`, `next ${values.idle} s`]) {
    await Bun.sleep(idleMs);
    const after = started.pids.map(activity);
    const told = after.map((now, index) => {
      const { switches, cpuMs } = since(before[index] ?? now, now);
      return `${index === 0 ? "" : "+ supervisor "}${switches} switches, ${cpuMs} ms CPU`;
    });
    row.cells.push(`${window}: ${told.join(" ")}`);
    before = after;
  }
  const told = started.pids.map((pid) => {
    const { resident, own } = memoryMb(pid);
    return `${resident.toFixed(0)} MB (${own.toFixed(0)} its own)`;
  });
  row.cells.push(`RSS ${told.join(" + ")}`);
  await end(started);
}

async function measureLateness(row: Row, count: number): Promise<void> {
  if (row.registeredMs === null) return;
  const leadMs = row.registeredMs * 1.5 + 4_000;
  const { resolutionMs } = row.scheduler;
  const dueMs = Math.ceil((Date.now() + leadMs) / resolutionMs) * resolutionMs;
  const started = await start(row.scheduler, count, dueMs);
  if (started === null) return;
  const lateness = await until(() => started.lateness(), dueMs + missedAfterMs + 10_000 - Date.now());
  if (lateness === null) row.cells.push("told of no run");
  else {
    const [p50, p99, max] = [lateness.p50, lateness.p99, lateness.max].map((ms) => ms.toFixed(1));
    const missed = lateness.fired < count ? `, ${count - lateness.fired} MISSED` : "";
    row.cells.push(`late p50 ${p50}, p99 ${p99}, max ${max} ms${missed}`);
    if (row.scheduler.name === "djob") row.cells.push(await recorded(count, dueMs));
  }
  await end(started);
}

/** How long after the common time all records are in the history. */
async function recorded(count: number, dueMs: number): Promise<string> {
  const database = new Database(historyOf(directoryOf("djob")));
  const statement = database.query("SELECT count(*) AS runs FROM runs WHERE scheduled = ?");
  const isComplete = () => (statement.get(dueMs) as { runs: number }).runs >= count || null;
  const complete = await until(isComplete, missedAfterMs, 50);
  database.close();
  const tookMs = Date.now() - dueMs;
  if (complete === null) return "NOT ALL RECORDED";
  return `all recorded ${tookMs} ms after it, ${Math.round((count / tookMs) * 1_000)} a second`;
}

async function start(scheduler: Scheduler, count: number, dueMs: number): Promise<Going | null> {
  const own = directoryOf(scheduler.name);
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  const started = await scheduler.start({ count, dueMs }, own);
  going.add(started);
  if ((await until(() => started.registered(), boundMs)) !== null) return started;
  await end(started);
  return null;
}

async function end(started: Going): Promise<void> {
  going.delete(started);
  await started.end();
}

function directoryOf(name: string): string {
  return join(directory, name);
}

async function until<T>(condition: () => T | null, patienceMs: number, pollMs = 20): Promise<T | null> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const value = condition();
    if (value !== null || performance.now() > deadlineMs) return value;
    await Bun.sleep(pollMs);
  }
}
