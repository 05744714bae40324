// Many numbered lines from eight writers (the main thread, two Workers, five children) through many rotations, with a SIGKILL and
// a reload in between; then each line that was written must be there exactly once, in each writer's order (soak/log-lines.ts).
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { filling, LineChecker, type LinePlace, writerNames } from "./soak/log-lines.ts";

export interface SoakOptions {
  readonly lines: number;
  readonly rotations: number;
  /** How often the worker is killed. */
  readonly kills: number;
  readonly compression: "gzip" | "zstd" | "none";
  /** Where everything is; it must exist. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** In place of djob's own rotation: called again and again while lines are written. */
  readonly rotate?: () => void;
}

export interface SoakReport {
  readonly lines: number;
  /** Of processes that were not killed: they must be complete. */
  readonly writers: number;
  readonly files: number;
  readonly compressed: number;
  readonly errors: readonly string[];
}

const djob = join(import.meta.dir, "../dist/djob");
const writerCount = writerNames.length;
const bytesALine = 75;
const childLines = 2_000;

/** @throws {Error} if the daemon does not do what it is told */
export async function soakLogs(options: SoakOptions): Promise<SoakReport> {
  const { directory, lines, rotations } = options;
  const perWriter = Math.ceil(lines / writerCount);
  write(directory, "thread.ts", threadSource);
  write(directory, "worker.ts", moduleSource(directory, perWriter));
  const size = Math.max(4_096, Math.floor((lines * bytesALine) / rotations));
  const rotation =
    options.rotate === undefined
      ? ["--log-max-size", String(size), "--log-keep", "100000", "--log-compress", options.compression]
      : ["--log-max-size", "none"];
  const restart = ["--restart-delay", "10ms", "--restart-max", "1000/1h"];
  const call = async (...args: string[]) => {
    const child = Bun.spawn([djob, ...args], {
      cwd: directory,
      env: { ...options.environment },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(`djob ${args.join(" ")}: ${errors}`);
    return output;
  };
  await call("run", "worker.ts", "--dir", directory, ...rotation, ...restart);
  const turn = setInterval(() => options.rotate?.(), 20);
  try {
    await written(directory, size * 2);
    for (let kill = 1; kill <= options.kills; kill += 1) {
      const { workerPid } = JSON.parse(await call("status", "worker", "--dir", directory, "--json"));
      if (workerPid !== null) process.kill(workerPid, "SIGKILL");
      await until("another worker writes", () => starts(directory) > kill);
      await written(directory, size * 2);
    }
    await call("reload", "worker", "--dir", directory);
    await until("the last worker has written all", () =>
      existsSync(join(directory, `done-${starts(directory)}`)),
    );
  } finally {
    clearInterval(turn);
    await call("stop", "worker", "--dir", directory, "--ok");
  }
  return await verify(directory, perWriter);
}

/** Reads all files in the order of their names, the one that is written last. */
async function verify(directory: string, perWriter: number): Promise<SoakReport> {
  const names = readdirSync(directory)
    // One that is being made is not finished, and the file that it is made from is still there.
    .filter((name) => /^worker\.log($|[.-])/.test(name) && !name.endsWith(".tmp"))
    .sort(
      (one, other) => Number(one === "worker.log") - Number(other === "worker.log") || (one < other ? -1 : 1),
    );
  const checker = new LineChecker();
  for (const name of names) {
    for await (const { line, ...place } of linesOf(streamOf(join(directory, name))))
      checker.take(line, { file: name, ...place });
  }
  const { lines, writers, errors } = checker.finish(perWriter);
  return {
    lines,
    writers,
    files: names.length,
    compressed: names.filter((name) => /\.(gz|zst)$/.test(name)).length,
    errors: errors.slice(0, 20),
  };
}

/** One character a byte. */
async function* linesOf(stream: Readable): AsyncGenerator<{ line: string } & Omit<LinePlace, "file">> {
  let rest = "";
  let offset = 0;
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      yield { line, offset, isEnded: true };
      offset += line.length + 1;
    }
  }
  if (rest !== "") yield { line: rest, offset, isEnded: false };
}

function streamOf(path: string): Readable {
  const bytes = createReadStream(path);
  if (path.endsWith(".gz")) return bytes.pipe(createGunzip());
  return path.endsWith(".zst") ? bytes.pipe(createZstdDecompress()) : bytes;
}

/** Until so much more has been written, in all files together. */
async function written(directory: string, bytes: number): Promise<void> {
  const now = () => JSON.parse(readText(join(directory, "progress")) || "0");
  const start = now();
  await until(`${bytes} more bytes are written`, () => now() - start > bytes / bytesALine / writerCount);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function starts(directory: string): number {
  return readText(join(directory, "starts")).length;
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 600_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await Bun.sleep(10);
  }
}

function write(directory: string, name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

/** One of the two Workers writes through the console, the other to the descriptor. */
const threadSource = `import { writeSync } from "node:fs";
let isOver = false;
self.onmessage = async ({ data }) => {
  if (data === "end") { isOver = true; return; }
  const { tag, lines, raw } = data;
  for (let n = 0; n < lines && !isOver; n += 1) {
    const line = tag + " " + n + " " + "${filling}";
    if (raw) writeSync(1, line + "\\n"); else console.log(line);
    if (n % 200 === 0) await Bun.sleep(0);
  }
  postMessage("done");
};`;

/**
 * The number of starts is the generation: a job of its own for each, so that after a reload the old one's and the new one's write at
 * the same time. `progress` counts the main thread's lines, over all of them.
 */
function moduleSource(directory: string, lines: number): string {
  const child = `my ($tag, $from, $to) = @ARGV; my $x = "${filling}"; for (my $n = $from; $n < $to; $n++) { syswrite(STDOUT, "$tag $n $x\\n"); }`;
  return `import { job } from "djob"; import { appendFileSync, readFileSync, writeFileSync, existsSync } from "node:fs";
const directory = ${JSON.stringify(directory)}; const lines = ${lines};
appendFileSync(directory + "/starts", "x");
const generation = readFileSync(directory + "/starts", "utf8").length;
const id = Date.now();
let progress = existsSync(directory + "/progress") ? Number(readFileSync(directory + "/progress", "utf8")) : 0;
let isOver = false;
const thread = (tag: string, raw: boolean, signal: AbortSignal) => new Promise((resolve) => {
  const worker = new Worker(new URL("thread.ts", import.meta.url).href);
  worker.onmessage = () => { worker.terminate(); resolve(null); };
  worker.postMessage({ tag, lines, raw });
  signal.addEventListener("abort", () => setTimeout(() => worker.postMessage("end"), 200));
});
const children = async (tag: string) => {
  for (let from = 0; from < lines && !isOver; from += ${childLines}) {
    const args = [tag, String(from), String(Math.min(lines, from + ${childLines}))];
    await Bun.spawn(["perl", "-e", ${JSON.stringify(child)}, ...args], { stdio: ["ignore", "inherit", "inherit"] }).exited;
  }
};
const main = async () => {
  for (let n = 0; n < lines && !isOver; n += 1) {
    console.log("main." + id, n, "${filling}");
    if (n % 200 === 0) { progress += 200; writeFileSync(directory + "/progress", String(progress)); await Bun.sleep(0); }
  }
};
job("main-" + generation, "always", async ({ signal }) => {
  signal.addEventListener("abort", () => setTimeout(() => { isOver = true; }, 200));
  await Promise.all([main(), thread("thread1." + id, false, signal), thread("thread2." + id, true, signal),
    ...[1, 2, 3, 4, 5].map((slot) => children("child" + slot + "." + id))]);
  writeFileSync(directory + "/done-" + generation, "");
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
});`;
}

const usage = `Usage: scripts/bun scripts/soak-logs.ts [--lines N] [--rotations N] [--kills N] [--compress METHOD]

Writes numbered lines into the log of a daemon (dist/djob) from eight writers, through rotations, a SIGKILL and a reload, then reads
all files and checks that each line is there exactly once. Exits with 1 if one is not.

  --lines N          how many lines the last worker's writers write together (default: 10000000)
  --rotations N      about how many rotations that is (default: 200)
  --kills N          how often the worker is killed (default: 1)
  --compress METHOD  gzip, zstd (default) or none
`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean" },
      lines: { type: "string", default: "10000000" },
      rotations: { type: "string", default: "200" },
      compress: { type: "string", default: "zstd" },
      kills: { type: "string", default: "1" },
    },
  });
  if (values.help) {
    console.log(usage);
  } else {
    const directory = mkdtempSync(join(tmpdir(), "djob-log-soak-"));
    const started = performance.now();
    const report = await soakLogs({
      lines: Number(values.lines),
      rotations: Number(values.rotations),
      kills: Number(values.kills),
      compression: values.compress as SoakOptions["compression"],
      directory,
      environment: process.env as Record<string, string>,
    });
    console.log(
      JSON.stringify({ ...report, seconds: Math.round((performance.now() - started) / 1000) }, null, 2),
    );
    if (report.errors.length > 0) process.exitCode = 1;
    else rmSync(directory, { recursive: true });
  }
}
