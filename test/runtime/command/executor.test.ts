// Commands as runs: real processes, their output, their ends, and that nothing of them is left.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandExecutor } from "../../../src/runtime/command/executor.ts";
import { longestLineBytes } from "../../../src/runtime/command/lines.ts";
import type { CommandWork, Limits } from "../../../src/runtime/job.ts";
import type { RunRequest } from "../../../src/runtime/running/execution.ts";
import { isAlive, until } from "../../e2e/harness.ts";

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

function begin(argv: readonly string[], rest: Partial<CommandWork & Limits> = {}) {
  const work: CommandWork & Limits = {
    type: "command",
    argv,
    env: {},
    cwd: null,
    stdin: null,
    maxMemoryBytes: null,
    maxCpuMs: null,
    ...rest,
  };
  const lines: string[] = [];
  const execution = commandExecutor(work).execute(request, { line: (_level, text) => void lines.push(text) });
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
