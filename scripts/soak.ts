// A soak: a daemon with thousands of jobs of every kind and policy is killed, reloaded, restarted, its clock set and its jobs
// asked about all the time; at the end its run history must account for every time of every job exactly once.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FakeWallClock } from "./soak/clock.ts";
import { SoakDaemon } from "./soak/daemon.ts";
import { Disturbance } from "./soak/disturb.ts";
import { readHistory } from "./soak/history.ts";
import { generator, makeJobs } from "./soak/jobs.ts";
import { readTraces, writeModule } from "./soak/module.ts";
import { judge, type Verdict } from "./soak/verdict.ts";

const usage = `usage: scripts/bun scripts/soak.ts [--seconds N] [--jobs N] [--seed N] [--keep]

  --seconds  how long (default 600)
  --jobs     how many (default 2000)
  --seed     what jobs and disturbances are chosen by (default: by chance; it is printed). The kernel's timing is not replayed
  --keep     leave the daemon's directory, also when all is well

Needs dist/djob and libfaketime. Exit status 0: every time of every job is accounted for exactly once. 75: nothing is proven, because
libfaketime let the daemon see the machine's own time, years off: to be run again.`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    jobs: { type: "string", default: "2000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    keep: { type: "boolean" },
    help: { type: "boolean" },
  },
});

const shownFaults = 40;
/** EX_TEMPFAIL of sysexits.h. */
const provesNothing = 75;
/** A clock that is set back is noticed within a minute, and what came by it in the minute before is only late, whatever it had shown. */
const longestLookMs = 60_000;
/** A day on which no zone's clocks change. It lies ahead: alarms on the wall clock, which libfaketime does not reach, go off late then. */
const firstDayMs = Date.parse("2037-01-15T00:00:00Z");

if (values.help) console.log(usage);
else {
  try {
    process.exitCode = await soak(Number(values.seconds), Number(values.jobs), Number(values.seed));
  } catch (error) {
    console.error(`soak: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

async function soak(seconds: number, count: number, seed: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "djob-soak-"));
  console.log(`soak: seed ${seed}, ${count} jobs, ${seconds} s, in ${directory}`);
  const random = generator(seed);
  const startMs = firstDayMs + Math.floor(random() * 86_400) * 1_000;
  const clock = new FakeWallClock(directory, startMs);
  const jobs = makeJobs(count, random, startMs);
  const daemon = new SoakDaemon(directory, writeModule(directory, jobs), clock.environment);
  const disturbance = new Disturbance(directory, daemon, clock, jobs, random);
  const faults: string[] = [];
  let verdict: Verdict = { faults: [], owed: 0 };
  try {
    const shownFromMs = clock.now;
    await daemon.run();
    const owedAfterMs = await disturbance.tickedSince(shownFromMs);
    await disturbance.until(performance.now() + seconds * 1_000);
    const behindMs = clock.latestMs - clock.now;
    if (behindMs > 0) clock.step(Math.ceil(behindMs / 1_000));
    const owedThroughMs = await disturbance.tickedSince(clock.now + 2_000);
    await daemon.must("stop", "soak");
    verdict = judge({
      jobs,
      history: readHistory(join(daemon.state, "soak.db")),
      traces: readTraces(directory),
      shownFromMs: Math.min(shownFromMs, clock.earliestMs) - longestLookMs,
      shownThroughMs: clock.latestMs,
      owedAfterMs,
      owedThroughMs,
      ...disturbance.done,
    });
    tell(directory, daemon, disturbance, verdict);
    faults.push(...verdict.faults, ...logFaults(join(daemon.state, "soak.log")));
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    faults.push(...(await leaveNothing(daemon)));
  }
  const glimpse = glimpseIn(join(daemon.state, "soak.log"));
  if (glimpse !== null) {
    rmSync(directory, { recursive: true });
    console.log(`soak void: libfaketime showed the machine's own time: ${glimpse} (seed ${seed})`);
    return provesNothing;
  }
  for (const fault of faults.slice(0, shownFaults)) console.log(`  ✖ ${fault}`);
  if (faults.length > shownFaults) console.log(`  … and ${faults.length - shownFaults} more`);
  const isGood = faults.length === 0;
  if (isGood && !values.keep) rmSync(directory, { recursive: true });
  console.log(
    isGood
      ? `soak passed: each of ${verdict.owed} times has exactly one record (seed ${seed})`
      : `soak FAILED: ${faults.length} faults (seed ${seed}; ${directory} is kept)`,
  );
  return isGood ? 0 : 1;
}

function tell(directory: string, daemon: SoakDaemon, { done }: Disturbance, { owed }: Verdict): void {
  const counts = [...done.counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${what} ${count}`);
  console.log(`  done to it: ${counts.join(", ")}`);
  const { records } = readHistory(join(daemon.state, "soak.db"));
  const outcomes = [
    ...Map.groupBy(records, ({ outcome, reason }) =>
      outcome === "skipped" ? `skipped: ${reason}` : outcome,
    ),
  ];
  const told = outcomes.map(([outcome, all]) => `${outcome} ${all.length}`);
  console.log(`  ${owed} times, ${records.length} records: ${told.join(", ")}`);
  console.log(`  attempts begun: ${readTraces(directory).filter(({ what }) => what === "B").length}`);
}

/**
 * A step by years, which the soak never makes. libfaketime reads its file anew for each question, in whichever thread that comes, and
 * has no lock around it: now and then a thread is told the time without the offset.
 */
function glimpseIn(path: string): string | null {
  if (!existsSync(path)) return null;
  return /the clock (?:was set back|went forward) by \d{4,}d.*/.exec(readFileSync(path, "utf8"))?.[0] ?? null;
}

/** Lines that say that djob itself has a fault. */
function logFaults(path: string): string[] {
  const lines = readFileSync(path, "utf8").split("\n");
  const isFault = /run history:|uncaught exception|unhandled rejection|a bug in djob|the hook \w+ failed/;
  return [...new Set(lines.filter((line) => isFault.test(line)).map((line) => `the log says: ${line}`))];
}

async function leaveNothing(daemon: SoakDaemon): Promise<string[]> {
  if (daemon.processes().length === 0) return [];
  await daemon.ask("stop", "soak", "--stop-timeout", "1s", "--ok");
  const left = daemon.processes();
  for (const pid of left) process.kill(pid, "SIGKILL");
  return left.map((pid) => `the process ${pid} was left`);
}
