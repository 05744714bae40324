// How long `djob logs` takes on a log of some gigabytes, as a whole process, and how much memory, beside tail(1), grep(1) and
// cat(1), where these can do the same. The kinds take turns. Nothing of the file is sparse.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const usage = `usage: scripts/bun scripts/bench/logs-read.ts [--gigabytes N] [--runs N]

  --gigabytes  how large the log is (default 5), in lines of 100 bytes
  --runs       of each of the quick ones (default 10)`;

const { values } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "5" },
    runs: { type: "string", default: "10" },
    help: { type: "boolean" },
  },
});

const djob = join(import.meta.dir, "../../dist/djob");
const lineBytes = 100;
const startMs = Date.UTC(2026, 10, 20);
const stepMs = 7;

/** In a process of its own, which is small: a child's peak counts what its parent had when it was made. */
const runner = `const start = performance.now();
  const child = Bun.spawnSync(process.argv.slice(1), { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
  const timeMs = performance.now() - start;
  console.log(JSON.stringify({ timeMs, bytes: child.resourceUsage.maxRSS, code: child.exitCode }));`;

if (values.help) console.log(usage);
else {
  const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
  try {
    measure(directory, Number(values.gigabytes) * 1e9, Number(values.runs));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Kind {
  readonly name: string;
  readonly command: readonly string[];
}

function measure(directory: string, bytes: number, runs: number): void {
  const log = join(directory, "big.log");
  const lines = generate(log, bytes);
  const middle = new Date(startMs + Math.floor(lines / 2) * stepMs).toISOString();
  const later = new Date(startMs + Math.floor(lines / 2) * stepMs + 60_000).toISOString();
  const logs = (...args: string[]) => [djob, "logs", "big", "--dir", directory, ...args];
  const quick: readonly Kind[] = [
    { name: "djob version: what any command takes", command: [djob, "version"] },
    { name: "djob logs big", command: logs() },
    { name: "tail -n 20 big.log", command: ["tail", "-n", "20", log] },
    {
      name: "djob logs big --since MIDDLE --until a minute later",
      command: logs("--since", middle, "--until", later),
    },
    {
      name: "djob logs big --since MIDDLE | head -n 1",
      command: ["sh", "-c", `'${djob}' logs big --dir '${directory}' --since ${middle} | head -n 1`],
    },
    { name: "djob logs big --level error -n 100", command: logs("--level", "error", "-n", "100") },
  ];
  const needle = `line ${String(Math.floor(lines / 3)).padStart(9, "0")}`;
  const whole: readonly Kind[] = [
    { name: "djob logs big -n all", command: logs("-n", "all") },
    { name: "cat big.log", command: ["cat", log] },
    { name: "djob logs big --level error -n all", command: logs("--level", "error", "-n", "all") },
    { name: "djob logs big --grep 'line 0…'", command: logs("--grep", needle) },
    { name: "grep 'line 0…' big.log", command: ["grep", needle, log] },
    { name: "djob logs big --json -n 1000000", command: logs("--json", "-n", "1000000") },
  ];
  console.log(
    `${(bytes / 1e9).toFixed(1)} GB in ${lines} lines, one process each             minimum   median  maximum     memory`,
  );
  report(quick, runs, "ms", 1);
  report(whole, 1, "s", 1000);
  const long = join(directory, "long.log");
  generateLongLine(long);
  report(
    [
      {
        name: "one line of 1 GB: djob logs long -n all",
        command: [djob, "logs", "long", "--dir", directory, "-n", "all"],
      },
    ],
    1,
    "s",
    1000,
  );
}

function report(kinds: readonly Kind[], runs: number, unit: string, divisor: number): void {
  const results = kinds.map(() => ({ times: [] as number[], bytes: 0 }));
  for (let run = 0; run < runs; run += 1) {
    for (const [index, { command }] of kinds.entries()) {
      const { timeMs, bytes } = runOnce(command);
      results[index]?.times.push(timeMs / divisor);
      const result = results[index];
      if (result !== undefined) result.bytes = Math.max(result.bytes, bytes);
    }
  }
  for (const [index, { name }] of kinds.entries()) {
    const { times, bytes } = results[index] ?? { times: [], bytes: 0 };
    const sorted = times.toSorted((one, other) => one - other);
    const row = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((time) =>
      (time ?? 0).toFixed(1).padStart(8),
    );
    console.log(
      `${name.padEnd(56)} ${row.join(" ")} ${unit.padEnd(2)} ${(bytes / 1e6).toFixed(0).padStart(5)} MB`,
    );
  }
}

function runOnce(command: readonly string[]): { timeMs: number; bytes: number } {
  const child = Bun.spawnSync([process.execPath, "-e", runner, ...command], { stderr: "inherit" });
  const { code, ...measured } = JSON.parse(child.stdout.toString());
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}`);
  return measured;
}

/** Every thousandth line is an error. @returns how many lines */
function generate(path: string, bytes: number): number {
  const descriptor = openSync(path, "w");
  const lines = Math.floor(bytes / lineBytes);
  const block: string[] = [];
  for (let line = 0; line < lines; line += 1) {
    const time = new Date(startMs + line * stepMs).toISOString();
    const head = `${time} ${line % 1000 === 0 ? "ERROR" : "INFO "} [job${line % 5}] line ${String(line).padStart(9, "0")} `;
    block.push(`${head.padEnd(lineBytes - 1, "and so on ")}\n`);
    if (block.length === 10_000 || line === lines - 1) writeSync(descriptor, block.splice(0).join(""));
  }
  closeSync(descriptor);
  // What is written back meanwhile would be measured, too.
  Bun.spawnSync(["sync", path]);
  return lines;
}

function generateLongLine(path: string): void {
  writeFileSync(path, `${new Date(startMs).toISOString()} INFO  `);
  const descriptor = openSync(path, "a");
  const piece = "x".repeat(1_000_000);
  for (let count = 0; count < 1000; count += 1) writeSync(descriptor, piece);
  writeSync(descriptor, "\n");
  closeSync(descriptor);
}
