import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandInput } from "../../src/cli/command.ts";
import { makeOutput } from "../../src/cli/output.ts";
import { planRun } from "../../src/cli/run-plan.ts";
import { DjobError } from "../../src/daemon/error.ts";

const directory = realpathSync(mkdtempSync(join(tmpdir(), "djob-plan-")));
const started = process.cwd();
beforeAll(() => process.chdir(directory));
afterAll(() => {
  process.chdir(started);
  rmSync(directory, { recursive: true });
});

interface Given {
  readonly modules?: readonly string[];
  readonly flags?: Readonly<Record<string, string | boolean>>;
  readonly repeated?: Readonly<Record<string, readonly string[]>>;
}

function plan({ modules = ["worker.ts"], flags = {}, repeated = {} }: Given) {
  const args = { _: [...modules], dir: "state", ...flags } as unknown as CommandInput["args"];
  return planRun({ args, positionals: modules, tail: null, repeated, output: makeOutput(false) });
}

function refusal(given: Given): DjobError {
  try {
    plan(given);
  } catch (error) {
    if (error instanceof DjobError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const at = (path: string) => join(directory, path);

test("without flags a daemon has the documented defaults, and every path is absolute", () => {
  const { spec } = plan({ modules: ["jobs/worker.ts", "../other.ts"] });
  expect(spec).toEqual({
    version: 5,
    name: "worker",
    modules: [at("jobs/worker.ts"), at("../other.ts")],
    systemCrontab: false,
    paths: {
      pidfile: at("state/worker.pid"),
      socket: at("state/worker.sock"),
      log: at("state/worker.log"),
      logErr: null,
      history: at("state/worker.db"),
    },
    foreground: false,
    workingDirectory: "/",
    umask: 0o022,
    timeZone: null,
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    restart: { policy: "on-failure", delayMs: 1_000, maximum: { count: 10, withinMs: 600_000 } },
    killMode: "all",
    stopSchedule: [
      { signal: "SIGTERM", waitMs: 10_000 },
      { signal: "SIGKILL", waitMs: 5_000 },
    ],
    watchdogMs: null,
    maximumMemoryBytes: null,
    history: { keepRuns: 1_000, keepForMs: null },
    log: {
      target: { type: "file" },
      form: "text",
      level: "debug",
      perJob: false,
      linesPerSecond: null,
      rotation: {
        maximumBytes: 64 * 1024 * 1024,
        maximumAgeMs: null,
        keep: 7,
        compression: "zstd",
        totalBytes: null,
      },
    },
    redaction: { patterns: [], variables: [] },
    privileges: null,
    command: null,
  });
});

test("in the foreground directory, umask and log are the caller's", () => {
  const { spec } = plan({ flags: { foreground: true } });
  expect(spec).toMatchObject({
    foreground: true,
    workingDirectory: null,
    umask: null,
    paths: { log: null, logErr: null },
  });
});

test("flags are taken, relative paths from where the user is", () => {
  const flags = {
    name: "shop",
    pidfile: "p.pid",
    log: "l.log",
    "log-err": "e.log",
    chdir: ".",
    umask: "027",
    tz: "Asia/Tokyo",
    "ready-timeout": "1m",
    "stop-timeout": "0s",
  };
  const { spec, environment } = plan({ flags });
  expect(spec).toMatchObject({
    name: "shop",
    paths: { pidfile: at("p.pid"), log: at("l.log"), logErr: at("e.log"), socket: at("state/shop.sock") },
    workingDirectory: directory,
    umask: 0o027,
    timeZone: "Asia/Tokyo",
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 0,
  });
  expect(environment["TZ"]).toBe("Asia/Tokyo");
});

test("--env wins over --env-file, and later ones over earlier ones", () => {
  writeFileSync("one.env", "A=1\nB='two words'\nC=1 # a comment\n");
  writeFileSync("two.env", "export C=2\nD=2\n");
  const repeated = { "env-file": ["one.env", "two.env"], env: ["D=3", "E=a=b", "F=", "D=4"] };
  expect(plan({ repeated }).environment).toMatchObject({
    A: "1",
    B: "two words",
    C: "2",
    D: "4",
    E: "a=b",
    F: "",
  });
});

describe("is refused with exit 2:", () => {
  test.each([
    ["a umask that is not octal", { flags: { umask: "028" } }, "--umask"],
    ["a umask of four digits", { flags: { umask: "1777" } }, "--umask"],
    ["a directory that is not there", { flags: { chdir: "nowhere" } }, "--chdir"],
    ["a duration without a unit", { flags: { "ready-timeout": "30" } }, "--ready-timeout"],
    ["--json in the foreground", { flags: { foreground: true, json: true } }, "--json"],
    ["--log-err alone in the foreground", { flags: { foreground: true, "log-err": "e" } }, "--log-err"],
    ["--env without a value", { repeated: { env: ["PORT"] } }, "--env"],
    ["--env without a name", { repeated: { env: ["=80"] } }, "--env"],
    ["a name with a slash", { flags: { name: "a/b" } }, '"a/b"'],
    ["a module whose name is none", { modules: ["my worker.ts"] }, '"my worker"'],
    ["a socket path that is too long", { flags: { dir: "x".repeat(110) } }, "the socket"],
  ] as const)("%s", (_what, given, named) => {
    const error = refusal(given);
    expect(error.code).toBe(2);
    expect(error.message).toContain(named);
    expect(error.hint).toBeString();
  });

  test("a module that is given twice", () => {
    writeFileSync("real.ts", "");
    symlinkSync("real.ts", "link.ts");
    expect(refusal({ modules: ["real.ts", "./real.ts"] })).toMatchObject({
      code: 2,
      message: `cannot run djob run: ${at("real.ts")} is given twice`,
    });
    expect(refusal({ modules: ["real.ts", "link.ts"] }).message).toContain(
      `${at("real.ts")} and ${at("link.ts")} are the same file`,
    );
    expect(refusal({ modules: ["missing.ts", "missing.ts"] }).message).toContain("given twice");
  });
});

test("a file of variables that is not there is an error", () => {
  const error = refusal({ repeated: { "env-file": ["nowhere.env"] } });
  expect(error).toMatchObject({ code: 1, message: expect.stringContaining(at("nowhere.env")) });
});

test("how many records are kept, and how long", () => {
  expect(plan({ flags: { "keep-runs": "50", "keep-runs-for": "30d" } }).spec.history).toEqual({
    keepRuns: 50,
    keepForMs: 30 * 86_400_000,
  });
});

test.each([
  ["keep-runs", "0"],
  ["keep-runs", "-5"],
  ["keep-runs", "1e3"],
  ["keep-runs", "10000001"],
  ["keep-runs-for", "0"],
  ["keep-runs-for", "soon"],
])("--%s %s is refused", (flag, value) => {
  expect(() => plan({ flags: { [flag]: value } })).toThrow(`cannot run djob run: --${flag} "${value}"`);
});
