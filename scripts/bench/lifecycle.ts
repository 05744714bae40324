// A daemon's life after its start: from a worker's SIGKILL to user code again, a stop as a whole process, the worst gap between
// two runs across a reload, and what supervisor and worker cost when idle. Of each, minimum, median and maximum.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { callDjob } from "./call.ts";

const usage = `usage: scripts/bun scripts/bench/lifecycle.ts [--runs N] [--idle SECONDS] [--djob FILE]…

  --runs  crashes, stops and reloads (default 20)
  --idle  how long to watch an idle supervisor (default 60; 0: not at all)
  --djob  the executable (default dist/djob); several take turns, to be compared`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    idle: { type: "string", default: "60" },
    djob: { type: "string", multiple: true, default: [join(import.meta.dir, "../../dist/djob")] },
    help: { type: "boolean" },
  },
});

const pollMs = 1;
const patienceMs = 20_000;
/** No restart waits, and none is the last. */
const restartFlags = ["--restart-delay", "1ms", "--restart-max", "100000/1m"];

const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
const born = join(directory, "born");
const ticks = join(directory, "ticks");
const crashing = module("crashing", `writeFileSync(${JSON.stringify(born)}, now());`);
const ticking = module(
  "ticking",
  `job("tick", "every 10ms", () => appendFileSync(${JSON.stringify(ticks)}, now() + "\\n"));`,
);
const idle = module("idle", "");

class Subject {
  readonly #path: string;
  readonly #times = new Map<string, number[]>();
  #notes: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async measure(counts: boolean): Promise<void> {
    const note = (what: string, value: number) => {
      if (counts) this.#times.set(what, [...(this.#times.get(what) ?? []), value]);
    };
    note("crash to user code again, ms", await this.#crash());
    note("reload gap of every 10ms, ms", await this.#reload());
    await this.#call("run", idle);
    const { supervisor, worker } = await this.#pids("idle");
    for (const [who, pid] of [
      ["supervisor", supervisor],
      ["worker", worker],
    ] as const) {
      note(`${who} PSS, MB`, memory(pid, "Pss"));
      note(`${who} private dirty, MB`, memory(pid, "Private_Dirty"));
    }
    const startMs = performance.now();
    await this.#call("stop", "idle");
    note("stop of an idle daemon, ms", performance.now() - startMs);
  }

  async #crash(): Promise<number> {
    await this.#call("run", crashing, ...restartFlags);
    const { worker } = await this.#pids("crashing");
    writeFileSync(born, "");
    const killedMs = Number(now());
    process.kill(worker, "SIGKILL");
    const bornMs = await until(() => Number(readFileSync(born, "utf8")) || null);
    await this.#call("stop", "crashing");
    return bornMs - killedMs;
  }

  async #reload(): Promise<number> {
    writeFileSync(ticks, "");
    await this.#call("run", ticking, ...restartFlags);
    const length = () => readFileSync(ticks, "utf8").split("\n").length;
    await until(() => length() > 10 || null);
    const beforeMs = Number(now());
    await this.#call("reload", "ticking");
    const after = length();
    await until(() => length() > after + 10 || null);
    await this.#call("stop", "ticking");
    const times = readFileSync(ticks, "utf8").trim().split("\n").map(Number);
    const near = times.filter((time) => time > beforeMs - 20);
    return Math.max(...near.slice(1).map((time, index) => time - (near[index] ?? time)));
  }

  async watchIdle(seconds: number): Promise<void> {
    if (seconds <= 0) return;
    await this.#call("run", idle);
    const { supervisor } = await this.#pids("idle");
    for (const window of ["from the moment it was ready", "after that"]) {
      const before = switchesOf(supervisor);
      await Bun.sleep(seconds * 1000);
      const count = switchesOf(supervisor) - before;
      this.#notes.push(`supervisor, ${seconds} s ${window}: ${count} context switches`);
    }
    await this.#call("stop", "idle");
  }

  report(): void {
    console.log(`${this.#path.padEnd(34)} minimum  median maximum`);
    for (const [what, times] of this.#times) console.log(`${what.padEnd(34)} ${row(times)}`);
    for (const note of this.#notes) console.log(note);
  }

  async #pids(name: string): Promise<{ supervisor: number; worker: number }> {
    const status = JSON.parse(await this.#call("status", name, "--json"));
    return { supervisor: status.pid, worker: status.workerPid };
  }

  #call(...args: string[]): Promise<string> {
    return callDjob(this.#path, directory, ...args);
  }
}

/** The wall clock, which two processes share, in milliseconds with fractions. */
function now(): string {
  return String(performance.timeOrigin + performance.now());
}

function module(name: string, text: string): string {
  const path = join(directory, `${name}.ts`);
  const head = `import { appendFileSync, writeFileSync } from "node:fs"; import { job } from "djob";
    const now = () => String(performance.timeOrigin + performance.now());`;
  writeFileSync(path, `${head}\n${text}\njob("hourly", "every 1h", () => {});\n`);
  return path;
}

async function until<T>(condition: () => T | null): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const value = condition();
    if (value !== null) return value;
    if (performance.now() > deadlineMs) throw new Error("waited in vain");
    await Bun.sleep(pollMs);
  }
}

/** proc_pid_smaps_rollup(5), in megabytes. */
function memory(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
}

/** Of all threads: proc_pid_status(5). */
function switchesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    const counts = [...text.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)];
    return sum + counts.reduce((total, [, count]) => total + Number(count), 0);
  }, 0);
}

function row(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return [at(0), at(0.5), at(1)].map((value) => value.toFixed(1).padStart(7)).join(" ");
}

if (values.help) console.log(usage);
else {
  try {
    // Pages of a new executable that are not on the disk yet would count as private and dirty.
    Bun.spawnSync(["sync"]);
    const subjects = values.djob.map((path) => new Subject(resolve(path)));
    for (let run = -2; run < Number(values.runs); run += 1)
      for (const subject of subjects) await subject.measure(run >= 0);
    for (const subject of subjects) await subject.watchIdle(Number(values.idle));
    for (const subject of subjects) subject.report();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
