// djob test: bun test, which every djob has in it, with "djob" and "djob/testing" at hand.
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { worldError } from "../../daemon/error.ts";
import { ownExecutable } from "../../daemon/stage.ts";
import type { Command } from "../command.ts";
import { writeTestingFiles } from "../testing-files.ts";

export const test: Command = {
  meta: { name: "test", description: "Run your tests of jobs, as bun test does" },
  args: {
    file: {
      type: "positional",
      description: "paths of test files, or parts of them (default: all *.test.ts here and below)",
      required: false,
    },
  },
  positionals: { minimum: 0, maximum: 1000 },
  passesOn: true,
  examples: [
    ["djob test", "all tests here and below"],
    ["djob test worker.test.ts -t cleanup --watch", "those whose names match, again at each change"],
  ],
  notes:
    'All flags of bun test are handed on to it: --watch, --test-name-pattern (-t), --timeout, --bail, --coverage, --reporter … Its exit code is bun test\'s. A bunfig.toml and .env files of the directory hold, as for bun test. See "Testing your jobs" in the README.',
  async run({ positionals: given }) {
    const directory = temporaryDirectory();
    try {
      return await runTests(writeTestingFiles(directory), given);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function temporaryDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "djob-test-"));
  } catch (error) {
    throw worldError(`make a directory in ${tmpdir()}`, error, "set TMPDIR to one that can be written to");
  }
}

async function runTests(preload: string, given: readonly string[]): Promise<number> {
  const child = Bun.spawn([ownExecutable(), "--no-install", "test", "--preload", preload, ...given], {
    argv0: "bun",
    env: { ...process.env, BUN_BE_BUN: "1", DJOB_TEST_EXECUTABLE: ownExecutable() },
    stdio: ["inherit", "inherit", "inherit"],
  });
  // A terminal tells both of a Ctrl-C, and the tests are to have the last word.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  await child.exited;
  const { exitCode, signalCode } = child;
  return exitCode ?? 128 + (signalCode === null ? 0 : constants.signals[signalCode as NodeJS.Signals]);
}
