// How long djob simulate takes for a year, as a whole process: bun scripts/bench/simulate.ts [--help]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const usage = `usage: bun scripts/bench/simulate.ts [--runs N]

  Starts dist/djob, which scripts/build.ts makes, for ten jobs and a year. One of them comes each minute.
  --runs  how often (default 10)`;

const schedules = [
  ...["* * * * *", "*/5 * * * *", "*/15 * * * *", "@hourly", "30 2 * * *", "@daily", "0 9 * * MON-FRI"],
  ...["0 0 L * *", "0 9 * * FRI#2", "every 10m"],
];
const djob = join(import.meta.dir, "../../dist/djob");
const { values } = parseArgs({
  options: { runs: { type: "string", default: "10" }, help: { type: "boolean" } },
});

if (values.help) console.log(usage);
else {
  const directory = mkdtempSync(join(tmpdir(), "djob-bench-"));
  try {
    const module = join(directory, "worker.ts");
    const jobs = schedules.map((schedule, index) => `job("job ${index}", "${schedule}", () => {});`);
    writeFileSync(module, `import { job } from "djob";\n${jobs.join("\n")}\n`);
    for (const flags of [["--tz", "UTC"], ["--tz", "Europe/Berlin"], ["--json"]]) measure(module, flags);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function measure(module: string, flags: readonly string[]): void {
  const times: number[] = [];
  let lines = 0;
  for (let run = 0; run < Number(values.runs); run += 1) {
    const startMs = performance.now();
    const period = ["--from", "2026-01-01", "--to", "2027-01-01"];
    const { stdout, exitCode, stderr } = Bun.spawnSync([djob, "simulate", module, ...period, ...flags]);
    times.push(performance.now() - startMs);
    if (exitCode !== 0) throw new Error(stderr.toString());
    lines = stdout.toString().split("\n").length - 1;
  }
  times.sort((a, b) => a - b);
  const [minimum = 0] = times;
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const shown = [minimum, median, times.at(-1) ?? 0].map((time) => `${time.toFixed(0)} ms`).join(", ");
  console.log(`${flags.join(" ")}: ${lines} lines; minimum, median, maximum: ${shown}`);
}
