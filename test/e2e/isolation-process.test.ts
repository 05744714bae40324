// Runs in a process of their own: native crashes, limits that the kernel holds, and what they start, which ends with them.
import { describe, expect, test } from "bun:test";
import { environmentOf, isAlive, procStatus, until, type Workspace, workerOf, workspace } from "./harness.ts";
import { runsOf, triggered } from "./isolated.ts";
import { childrenOf, descriptorsOf, processStat } from "./proc.ts";

async function start(
  space: Workspace,
  handler: string,
  options = "",
  flags: readonly string[] = [],
): Promise<void> {
  space.write(
    "worker.ts",
    `import { job } from "djob";
job("work", { every: "1h", isolate: "process", ${options} }, async ({ input, log, signal }) => {
  void [input, log, signal];
  ${handler}
});`,
  );
  await space.run(["worker.ts", ...flags]);
}

/** What the handler has written as "NAME NUMBER". */
async function told(space: Workspace, name: string): Promise<number> {
  const [, number] = await until(`it tells ${name}`, () =>
    new RegExp(`\\] ${name} (\\d+)\\n`).exec(space.read("worker.log")),
  );
  return Number(number);
}

const ffi = `const { dlopen } = await import("bun:ffi");`;

test("it is djob's process whatever its module has made of the runtime's own variables", async () => {
  const space = workspace();
  await start(space, "return process.pid;");
  space.write(
    "worker.ts",
    `process.env.BUN_BE_BUN = "1"; process.env.BUN_OPTIONS = "--help"; ${await Bun.file(space.path("worker.ts")).text()}`,
  );
  expect((await space.djob(["run-once", "worker.ts", "work", "--timeout", "20s"])).code).toBe(0);
});

test("a handler in a process has its lines, its result and its state, and nothing of djob's", async () => {
  const space = workspace();
  await start(
    space,
    `log.info("one"); process.stdout.write("two\\n"); Bun.spawnSync(["sh", "-c", "echo three; echo four >/dev/stderr"], { stdio: ["ignore", "inherit", "inherit"] });
  const variables = Bun.spawnSync(["env"]).stdout.toString();
  return { pid: process.pid, parent: process.ppid, variables: variables.split("\\n").filter((each) => /DJOB_(?!DIR|TEST)|BUN_/.test(each)), fds: require("node:fs").readdirSync("/proc/self/fd").length };`,
  );
  const { run, stdout } = await triggered(space, "work");
  const { pid, parent, variables } = run.result as { pid: number; parent: number; variables: string[] };
  expect(run).toMatchObject({ outcome: "succeeded" });
  expect(parent).toBe(await workerOf(space, "worker"));
  expect(variables).toEqual([]);
  await until("its process is gone", () => !isAlive(pid));
  for (const line of ["one", "two", "three", "four"]) expect(stdout).toContain(` INFO  [work] ${line}\n`);
});

test("it is in a session of its own, and its children get no descriptor of djob's", async () => {
  const space = workspace();
  await start(
    space,
    `const child = Bun.spawn(["sleep", "60"]); log.info("child " + child.pid); log.info("own " + process.pid);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));`,
  );
  await space.djob(["trigger", "worker", "work"]);
  const [own, child] = [await told(space, "own"), await told(space, "child")];
  expect(processStat(own)).toMatchObject({ session: own, group: own, terminal: 0 });
  expect(environmentOf(own)["DJOB_STAGE"]).toBe("isolated");
  expect(Object.keys(descriptorsOf(child)).sort()).toEqual(["0", "1", "2"]);
  const others = Object.values(descriptorsOf(own)).filter((target) => /worker\.|djob-|pidfile/.test(target));
  expect(others).toEqual([]);
  expect(procStatus(own).get("Name")).toBe("djob");
});

describe("the end of its process", () => {
  const deadly: ReadonlyArray<
    readonly [what: string, handler: string, expected: { message: string; code?: number; signal?: string }]
  > = [
    [
      "process.exit",
      `process.stdout.write("last of all\\n"); process.exit(3);`,
      { message: "process.exit(3) was called", code: 3 },
    ],
    ["abort", `process.abort();`, { message: "its process was killed by SIGABRT", signal: "SIGABRT" }],
    [
      "kill -9",
      `process.kill(process.pid, "SIGKILL"); await Bun.sleep(60_000);`,
      { message: "its process was killed by SIGKILL", signal: "SIGKILL" },
    ],
    [
      "an uncaught error",
      `setTimeout(() => { throw new RangeError("in a timer"); }, 1); await Bun.sleep(60_000);`,
      { message: "in a timer" },
    ],
  ];
  test("by any of these is the run's alone", async () => {
    const space = workspace();
    const cases = deadly.map(([what, handler]) => `if (input === ${JSON.stringify(what)}) { ${handler} }`);
    await start(space, `log.info("last words"); ${cases.join("\n  ")}\n  return "alive";`);
    for (const [what, , { message, code = null, signal = null }] of deadly) {
      const { run, stdout } = await triggered(space, "work", what);
      expect({ what, ...run }).toMatchObject({
        what,
        outcome: "failed",
        error: { message },
        exitCode: code,
        signal,
      });
      expect(stdout).toContain("last words");
      if (code !== null) expect(stdout).toContain("[work] last of all\n");
    }
    expect((await triggered(space, "work")).run).toMatchObject({ outcome: "succeeded", result: "alive" });
    expect(await space.status("worker")).toMatchObject({ restarts: 0, state: "running" });
  });

  test("by a native crash is the run's alone, and what the runtime has to say is in the log", async () => {
    const space = workspace();
    await start(space, `${ffi} const { read } = await import("bun:ffi"); read.u8(8, 0);`);
    const { run } = await triggered(space, "work");
    expect(run.outcome).toBe("failed");
    expect(run.error?.message).toMatch(/^its process was killed by SIG(SEGV|TRAP|ILL|ABRT)$/);
    expect(space.read("worker.log")).toContain(
      "[work] panic(main thread): Segmentation fault at address 0x8",
    );
    expect(await space.status("worker")).toMatchObject({ restarts: 0, state: "running" });
  });

  test("follows when it closes its way to the worker, and that is told", async () => {
    const space = workspace();
    await start(space, `require("node:fs").closeSync(3); await Bun.sleep(60_000);`);
    const { run } = await triggered(space, "work");
    expect(run).toMatchObject({
      outcome: "failed",
      error: { message: "its process closed descriptor 3, through which djob speaks to it" },
    });
  });

  test("ends what it has started, also if it succeeded", async () => {
    const space = workspace();
    await start(
      space,
      `const child = Bun.spawn(["sh", "-c", "sleep 60 & echo pid $!; wait"], { stdout: "inherit" }); child.unref();
  await Bun.sleep(50); if (input === "die") process.kill(process.pid, "SIGKILL"); await Bun.sleep(50);`,
    );
    for (const input of ["live", "die"]) {
      const { stdout } = await triggered(space, "work", input);
      const pid = Number(/pid (\d+)/.exec(stdout)?.[1]);
      expect(pid).toBeGreaterThan(1);
      await until("the grandchild is gone", () => !isAlive(pid));
    }
  });
});

test("an endless loop is killed graceMs after its timeout", async () => {
  const space = workspace();
  await start(space, `for (;;) {}`, `timeout: "200ms", graceMs: "100ms"`);
  const { run } = await triggered(space, "work");
  expect(run).toMatchObject({
    outcome: "timed-out",
    signal: "SIGKILL",
    error: {
      message: "the run took longer than 200 ms; it did not end by itself, and its process was ended",
    },
  });
});

test("abort reaches the handler with its reason", async () => {
  const space = workspace();
  await start(
    space,
    `await new Promise((_resolve, reject) => signal.addEventListener("abort", () => { console.log("aborted:", signal.reason.name, signal.reason.message); reject(signal.reason); }));`,
    `timeout: "200ms"`,
  );
  const { run, stdout } = await triggered(space, "work");
  expect(run).toMatchObject({ outcome: "timed-out" });
  expect(stdout).toContain("aborted: TimeoutError the run took longer than 200 ms\n");
});

test("its memory is limited, that of its children included", async () => {
  const space = workspace();
  await start(
    space,
    `if (input === "child") { const child = Bun.spawn([process.execPath, "-e", "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));"], { env: { ...process.env, BUN_BE_BUN: "1" } }); await child.exited; await Bun.sleep(60_000); }
  const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));`,
    `maxMemory: "300M"`,
  );
  for (const input of ["own", "child"]) {
    const { run } = await triggered(space, "work", input);
    expect(run).toMatchObject({ outcome: "failed", signal: "SIGKILL" });
    expect(run.error?.message).toMatch(/^it had \S+ of memory, and may have 300M: its process was ended$/);
  }
});

test("its CPU time is limited", async () => {
  const space = workspace();
  await start(space, `for (;;) {}`, `maxCpu: "1s"`);
  const { run } = await triggered(space, "work");
  expect(run).toMatchObject({ outcome: "failed" });
  expect(run.error?.message).toMatch(
    /^its process was killed by SIG(XCPU|KILL): it may have 1 s of CPU time$/,
  );
  const tookMs = Date.parse(run.endedAt ?? "") - Date.parse(run.startedAt ?? "");
  expect(tookMs).toBeGreaterThan(900);
});

const deaths = [
  ["its worker, which is started again", [], "worker"],
  ["a worker that nobody supervises", ["--restart", "never"], "worker"],
] as const;
describe("a SIGKILL of", () => {
  test.each(deaths)("%s ends it as well", async (_what, flags) => {
    const space = workspace();
    await start(space, `log.info("own " + process.pid); for (;;) {}`, `warm: 1`, flags);
    await space.djob(["trigger", "worker", "work"]);
    const own = await told(space, "own");
    const worker = await workerOf(space, "worker");
    const all = childrenOf(worker);
    expect(all).toContain(own);
    process.kill(worker, "SIGKILL");
    await until("all of them are gone", () => !all.some(isAlive));
  });
});

test("a stop and a reload leave none of those that wait", async () => {
  const space = workspace();
  await start(space, `return process.pid;`, `warm: 2`);
  const waiting = async () => {
    const worker = await workerOf(space, "worker");
    return await until("two wait", () => {
      const found = childrenOf(worker);
      return found.length === 2 ? found : null;
    });
  };
  const before = await waiting();
  const { run } = await triggered(space, "work");
  expect(before).toContain(run.result as number);
  await space.djob(["reload", "worker"]);
  const after = await waiting();
  await until("the old ones are gone", () => !before.some(isAlive));
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  expect(after.filter(isAlive)).toEqual([]);
  expect((await runsOf(space, "work")).length).toBe(1);
});
