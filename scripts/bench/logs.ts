// A million lines from one job into a log: djob in each of its forms beside a plain redirect, pm2 and supervisord, in turns, so that a
// machine whose speed drifts slows all of them. Time is that of the process that writes, from its first line until the last one is in
// the file; of this the thread that logs was on a processor for so long, which is what other work on the machine changes least; CPU
// time is that of all processes of the tool; memory is the most that these had resident.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const usage = `usage: scripts/bun scripts/bench/logs.ts [--lines N] [--runs N]

  --lines  how many lines of 100 bytes (default 1000000)
  --runs   of each kind (default 3)

pm2 is installed into a temporary directory by the npm that is there; supervisord is Debian's (apt-get install supervisor). What is
not there is left out, and said.`;

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "1000000" },
    runs: { type: "string", default: "3" },
    help: { type: "boolean" },
  },
});

interface Result {
  readonly wallMs: number;
  readonly threadMs: number;
  readonly cpuMs: number;
  readonly residentMiB: number;
  readonly bytes: number;
}

interface Contender {
  readonly name: string;
  /** @returns a pid whose descendants and itself are measured, and how to end them */
  start(directory: string): Promise<{ readonly pids: () => number[]; stop(): Promise<void> }>;
}

const lines = Number(values.lines);
const djob = join(import.meta.dir, "../../dist/djob");
const directory = mkdtempSync(join(tmpdir(), "djob-bench-logs-"));
const ticksASecond = 100;

// The writer waits for a file, so that what a tool does at its start is not measured.
const prologue = `import { existsSync, writeFileSync } from "node:fs";
const directory = process.env.BENCH_DIRECTORY; const text = "x".repeat(92);
writeFileSync(directory + "/up", String(process.pid));
while (!existsSync(directory + "/go")) await new Promise((resolve) => setTimeout(resolve, 5));
writeFileSync(directory + "/began", "");`;
const loop = `for (let n = 1000000; n < ${1_000_000 + lines}; n += 1) console.log(text + n);`;
const epilogue = `writeFileSync(directory + "/over", "");`;
const plainSource = `${prologue}\n${loop}\n${epilogue}\nsetInterval(() => {}, 1 << 30);\n`;
const jobSource = `import { job } from "djob";\njob("flood", "always", async ({ signal }) => {
${prologue.replace(/^import .*$/m, "")}
${loop}
${epilogue}
await new Promise((resolve) => signal.addEventListener("abort", resolve));
});\nimport { existsSync, writeFileSync } from "node:fs";\n`;

if (values.help) console.log(usage);
else {
  try {
    await compare();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compare(): Promise<void> {
  const pm2 = await installPm2();
  const contenders = [
    redirect(),
    djobIn("text"),
    djobIn("json"),
    djobIn("logfmt"),
    ...(pm2 === null ? [] : [pm2]),
    ...(Bun.which("supervisord") === null ? [] : [supervisord()]),
  ];
  if (pm2 === null) console.log("pm2 is left out: there is no npm, or it could not install it");
  if (Bun.which("supervisord") === null) console.log("supervisord is left out: apt-get install supervisor");
  const results = new Map<string, Result[]>(contenders.map(({ name }) => [name, []]));
  for (let run = 0; run < Number(values.runs); run += 1)
    for (const contender of contenders) results.get(contender.name)?.push(await measure(contender));
  console.log(`${lines} lines of 100 bytes, ${values.runs} runs of each in turns, medians`);
  console.log("                        wall ms  thread ms   CPU ms   resident MiB   bytes a line");
  for (const [name, all] of results) {
    const [wall, thread, cpu, resident, bytes] = (
      ["wallMs", "threadMs", "cpuMs", "residentMiB", "bytes"] as const
    ).map((key) => median(all.map((result) => result[key])));
    const cells = [wall, thread, cpu, resident].map((value) => String(Math.round(value ?? 0)).padStart(9));
    console.log(`${name.padEnd(20)} ${cells.join("")}   ${((bytes ?? 0) / lines).toFixed(1).padStart(9)}`);
  }
}

async function measure({ name, start }: Contender): Promise<Result> {
  const place = mkdtempSync(join(directory, "run-"));
  const { pids, stop } = await start(place);
  try {
    await until(`${name} has started its program`, () => writerOf(place) !== 0);
    // Looking for processes costs time that the writer needs.
    const measured = pids();
    const writer = writerOf(place);
    const before = cpuOf(measured);
    const threadBefore = onProcessorMs(writer);
    writeFileSync(join(place, "go"), "");
    await until(`${name} has begun`, () => existsSync(join(place, "began")));
    const beganMs = performance.now();
    let residentMiB = 0;
    await until(`${name} has written all`, () => {
      residentMiB = Math.max(residentMiB, residentOf(measured));
      return existsSync(join(place, "over")) && lastLineIsThere(place);
    });
    const wallMs = performance.now() - beganMs;
    const cpuMs = cpuOf(measured) - before;
    const threadMs = onProcessorMs(writer) - threadBefore;
    return { wallMs, threadMs, cpuMs, residentMiB, bytes: logBytes(place) };
  } finally {
    await stop();
    rmSync(place, { recursive: true, force: true });
  }
}

function redirect(): Contender {
  return {
    name: "bun worker.ts >> log",
    async start(place) {
      writeFileSync(join(place, "worker.ts"), plainSource);
      const child = Bun.spawn(
        ["sh", "-c", `exec "${process.execPath}" worker.ts >> out.log`],
        options(place),
      );
      return {
        pids: () => [child.pid],
        async stop() {
          child.kill("SIGKILL");
          await child.exited;
        },
      };
    },
  };
}

function djobIn(form: string): Contender {
  return {
    name: `djob, ${form}`,
    async start(place) {
      writeFileSync(join(place, "worker.ts"), jobSource);
      const flags = ["--dir", place, "--log", join(place, "out.log"), "--log-format", form];
      await call([djob, "run", "worker.ts", ...flags], place);
      const pid = Number(readFileSync(join(place, "worker.pid"), "utf8"));
      return {
        pids: () => descendants(pid),
        stop: () => call([djob, "stop", "worker", "--dir", place], place),
      };
    },
  };
}

async function installPm2(): Promise<Contender | null> {
  const npm = Bun.which("npm");
  const node = Bun.which("node");
  if (npm === null || node === null) return null;
  const prefix = join(directory, "pm2");
  mkdirSync(prefix);
  const install = Bun.spawn([npm, "install", "--no-audit", "--no-fund", "--prefix", prefix, "pm2"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  if ((await install.exited) !== 0) return null;
  const pm2 = join(prefix, "node_modules/.bin/pm2");
  return {
    name: "pm2, with Bun",
    async start(place) {
      writeFileSync(join(place, "worker.ts"), plainSource);
      const env = { PM2_HOME: join(place, "home") };
      const flags = [
        "--interpreter",
        process.execPath,
        "-o",
        join(place, "out.log"),
        "-e",
        join(place, "err.log"),
      ];
      await call([pm2, "start", join(place, "worker.ts"), "--name", "worker", ...flags], place, env);
      const god = Number(readFileSync(join(place, "home/pm2.pid"), "utf8"));
      return { pids: () => descendants(god), stop: () => call([pm2, "kill"], place, env) };
    },
  };
}

function supervisord(): Contender {
  return {
    name: "supervisord",
    async start(place) {
      writeFileSync(join(place, "worker.ts"), plainSource);
      const config = `[supervisord]\nnodaemon=true\nlogfile=${place}/s.log\npidfile=${place}/s.pid\n[program:worker]
command=${process.execPath} ${place}/worker.ts\nstdout_logfile=${place}/out.log\nstdout_logfile_maxbytes=64MB\nredirect_stderr=true\n`;
      writeFileSync(join(place, "s.conf"), config);
      const child = Bun.spawn(["supervisord", "-c", join(place, "s.conf")], options(place));
      return {
        pids: () => descendants(child.pid),
        async stop() {
          child.kill("SIGTERM");
          await child.exited;
        },
      };
    },
  };
}

function options(place: string, more: Readonly<Record<string, string>> = {}) {
  return {
    cwd: place,
    env: { ...process.env, BENCH_DIRECTORY: place, ...more },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  } as const;
}

async function call(
  command: string[],
  place: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const code = await Bun.spawn(command, options(place, more)).exited;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
}

function logs(place: string): string[] {
  return readdirSync(place)
    .filter((name) => name.startsWith("out.log"))
    .map((name) => join(place, name));
}

function lastLineIsThere(place: string): boolean {
  const last = String(1_000_000 + lines - 1);
  return logs(place).some((path) => {
    const { size } = statSync(path);
    return readEnd(path, size, Math.min(size, 400)).includes(last);
  });
}

function readEnd(path: string, size: number, length: number): string {
  const { openSync, readSync, closeSync } = process.getBuiltinModule("node:fs");
  const descriptor = openSync(path, "r");
  const buffer = Buffer.alloc(length);
  readSync(descriptor, buffer, 0, length, size - length);
  closeSync(descriptor);
  return buffer.toString("latin1");
}

/** What compression has made smaller meanwhile is counted as it was last seen. */
function logBytes(place: string): number {
  return logs(place).reduce((sum, path) => sum + statSync(path).size, 0);
}

/** A process and all below it (proc_pid_stat(5)). */
function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const fields = statOf(Number(name));
    const parent = Number(fields?.[1]);
    if (fields !== null) parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const below = (one: number): number[] => [one, ...(parents.get(one) ?? []).flatMap(below)];
  return below(pid);
}

function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function cpuOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = statOf(pid);
    return Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0);
  });
  return (ticks.reduce((sum, each) => sum + each, 0) * 1000) / ticksASecond;
}

/** The pid of the process that writes; 0: it is not there yet. */
function writerOf(place: string): number {
  const path = join(place, "up");
  return existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
}

/** A process's first thread (the kernel's sched-stats.rst: nanoseconds). */
function onProcessorMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

function residentOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (Number(statOf(pid)?.[21] ?? 0) * 4096) / 2 ** 20, 0);
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await Bun.sleep(10);
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
