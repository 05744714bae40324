// Commands as runs: real processes, their surroundings, their ends, and that nothing of them is left.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commandExecutor } from "../../../src/runtime/command/executor.ts";
import type { CommandWork } from "../../../src/runtime/job.ts";
import { isAlive, until } from "../../e2e/harness.ts";
import { scratch } from "../../scratch.ts";
import { begin, request, sh, stage, workOf } from "./commands.ts";

test("without an input of its own it has not that of the run that its daemon was started by", async () => {
  const line = "printenv DJOB_INPUT || echo none";
  process.env["DJOB_INPUT"] = "stale";
  try {
    const { execution, lines } = begin(["/bin/sh", "-c", line], {}, { ...request, input: undefined });
    await execution.ended;
    expect(lines).toEqual(["none"]);
    const own = sh(line);
    await own.execution.ended;
    expect(own.lines).toEqual(['{"full":true}']);
  } finally {
    delete process.env["DJOB_INPUT"];
  }
});

test.each([[{}], [{ maxCpuMs: 60_000 }]])(
  "of a daemon whose directory was removed, as %p, it says so",
  async (rest) => {
    const before = process.cwd();
    const gone = scratch("gone");
    process.chdir(gone);
    rmSync(gone, { recursive: true });
    try {
      const { error } = (await sh("true", rest).execution.ended) as { error?: Error };
      expect(error?.message).toBe("cannot run /bin/sh: the daemon's own directory is not there any more");
    } finally {
      process.chdir(before);
    }
  },
);

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

test("hundreds of commands leave no zombie and no descriptor", async () => {
  const dir = mkdtempSync(join(tmpdir(), "djob-"));
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 20; round += 1)
    await Promise.all(Array.from({ length: 20 }, () => sh(`echo x >> ${dir}/count`).execution.ended));
  expect(readFileSync(join(dir, "count"), "utf8")).toHaveLength(800);
  rmSync(dir, { recursive: true });
  await until("descriptors are closed", () => readdirSync("/proc/self/fd").length <= before + 5);
});
