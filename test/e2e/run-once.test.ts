// djob run-once: one job, now, in this terminal; its result and how it ended; and nothing that is left of it.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { expectNothingLeft, mark, stateFiles, writeMarked } from "./failing.ts";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const declare = 'import { hooks, job } from "djob";\n';

function worker(text: string): Workspace {
  const space = workspace();
  space.write("worker.ts", declare + text);
  return space;
}

async function once(space: Workspace, args: readonly string[], env: Record<string, string> = {}) {
  const result = await space.djob(["run-once", ...args], { env });
  expectNothingLeft(space);
  expect(stateFiles(space)).toEqual([]);
  return result;
}

describe("a job that succeeds", () => {
  test("its result is on standard output, what it says is as it says it, and the rest is on standard error", async () => {
    const space = worker(`hooks({ onSuccess: () => console.log("a hook ran") });
job("other", { every: "1ms", ping: "http://127.0.0.1:1/" }, () => console.log("another job ran"));
job("consumer", "always", () => console.log("another job ran"));
job("report", "@daily", ({ input, log, name, trigger }) => {
  console.log("printed", { a: 1 });
  console.error("complained");
  log.info("logged", { b: 2 });
  log.warn("warned");
  return { input, name };
});
setInterval(() => {}, 1000);\n`);
    const { code, stdout, stderr } = await once(space, ["worker.ts", "report", "--input", '{"day":1}']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      'printed {\n  a: 1,\n}\nlogged { b: 2 }\n{\n  "input": {\n    "day": 1\n  },\n  "name": "report"\n}\n',
    );
    expect(stderr).toMatch(/^complained\nwarned\n✔ report@\S+Z succeeded after \d+ms\n$/);
  });

  test("with --json there is one document, and what it says is on standard error", async () => {
    const space = worker(`job("report", "@daily", ({ state, lastSuccess, attempt, id }) => {
  console.log("printed");
  return [state ?? "no state", lastSuccess, attempt, id, "x".repeat(10_000)];
});\n`);
    const { code, stdout, stderr } = await once(space, ["worker.ts", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "printed\n" });
    const run = JSON.parse(stdout);
    expect(run).toMatchObject({
      job: "report",
      outcome: "succeeded",
      trigger: "manual",
      attempt: 1,
      error: null,
    });
    expect(run.result).toEqual(["no state", null, 1, run.id, "x".repeat(10_000)]);
    expect(run.id).toBe(`report@${run.scheduledAt}`);
  });

  test("it is in the surroundings of djob run", async () => {
    const space = worker(`import { readFileSync } from "node:fs";
job("tell", "@daily", () => [process.cwd(), process.env.TZ, process.env.GREETING, process.env.FROM_FILE, process.env.TERM ?? null,
  process.env.DJOB_STAGE ?? null, import.meta.main, process.argv.length, process.umask(), readFileSync(0, "utf8")]);\n`);
    space.write("vars", "FROM_FILE=yes\n");
    const flags = ["--tz", "Asia/Tokyo", "--env", "GREETING=hello", "--env-file", "vars", "--chdir", "."];
    const { stdout } = await once(space, ["worker.ts", "tell", ...flags], { TERM: "xterm" });
    expect(JSON.parse(stdout)).toEqual([
      space.dir,
      "Asia/Tokyo",
      "hello",
      "yes",
      null,
      null,
      true,
      2,
      0o022,
      "",
    ]);
    expect(JSON.parse((await once(space, ["worker.ts"])).stdout)[0]).toBe("/");
  });

  test("one that returns nothing prints nothing; several modules may be given", async () => {
    const space = worker('job("first", "@daily", () => {});\n');
    space.write("second.ts", `${declare}job("second", "@daily", () => "of two");\n`);
    expect((await once(space, ["worker.ts", "first"])).stdout).toBe("");
    expect((await once(space, ["worker.ts", "second.ts", "second"])).stdout).toBe('"of two"\n');
  });

  test("what it prints and returns reaches its reader whole, however much it is", async () => {
    const space = worker(`job("large", "@daily", () => {
  console.log("x".repeat(1_000_000));
  process.stdout.write("x".repeat(1_000_000));
  return "x".repeat(1_000_000);
});\n`);
    const { stdout } = await once(space, ["worker.ts"]);
    expect(stdout.replaceAll("x", "").length).toBe(4);
    expect(stdout.length).toBe(3_000_004);
  });

  test("a command's lines are printed, and what it leaves behind is ended", async () => {
    const space =
      worker(`job("sh", { every: "1d", sh: "setsid sleep 1000 >/dev/null 2>&1 & echo $DJOB_JOB" });
job("spawns", "@daily", () => { Bun.spawn(["setsid", "sleep", "1000"]); });\n`);
    expect(await once(space, ["worker.ts", "sh"])).toMatchObject({ code: 0, stdout: "sh\n" });
    expect(await once(space, ["worker.ts", "spawns"])).toMatchObject({ code: 0, stdout: "" });
  });

  test("a crontab's line, and a command with a limit", async () => {
    const space = worker('job("limited", { every: "1d", sh: "ulimit -t", maxCpu: "60s" });');
    space.write("crontab", "GREETING=hello\n@daily echo $GREETING; cat%there\n");
    const line = await once(space, ["crontab"]);
    expect({ code: line.code, stdout: line.stdout }).toEqual({ code: 0, stdout: "hello\nthere\n" });
    const limited = await once(space, ["worker.ts"]);
    expect({ code: limited.code, stdout: limited.stdout }).toEqual({ code: 0, stdout: "60\n" });
    space.write("crontab", "@daily true\n61 * * * * x\n");
    const bad = await once(space, ["crontab"]);
    expect({ code: bad.code, stderr: bad.stderr }).toEqual({
      code: 9,
      stderr: expect.stringContaining("crontab:2:1"),
    });
  });

  test("a running daemon of the same module is not disturbed", async () => {
    const space = worker(
      'job("count", "@yearly", (context) => { context.state = (context.state ?? 0) + 1; return context.state; });\n',
    );
    const pid = await space.run(["worker.ts"]);
    for (let run = 0; run < 2; run += 1)
      expect((await space.djob(["run-once", "worker.ts", "count"])).stdout).toBe("1\n");
    expect(await space.status("worker")).toMatchObject({ state: "running", pid });
    expect(JSON.parse((await space.djob(["runs", "worker", "--json"])).stdout)).toEqual([]);
  });
});

describe("a job that does not succeed is exit code 1:", () => {
  test("a throw, with its stack, after all its attempts", async () => {
    const space = workspace();
    const text = `${declare}job("flaky", { every: "1h", retry: { attempts: 2, delay: 10 } }, () => {\n  throw new ${mark}TypeError("no luck");\n});\n`;
    const place = writeMarked(space, "worker.ts", text);
    const { code, stdout, stderr } = await once(space, ["worker.ts"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("attempt 1 of the run failed");
    expect(stderr).toContain("attempt 2 of the run failed: TypeError: no luck\n");
    expect(stderr).toContain(place.replace(/:\d+$/, ""));
    expect(stderr).toMatch(/\n✖ flaky@\S+ failed after \S+: TypeError: no luck\n$/);
    const json = await once(space, ["worker.ts", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      outcome: "failed",
      attempt: 2,
      error: { name: "TypeError" },
    });
  });

  test.each([
    [
      "one that heeds its signal",
      "({ signal }) => new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)))",
    ],
    ["one that does not", "() => new Promise(() => {})"],
    ["one that blocks the event loop", "() => { for (;;); }"],
  ])("a timeout, of %s", async (_what, handler) => {
    const space = worker(`job("slow", { every: "1h", graceMs: 100 }, ${handler});\n`);
    const { code, stdout } = await once(space, ["worker.ts", "--timeout", "100ms", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "timed-out", error: { name: "TimeoutError" } });
  });

  test("a timeout does not hold between two attempts", async () => {
    const space =
      worker(`job("flaky", { every: "1h", graceMs: 0, timeout: "100ms", retry: { attempts: 2, delay: "700ms", jitter: 0 } }, ({ attempt }) => {
  if (attempt === 1) throw new Error("once");
  return attempt;
});\n`);
    expect(await once(space, ["worker.ts"])).toMatchObject({ code: 0, stdout: "2\n" });
  });

  test.each([
    ["process.exit", "process.exit(0)", "its process ended with exit code 0"],
    [
      "an uncaught exception",
      "{ setTimeout(() => { throw new Error('lost'); }, 1); return Bun.sleep(60_000); }",
      "exit code 1",
    ],
    ["a kill", "process.kill(process.pid, 'SIGKILL')", "its process was killed by SIGKILL"],
  ])("%s", async (_what, body, how) => {
    const space = worker(`job("ends", "@daily", () => ${body});\n`);
    const { code, stdout } = await once(space, ["worker.ts", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: "interrupted",
      error: { message: expect.stringContaining(how) },
    });
  });

  test("a command, whatever its own code is", async () => {
    const space = worker('job("sh", { every: "1d", sh: "exit 9" });\n');
    const { code, stdout } = await once(space, ["worker.ts", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "failed", exitCode: 9 });
  });
});

describe("what is typed", () => {
  const slow = `import { writeFileSync } from "node:fs";
job("slow", { every: "1h" }, async ({ signal }) => {
  writeFileSync("begun", "");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  console.log("aborted");
  if (process.env.DEAF) await Bun.sleep(60_000);
  signal.throwIfAborted();
});\n`;

  /** In a process group of its own, as a shell starts it. */
  async function begin(space: Workspace, env: Record<string, string> = {}) {
    const child = Bun.spawn([djobPath, "run-once", "worker.ts", "slow", "--chdir", space.dir], {
      cwd: space.dir,
      env: space.environment(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    await until("the job runs", () => existsSync(space.path("begun")));
    return child;
  }

  test("Ctrl-C, which a terminal sends to the whole group, aborts the run", async () => {
    const space = worker(slow);
    const child = await begin(space);
    process.kill(-child.pid, "SIGINT");
    expect(await child.stdout.text()).toBe("aborted\n");
    expect(await child.stderr.text()).toMatch(/^✖ slow@\S+ cancelled after \S+\n$/);
    expect(await child.exited).toBe(1);
    expectNothingLeft(space);
  });

  test("a second one ends it now, with 130, also a TERM sent to the one process that is known", async () => {
    const space = worker(slow);
    const child = await begin(space, { DEAF: "1" });
    child.kill("SIGTERM");
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("aborted\n");
    // Signals that come at once are one.
    await until("it ends", () => {
      if (child.exitCode === null) process.kill(-child.pid, "SIGINT");
      return child.exitCode !== null;
    });
    expect(child.exitCode).toBe(130);
    expectNothingLeft(space);
  });

  test("before the job runs, one ends it", async () => {
    const space = worker(
      'await Bun.write("loading", "");\nawait new Promise(() => setInterval(() => {}, 1000));\n',
    );
    const child = space.start(["run-once", "worker.ts", "--chdir", space.dir]);
    await until("the module is being loaded", () => existsSync(space.path("loading")));
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    expectNothingLeft(space);
  });

  test("if it is killed itself, the run ends with it", async () => {
    const space = worker(slow);
    const child = await begin(space);
    child.kill("SIGKILL");
    await child.exited;
    await until("nothing is left", () => space.processes().length === 0);
  });
});

test("--input - takes it from standard input, so that it stands in no command line", async () => {
  const space = worker('job("echo", "@daily", ({ input }) => input);');
  const child = Bun.spawn([djobPath, "run-once", "worker.ts", "echo", "--input", "-"], {
    cwd: space.dir,
    env: space.environment(),
    stdin: new Blob(['{"token":"secret"}\n']),
    stdout: "pipe",
    stderr: "ignore",
  });
  expect(JSON.parse(await child.stdout.text())).toEqual({ token: "secret" });
  expect(await child.exited).toBe(0);
});

describe("what can't be run", () => {
  test("a job that there is not is exit code 2, with the nearest; so is none where there are several", async () => {
    const space = worker('job("report", "@daily", () => {});\njob("sweep", "@daily", () => {});\n');
    const unknown = await once(space, ["worker.ts", "reprot"]);
    expect(unknown).toMatchObject({ code: 2, stdout: "" });
    expect(unknown.stderr).toContain('cannot run the job "reprot": the modules declare no such job');
    expect(unknown.stderr).toContain('did you mean "report"? Their jobs: report, sweep');
    const none = await once(space, ["worker.ts"]);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("name one of them after the modules: report, sweep");
    const json = await once(space, ["worker.ts", "x", "--json"]);
    expect(JSON.parse(json.stdout).error).toMatchObject({ code: 2, hint: expect.stringContaining("report") });
  });

  test("a module without jobs, input that is no JSON, and a module that is not there", async () => {
    const space = worker("setInterval(() => {}, 1000);\n");
    expect((await once(space, ["worker.ts"])).stderr).toContain("the modules declare none");
    expect(await once(space, ["worker.ts", "a", "--input", "{"])).toMatchObject({ code: 2 });
    const long = await once(space, ["worker.ts", "a", "--input", JSON.stringify("x".repeat(70_000))]);
    expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining("its --input is too long") });
    expect(await once(space, ["none.ts", "a"])).toMatchObject({ code: 9 });
  });

  test("a module that can't be loaded is exit code 9, with its place", async () => {
    const space = workspace();
    const place = writeMarked(space, "worker.ts", `\nthrow new ${mark}Error("no database");\n`);
    const { code, stdout, stderr } = await once(space, ["worker.ts", "report"]);
    expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
    expect(stderr).toContain(`Error: no database\n  at ${place}\n`);
    space.write("worker.ts", "while (true) {}\n");
    const late = await once(space, ["worker.ts", "report", "--ready-timeout", "200ms"]);
    expect(late).toMatchObject({ code: 9, stderr: expect.stringContaining("it was not ready after 0.2 s") });
  });
});
