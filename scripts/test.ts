// Installs, type-checks, lints, builds and runs every test, or says at which step it failed. Ends with a line
// "N passed, N failed".
import { parseArgs } from "node:util";

const usage = `usage: scripts/test [FILTER …]

  Installs, type-checks, lints, builds dist/djob and runs every test.
  FILTER  runs only the test files whose path contains it`;

const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });

if (values.help) {
  console.log(usage);
} else {
  process.chdir(`${import.meta.dir}/..`);
  const bun = process.execPath;
  const steps: ReadonlyArray<readonly [string, readonly string[]]> = [
    ["install", [bun, "install", "--frozen-lockfile"]],
    ["type-check", [bun, "node_modules/.bin/tsc", "--noEmit"]],
    ["lint", [bun, "node_modules/.bin/biome", "check", "--error-on-warnings", "."]],
    ["build", [bun, "scripts/build.ts"]],
  ];
  for (const [name, command] of steps) {
    console.log(`── ${name}`);
    if ((await call(command)).code !== 0) fail(name);
  }
  console.log("── test");
  const { code, output } = await call([bun, "test", "--parallel=2", "--timeout", "60000", ...positionals]);
  const [passed, failed] = [/^\s*(\d+) pass$/m, /^\s*(\d+) fail$/m].map((line) =>
    Number(line.exec(output)?.[1] ?? 0),
  );
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = code === 0 && passed !== 0 ? 0 : 1;
}

async function call(command: readonly string[]): Promise<{ code: number; output: string }> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "inherit", stderr: "pipe" });
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  return { code: await child.exited, output };
}

function fail(step: string): never {
  console.log(`the step "${step}" failed`);
  console.log("0 passed, 1 failed");
  process.exit(1);
}
