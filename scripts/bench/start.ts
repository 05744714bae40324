// How long `djob run` takes until its worker is ready and the prompt is back, beside a bare `bun worker.ts` until its
// first line; and how quiet an idle daemon is. The two starts take turns, so that a machine whose speed drifts slows
// both.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Activity, activity, since } from "./activity.ts";

const usage = `usage: scripts/bun scripts/bench/start.ts [--runs N] [--idle SECONDS] [--jobs N]

  --runs  starts of each kind (default 20)
  --idle  how long to watch an idle daemon (default 60; 0: not at all)
  --jobs  how many hourly jobs that daemon has (default 1000)`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    idle: { type: "string", default: "60" },
    jobs: { type: "string", default: "1000" },
    help: { type: "boolean" },
  },
});

const djob = join(import.meta.dir, "../../dist/djob");
const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
const environment = { ...process.env, DJOB_DIR: join(directory, "state") };

if (values.help) console.log(usage);
else {
  try {
    await measureStarts(Number(values.runs));
    if (Number(values.idle) > 0) await measureIdle(Number(values.idle), Number(values.jobs));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureStarts(runs: number): Promise<void> {
  const script = join(directory, "worker.ts");
  writeFileSync(script, 'console.log("up");\nsetInterval(() => {}, 1 << 30);\n');
  const bare: number[] = [];
  const daemon: number[] = [];
  for (let run = -2; run < runs; run += 1) {
    const times = [await bareStart(script), await daemonStart(script)] as const;
    if (run < 0) continue;
    bare.push(times[0]);
    daemon.push(times[1]);
  }
  const ratios = daemon.map((time, index) => time / (bare[index] ?? Number.NaN));
  console.log(`${runs} starts of each kind, in turns   minimum  median  maximum`);
  console.log(`bare \`bun worker.ts\`, first line       ${row(bare)} ms`);
  console.log(`\`djob run\`, ready and back            ${row(daemon)} ms`);
  console.log(`ratio, pair by pair                   ${row(ratios)}`);
}

async function bareStart(script: string): Promise<number> {
  const start = performance.now();
  const child = Bun.spawn([process.execPath, script], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  await reader.read();
  const time = performance.now() - start;
  child.kill("SIGKILL");
  await child.exited;
  return time;
}

async function daemonStart(script: string): Promise<number> {
  const start = performance.now();
  await call("run", script);
  const time = performance.now() - start;
  await call("stop", "worker");
  return time;
}

async function call(...args: string[]): Promise<void> {
  const child = Bun.spawn([djob, ...args], {
    env: environment,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error(`djob ${args.join(" ")} ended with ${child.exitCode}`);
}

async function measureIdle(seconds: number, jobs: number): Promise<void> {
  const script = join(directory, "hourly.ts");
  const lines = Array.from({ length: jobs }, (_, index) => `job("job ${index}", "every 1h", () => {});`);
  writeFileSync(script, `import { job } from "djob";\n${lines.join("\n")}\n`);
  const pidfile = join(directory, "state", "hourly.pid");
  await call("run", script);
  try {
    const pid = Number(readFileSync(pidfile, "utf8"));
    console.log(`an idle daemon with ${jobs} hourly jobs`);
    for (const window of ["from the moment it was ready", "after that"]) {
      const before = activity(pid);
      await Bun.sleep(seconds * 1000);
      reportIdle(`${seconds} s ${window}`, before, activity(pid));
    }
  } finally {
    await call("stop", "hourly");
  }
}

function reportIdle(window: string, before: Activity, after: Activity): void {
  const { switches, shares, cpuMs } = since(before, after);
  const threads = shares.map((share) => `${share.name} ${share.switches}`).join(", ");
  console.log(`  ${window}: ${switches} context switches (${threads}), ${cpuMs} ms of CPU time`);
}

function row(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return [at(0), at(0.5), at(1)].map((value) => value.toFixed(1).padStart(7)).join(" ");
}
