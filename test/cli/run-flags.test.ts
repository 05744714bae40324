// The flags of a daemon as a command line that says the same at boot.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/cli/commands/run.ts";
import { makeOutput } from "../../src/cli/output.ts";
import { flagsOfSpec, flagWords, givenFlags, inputOf } from "../../src/cli/run-flags.ts";
import { planRun } from "../../src/cli/run-plan.ts";
import { checkArguments } from "../../src/cli/strict.ts";

const directory = realpathSync(mkdtempSync(join(tmpdir(), "djob-flags-")));
const started = process.cwd();
beforeAll(() => {
  process.chdir(directory);
  mkdirSync("work");
});
afterAll(() => {
  process.chdir(started);
  rmSync(directory, { recursive: true });
});

const at = (path: string) => join(directory, path);

function given(words: readonly string[]): string[] {
  return flagWords(givenFlags(run, checkArguments(run, words).repeated));
}

test("paths are made absolute, everything else stays, in one word each", () => {
  const words = [
    "--dir",
    "state",
    "--log=l/x.log",
    "--env",
    "A=-b c",
    "--env",
    "B=",
    "--tz",
    "Europe/Berlin",
  ];
  expect(given([...words, "--chdir", "work", "worker.ts"])).toEqual([
    `--dir=${at("state")}`,
    `--log=${at("l/x.log")}`,
    `--chdir=${at("work")}`,
    "--env=A=-b c",
    "--env=B=",
    "--tz=Europe/Berlin",
  ]);
});

test("flags that are about the call are left out", () => {
  expect(given(["--foreground", "--ok", "--json", "--name", "x", "worker.ts"])).toEqual(["--name=x"]);
});

test("every flag whose value is a file or a directory is known to be a path", () => {
  const hints = Object.entries(run.args).filter(
    ([, arg]) => "valueHint" in arg && (arg.valueHint === "FILE" || arg.valueHint === "DIR"),
  );
  expect(hints.length).toBeGreaterThan(4);
  for (const [name, { isPath }] of hints) expect({ name, isPath }).toEqual({ name, isPath: true });
});

test.each([
  ["none", []],
  ["a name and a place", ["--name", "x", "--dir", "state"]],
  ["files of its own", ["--pidfile", "my.pid", "--log", "my.log", "--log-err", "my.err"]],
  ["a place and files", ["--dir", "state", "--pidfile", "state/other.pid", "--log", "state/x.log"]],
  ["all that is left", ["--chdir", "work", "--umask", "7", "--tz", "Asia/Tokyo"]],
  ["times", ["--ready-timeout", "1m30s", "--stop-timeout", "250ms"]],
  ["what is kept", ["--keep-runs", "50", "--keep-runs-for", "30d"]],
  ["watchdogs", ["--watchdog", "1m30s", "--max-memory", "1536M"]],
] as ReadonlyArray<readonly [string, readonly string[]]>)(
  "a spec becomes the flags that make it: %s",
  (_, flags) => {
    const output = makeOutput(false);
    const { spec } = planRun(inputOf(run, [...flags, "worker.ts", "other.ts"], output));
    // This machine's own places, so that both plans choose the same.
    const own = planRun(inputOf(run, ["worker.ts"], output)).directories;
    const words = [...flagWords(flagsOfSpec(spec, own)), ...spec.modules];
    expect(planRun(inputOf(run, words, output)).spec).toEqual(spec);
  },
);

test("a daemon elsewhere than where it would be at boot is told where", () => {
  const { spec } = planRun(inputOf(run, ["--dir", "state", "worker.ts"], makeOutput(false)));
  const usual = { runtime: "/run/djob", logs: "/var/log/djob", state: "/var/lib/djob" };
  expect(flagWords(flagsOfSpec(spec, usual))).toEqual(["--name=worker", `--dir=${at("state")}`]);
});
