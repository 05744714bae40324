// Builds dist/djob, runs a sample worker as a real daemon in a directory of its own, shows its status and its first log
// lines, and says how to stop it.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

const usage = `usage: scripts/demo

  Installs, builds dist/djob, and starts scripts/demo-worker.ts as the daemon "demo-worker".`;

const firstLines = 8;
const patienceMs = 10_000;

const { values } = parseArgs({ options: { help: { type: "boolean" } } });
if (values.help) console.log(usage);
else await demo();

async function demo(): Promise<void> {
  const root = join(import.meta.dir, "..");
  process.chdir(root);
  await call([process.execPath, "install", "--frozen-lockfile"]);
  await call([process.execPath, "scripts/build.ts"]);
  const directory = join(tmpdir(), `djob-demo-${process.getuid?.() ?? 0}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const worker = join(directory, "demo-worker.ts");
  copyFileSync("scripts/demo-worker.ts", worker);
  const djob = join(root, "dist/djob");
  const flags = ["--dir", join(directory, "state")];
  const log = join(directory, "state", "demo-worker.log");

  await call([djob, "stop", "demo-worker", "--ok", ...flags], "ignore");
  await call([djob, "run", worker, ...flags]);
  console.log();
  await call([djob, "status", "demo-worker", ...flags]);
  console.log();
  await call([djob, "status", "demo-worker", "--process", ...flags]);
  console.log(`\nThe first lines of ${log}:`);
  console.log((await linesOf(log)).map((line) => `  ${line}`).join("\n"));
  const command = relative(root, djob);
  console.log(`\nIt goes on when you log out. To follow it, and to stop it:`);
  console.log(`  ${command} logs demo-worker -f ${flags.join(" ")}`);
  console.log(`  ${command} stop demo-worker ${flags.join(" ")}`);
}

/** The log's first lines, as soon as there are enough of them. */
async function linesOf(log: string): Promise<string[]> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const lines = existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
    if (lines.length >= firstLines || performance.now() > deadlineMs) return lines.slice(0, firstLines);
    await Bun.sleep(50);
  }
}

async function call(command: readonly string[], output: "inherit" | "ignore" = "inherit"): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: output, stderr: output });
  if ((await child.exited) !== 0) {
    console.error(`\`${command.join(" ")}\` ended with exit code ${child.exitCode}`);
    process.exit(1);
  }
}
