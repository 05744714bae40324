// What isolation costs: how much later than in the daemon's own thread a handler begins in a thread and in a process, cold and warm; how
// late other jobs are while a thread spins; and what a daemon with a warm thread costs when it starts and when it is idle.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { callDjob } from "./call.ts";

const usage = `usage: scripts/bun scripts/bench/isolation.ts [--runs N] [--idle SECONDS] [--djob FILE]

  --runs  of each kind (default 40)
  --idle  how long to watch an idle daemon with a warm thread and a warm process (default 60; 0: not at all)
  --djob  the executable (default dist/djob)`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "40" },
    idle: { type: "string", default: "60" },
    djob: { type: "string", default: join(import.meta.dir, "../../dist/djob") },
    help: { type: "boolean" },
  },
});

const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
const runs = Number(values.runs);
const skipped = 3;
const quietMs = 500;

interface RunDocument {
  readonly job: string;
  readonly scheduledAt: string;
  readonly result: unknown;
}

/** Both jobs are due at the same times: the difference is what isolation costs. */
async function measureStart(what: string, options: string, everyMs: number): Promise<void> {
  const late = "({ scheduledAt }) => performance.timeOrigin + performance.now() - scheduledAt.getTime()";
  const name = what.replaceAll(" ", "-");
  const path = module(
    name,
    `job("inline", "every ${everyMs}ms", ${late});\njob("isolated", { every: ${everyMs}, ${options} }, ${late});`,
  );
  await call("run", path);
  await Bun.sleep(quietMs + (runs + skipped) * everyMs);
  const of = async (job: string) => {
    const documents: RunDocument[] = JSON.parse(await call("runs", name, job, "--limit", "10000", "--json"));
    return new Map(documents.map(({ scheduledAt, result }) => [scheduledAt, Number(result ?? Number.NaN)]));
  };
  const [inline, isolated] = [await of("inline"), await of("isolated")];
  await call("stop", name);
  const differences = [...isolated]
    .toReversed()
    .slice(skipped)
    .map(([at, lateMs]) => lateMs - (inline.get(at) ?? Number.NaN))
    .filter((value) => !Number.isNaN(value));
  row(`${what}, ms later than inline (${differences.length} runs)`, differences);
}

async function measureSpin(): Promise<void> {
  const name = module(
    "spin",
    `job("spins", { every: "1h", isolate: true, timeout: "20s", graceMs: 0 }, () => { for (;;) {} });
job("other", { every: 20, overlap: "allow" }, ({ scheduledAt }) => performance.timeOrigin + performance.now() - scheduledAt.getTime());`,
  );
  await call("run", name);
  for (const [what, begin] of [
    ["while nothing else runs", null],
    ["while a thread spins", "spins"],
  ] as const) {
    await Bun.sleep(quietMs);
    if (begin !== null) await call("trigger", "spin", begin);
    const since = new Date().toISOString();
    await Bun.sleep(5_000);
    const documents: RunDocument[] = JSON.parse(
      await call("runs", "spin", "other", "--since", since, "--limit", "10000", "--json"),
    );
    const lates = documents.map(({ result }) => Number(result ?? Number.NaN)).filter((each) => each >= 0);
    row(`another job, late ${what}, ms (${lates.length} runs)`, lates);
  }
  await call("stop", "spin", "--stop-timeout", "2s");
}

async function measureDaemon(): Promise<void> {
  const starts = new Map<string, number[]>();
  const kinds = { inline: "", "with a warm thread": "isolate: true" };
  for (let run = -2; run < Math.min(runs, 20); run += 1)
    for (const [kind, options] of Object.entries(kinds)) {
      const name = module("one", `job("hourly", { every: "1h", ${options} }, () => {});`);
      const startMs = performance.now();
      await call("run", name);
      if (run >= 0) starts.set(kind, [...(starts.get(kind) ?? []), performance.now() - startMs]);
      await call("stop", "one");
    }
  for (const [kind, times] of starts) row(`djob run, ${kind}, ms`, times);
  const memory: number[] = [];
  for (const warm of [0, 8]) {
    const name = module("many", `job("hourly", { every: "1h", isolate: true, warm: ${warm} }, () => {});`);
    await call("run", name);
    await Bun.sleep(2_000);
    memory.push(privateMegabytes(await workerOf("many")));
    await call("stop", "many");
  }
  const [none = 0, eight = 0] = memory;
  console.log(`a warm thread: ${((eight - none) / 8).toFixed(1)} MB of private memory (of eight)`);
}

async function watchIdle(seconds: number): Promise<void> {
  if (seconds <= 0) return;
  const name = module(
    "idle",
    `job("t", { every: "1h", offset: "30m", isolate: true }, () => {});\njob("p", { every: "1h", offset: "30m", isolate: "process", warm: 1 }, () => {});`,
  );
  await call("run", name);
  await Bun.sleep(1_000);
  const worker = await workerOf("idle");
  const child = Number(readFileSync(`/proc/${worker}/task/${worker}/children`, "utf8").trim().split(" ")[0]);
  console.log(`the warm process: ${privateMegabytes(child).toFixed(1)} MB of private memory`);
  for (const window of ["from a second after it was ready", "after that"]) {
    const [ofWorker, ofChild] = [switchesOf(worker), switchesOf(child)];
    await Bun.sleep(seconds * 1000);
    const [inWorker, inChild] = [switchesSince(worker, ofWorker), switchesSince(child, ofChild)];
    console.log(
      `idle, ${seconds} s ${window}: ${inWorker} context switches of the worker with its warm thread, ${inChild} of the warm process`,
    );
  }
  await call("stop", "idle");
}

async function workerOf(name: string): Promise<number> {
  return JSON.parse(await call("status", name, "--json")).workerPid;
}

function call(...args: string[]): Promise<string> {
  return callDjob(values.djob, directory, ...args);
}

function module(name: string, text: string): string {
  const path = join(directory, `${name}.ts`);
  writeFileSync(path, `import { job } from "djob";\n${text}\n`);
  return path;
}

/** proc_pid_smaps_rollup(5) */
function privateMegabytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Private_Dirty:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
}

/** Of each thread: proc_pid_status(5). */
function switchesOf(pid: number): ReadonlyMap<string, number> {
  const switches = (thread: string) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    const counts = [...text.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)];
    return counts.reduce((total, [, count]) => total + Number(count), 0);
  };
  return new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [thread, switches(thread)]));
}

/** A thread that has ended meanwhile does not count. */
function switchesSince(pid: number, before: ReadonlyMap<string, number>): number {
  return [...switchesOf(pid)].reduce((sum, [thread, now]) => sum + now - (before.get(thread) ?? 0), 0);
}

function row(what: string, measured: readonly number[]): void {
  const sorted = measured.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  const texts = [at(0), at(0.5), at(0.99), at(1)].map((value) => value.toFixed(2).padStart(8));
  console.log(`${what.padEnd(66)} ${texts.join(" ")}`);
}

if (values.help) console.log(usage);
else {
  try {
    console.log(`${"".padEnd(66)}  minimum   median      p99  maximum`);
    await measureStart("a warm thread", "isolate: true", 50);
    await measureStart("a cold thread", "isolate: true, warm: 0", 100);
    await measureStart("a warm process", 'isolate: "process", warm: 2', 250);
    await measureStart("a cold process", 'isolate: "process"', 150);
    await measureSpin();
    await measureDaemon();
    await watchIdle(Number(values.idle));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
