// Commands as runs: real processes, their output, their ends, and that nothing of them is left.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandExecutor } from "../../../src/runtime/command/executor.ts";
import { longestLineBytes } from "../../../src/runtime/command/lines.ts";
import type { CommandWork, Limits } from "../../../src/runtime/job.ts";
import type { RunRequest } from "../../../src/runtime/running/execution.ts";
import { djobPath, isAlive, until } from "../../e2e/harness.ts";
import { scratch } from "../../scratch.ts";

const request: RunRequest = {
  job: "backup",
  id: "backup@2026-06-01T12:00:00.000Z",
  attempt: 2,
  scheduledAtMs: Date.parse("2026-06-01T12:00:00Z"),
  startedAtMs: 0,
  lastSuccessMs: null,
  input: { full: true },
  state: undefined,
};

/** The small process by way of which a command is limited or another user: of the executable that was built. */
const stage = { executable: djobPath, argv0: "djob: test", environment: { DJOB_STAGE: "run" } };

function workOf(argv: readonly string[], rest: Partial<CommandWork & Limits> = {}): CommandWork & Limits {
  return {
    type: "command",
    argv,
    env: {},
    cwd: null,
    stdin: null,
    user: null,
    maxMemoryBytes: null,
    maxCpuMs: null,
    ...rest,
  };
}

function begin(argv: readonly string[], rest: Partial<CommandWork & Limits> = {}) {
  const work = workOf(argv, rest);
  const lines: string[] = [];
  const execution = commandExecutor(work, stage).execute(request, {
    line: (_level, text) => void lines.push(text),
  });
  return { execution, lines };
}

const sh = (line: string, rest: Partial<CommandWork & Limits> = {}) => begin(["/bin/sh", "-c", line], rest);

test("what it writes comes line by line, also a last line without an end", async () => {
  const { execution, lines } = sh("printf 'a\\nb\\r\\n'; printf 'no end'; echo wrong >&2");
  expect(await execution.ended).toMatchObject({ type: "succeeded", exitCode: 0 });
  expect(lines.toSorted()).toEqual(["a", "b", "no end", "wrong"]);
});

test("a long line is told in pieces, and bytes that are no text do no harm", async () => {
  const { execution, lines } = sh("head -c 150000 /dev/zero | tr '\\0' x; echo; printf '\\377\\376\\n'");
  await execution.ended;
  expect(lines.slice(0, -1).join("")).toBe("x".repeat(150_000));
  expect(Math.max(...lines.map(({ length }) => length))).toBe(longestLineBytes);
  expect(lines.at(-1)).toBe("\uFFFD\uFFFD");
});

describe("its outputs are pipes", () => {
  test("that it may open anew by name, also as input", async () => {
    const line =
      "echo one > /dev/stderr; echo two > /dev/stdout; echo three >> /proc/self/fd/2; cat /dev/stdin";
    const { execution, lines } = sh(line, { stdin: "four\n" });
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.toSorted()).toEqual(["four", "one", "three", "two"]);
  });

  test("none of whose bytes is lost, however long nobody reads", async () => {
    const { execution, lines } = sh("seq 1 200000; seq 200001 400000 >&2");
    // The pipe holds 64 KiB.
    Bun.sleepSync(300);
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 400_000 }, (_, index) => index + 1),
    );
  });

  test("what is in them is told, also when the event loop was blocked for longer than is waited", async () => {
    const { execution, lines } = sh("setsid sleep 1000 & echo $!; head -c 60000 /dev/zero | tr '\\0' '\\n'");
    Bun.sleepSync(1_200);
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.length).toBe(60_001);
    process.kill(Number(lines[0]), "SIGKILL");
  });

  test("do not wake a daemon up while nothing comes", async () => {
    const { execution } = sh("sleep 1000");
    const switches = () =>
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
    await Bun.sleep(100);
    const before = switches();
    await Bun.sleep(500);
    expect(switches() - before).toBeLessThan(30);
    execution.terminate();
    await execution.ended;
  });
});

describe("a command", () => {
  test("knows its run, its variables, its directory and its input", async () => {
    const line =
      'echo "$DJOB_JOB $DJOB_RUN_ID $DJOB_ATTEMPT $DJOB_SCHEDULED_AT $DJOB_INPUT $EXTRA"; pwd; cat';
    const { execution, lines } = sh(line, { env: { EXTRA: "more" }, cwd: "/usr", stdin: "one\ntwo\n" });
    await execution.ended;
    expect(lines).toEqual([
      'backup backup@2026-06-01T12:00:00.000Z 2 2026-06-01T12:00:00.000Z {"full":true} more',
      "/usr",
      "one",
      "two",
    ]);
  });

  test("that fails tells its exit code, or the signal that killed it", async () => {
    expect(await sh("exit 3").execution.ended).toMatchObject({
      type: "failed",
      exitCode: 3,
      signal: null,
      error: { message: "exit code 3" },
    });
    expect(await sh("kill -SEGV $$").execution.ended).toMatchObject({
      type: "failed",
      exitCode: null,
      signal: "SIGSEGV",
      error: { message: "killed by SIGSEGV" },
    });
  });

  test("that is missing, or whose directory is, fails with a clear reason", async () => {
    expect(await begin(["/no/such/program"]).execution.ended).toMatchObject({
      type: "failed",
      error: { message: "cannot run /no/such/program: there is no such program" },
    });
    expect(await sh("true", { cwd: "/no/such" }).execution.ended).toMatchObject({
      type: "failed",
      error: { message: expect.stringContaining("no directory /no/such") },
    });
  });

  test("has a session of its own, no signal ignored or blocked, and no descriptor but its three", async () => {
    const { execution, lines } = sh(
      "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/$$/fd; cut -d' ' -f5,6 /proc/$$/stat; echo $$",
    );
    await execution.ended;
    const [blocked, ignored, ...rest] = lines;
    expect(blocked).toMatch(/^SigBlk:\t0+$/);
    expect(ignored).toMatch(/^SigIgn:\t0+$/);
    const pid = rest.pop();
    expect(rest.pop()).toBe(`${pid} ${pid}`);
    expect(rest).toEqual(["0", "1", "2"]);
  });
});

describe("the whole group", () => {
  test("is asked to end, and is ended by force", async () => {
    const { execution, lines } = sh("trap : TERM; sleep 1000 & echo $!; wait; sleep 1000");
    const child = Number(await until("it has begun", () => lines[0]));
    const comm = () => readFileSync(`/proc/${child}/comm`, "utf8");
    await until("the shell has given it its program", () => comm() === "sleep\n");
    execution.abort("timeout");
    await until("the child has heard it", () => !isAlive(child));
    const stubborn = sh("trap '' TERM; echo ready; while :; do sleep 1000; done");
    await until("it has begun", () => stubborn.lines[0]);
    stubborn.execution.abort("timeout");
    expect(stubborn.execution.terminate()).toBe(true);
    expect(await stubborn.execution.ended).toMatchObject({ type: "failed", signal: "SIGKILL" });
    execution.terminate();
    await execution.ended;
  });

  test("that uses too much memory is killed", async () => {
    const hog = "head -c 300000000 /dev/zero | tail -c 300000000 | sleep 1000";
    const { execution } = sh(hog, { maxMemoryBytes: 50_000_000 });
    const ending = await execution.ended;
    expect(ending).toMatchObject({ type: "failed", signal: "SIGKILL" });
    expect(ending.type === "failed" && String(ending.error)).toContain("of memory, and may have");
  });
});

describe("by way of the stage", () => {
  const limits = { maxCpuMs: 60_000 };

  test("it has the same variables, directory, input, session, signals and descriptors", async () => {
    const line =
      "env | grep -E '^(DJOB|EXTRA|BUN)' | sort; pwd; cat; grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/$$/fd; echo x > /dev/stderr; ulimit -t";
    const rest = { env: { EXTRA: "more" }, cwd: "/usr", stdin: "input\n" };
    const [staged, direct] = [sh(line, { ...rest, ...limits }), sh(line, rest)];
    await Promise.all([staged.execution.ended, direct.execution.ended]);
    expect(staged.lines.toSorted()).toEqual(
      [...direct.lines, "60"].filter((each) => each !== "unlimited").toSorted(),
    );
  });

  test("what is missing or can't be run fails with the same reason as without", async () => {
    const noProgram = join(scratch("programs"), "text");
    writeFileSync(noProgram, "no program", { mode: 0o755 });
    const noInterpreter = join(dirname(noProgram), "script");
    writeFileSync(noInterpreter, "#!/bin/bash\r\necho", { mode: 0o755 });
    const cases: ReadonlyArray<readonly [argv: string[], rest: Partial<CommandWork>]> = [
      [["/no/such/program"], {}],
      [["no-such-program"], {}],
      [["/etc/passwd"], {}],
      [["true"], { cwd: "/no/such" }],
      [["true"], { env: { PATH: "/no/such" } }],
      [[noProgram], {}],
      [[noInterpreter], {}],
    ];
    for (const [argv, rest] of cases) {
      const [staged, direct] = [begin(argv, { ...rest, ...limits }), begin(argv, rest)];
      const message = (ending: { readonly error?: unknown }) => String(ending.error);
      const [first, second] = await Promise.all([staged.execution.ended, direct.execution.ended]);
      expect(first).toMatchObject({ type: "failed", exitCode: null, signal: null });
      expect(message(first as { error: unknown })).toBe(message(second as { error: unknown }));
      expect(message(first as { error: unknown })).toContain(`cannot run ${argv[0]}: `);
    }
    expect(await begin([noInterpreter]).execution.ended).toMatchObject({
      error: { message: `cannot run ${noInterpreter}: its interpreter "/bin/bash\\r" is missing` },
    });
    rmSync(dirname(noProgram), { recursive: true });
  });

  test("a stage that can't be started, or that there is not, is not told as a missing program", async () => {
    const work = workOf(["/bin/true"], limits);
    const messageWith = async (given: typeof stage | null) => {
      const ending = await commandExecutor(work, given).execute(request, { line() {} }).ended;
      return ending.type === "failed" ? String(ending.error) : ending.type;
    };
    expect(await messageWith({ ...stage, executable: "/no/proc/self/exe" })).toContain(
      "it can't be another user or limited here: /no/proc/self/exe can't be started",
    );
    expect(await messageWith(null)).toContain(
      "it can't be another user or limited here: only djob itself can",
    );
  });

  test("it can be ended before it is the program", async () => {
    const { execution } = sh("sleep 1000", limits);
    execution.terminate();
    expect(await execution.ended).toMatchObject({ type: "failed", signal: "SIGKILL" });
  });

  test("arguments and variables may be long", async () => {
    const long = "x".repeat(100_000);
    const { execution, lines } = begin(["printenv", "LONG"], { env: { LONG: long }, ...limits });
    expect(await execution.ended).toMatchObject({ type: "succeeded" });
    expect(lines.join("")).toBe(long);
  });
});

test("one that computes for longer than it may is ended, also if it does not listen", async () => {
  const polite = sh("while :; do :; done", { maxCpuMs: 1_000 });
  const deaf = sh("trap '' XCPU; while :; do :; done", { maxCpuMs: 1_000 });
  expect(await polite.execution.ended).toMatchObject({ type: "failed", signal: "SIGXCPU" });
  expect(await deaf.execution.ended).toMatchObject({ type: "failed", signal: "SIGKILL" });
  expect([...polite.lines, ...deaf.lines]).toEqual([]);
}, 30_000);

test("a grandchild that holds the output does not hold the run", async () => {
  const { execution, lines } = sh("setsid sleep 1000 & echo $!");
  expect(await execution.ended).toMatchObject({ type: "succeeded" });
  process.kill(Number(lines[0]), "SIGKILL");
});

test("hundreds of commands leave no zombie and no descriptor", async () => {
  const dir = mkdtempSync(join(tmpdir(), "djob-"));
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 20; round += 1)
    await Promise.all(Array.from({ length: 20 }, () => sh(`echo x >> ${dir}/count`).execution.ended));
  expect(readFileSync(join(dir, "count"), "utf8")).toHaveLength(800);
  rmSync(dir, { recursive: true });
  await until("descriptors are closed", () => readdirSync("/proc/self/fd").length <= before + 5);
});
