// djob test, and plain bun test beside node_modules/djob: a user's tests of jobs, from an empty directory and nothing but djob.
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { djobPath, type Result, until, type Workspace, workspace } from "./harness.ts";

const root = join(import.meta.dir, "../..");

const worker = `import { job } from "djob";
import { croner } from "./lib.ts";

job("cleanup", "*/5 * * * *", async ({ input, log }) => {
  log.info("cleaning up", { days: (input as { days: number } | undefined)?.days });
  return new Date().toISOString();
});
job("last", croner, () => "last day of the month");
job("spawns", { every: "1d", sh: "$DJOB version; echo $BUN_BE_BUN." });
`;

const tests = `import { expect } from "bun:test";
import { test } from "djob/testing";

test("cleanup cleans up", "./worker.ts", { now: "2026-03-29T00:58:00Z" }, async ({ runJob, runs, clock }) => {
  const run = await runJob("cleanup", { input: { days: 3 } });
  expect(run.outcome).toBe("succeeded");
  expect(run.lines.map(({ message }) => message)).toEqual(["cleaning up { days: 3 }"]);
  await clock.advance("10m");
  expect(runs("cleanup").map(({ result }) => result)).toEqual([
    "2026-03-29T00:58:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-29T01:05:00.000Z",
  ]);
  await clock.set("2026-04-01T00:00:00Z");
  expect(runs("last").map(({ result }) => result)).toEqual(["last day of the month"]);
});

test("what a job starts is not in bun's place", "./worker.ts", async ({ runJob }) => {
  const { lines } = await runJob("spawns");
  expect(lines[0]?.message).toStartWith("djob ");
  expect(lines[1]?.message).toBe(".");
});

test.${"skip"}("not yet", "./worker.ts", () => {});
`;

function project(): Workspace {
  const space = workspace();
  space.write("lib.ts", 'export const croner = "0 0 L * *";\n');
  space.write("worker.ts", worker);
  space.write("worker.test.ts", tests);
  mkdirSync(space.path("tmp"));
  return space;
}

/** Only what a bare machine has. @returns and what its temporary directory has is nothing */
async function djobTest(space: Workspace, args: readonly string[] = []): Promise<Result> {
  const env = { TMPDIR: space.path("tmp"), DJOB: djobPath };
  const result = await space.djob(["test", ...args], { env });
  expect(readdirSync(space.path("tmp"))).toEqual([]);
  expect(space.processes()).toEqual([]);
  return result;
}

describe("djob test", () => {
  test("runs tests with nothing installed, and leaves nothing behind", async () => {
    const space = project();
    const { code, stderr } = await djobTest(space);
    expect(stderr).toContain(" 2 pass\n 1 skip\n 0 fail\n");
    expect(code).toBe(0);
    expect(readdirSync(space.dir).sort()).toEqual(["lib.ts", "tmp", "worker.test.ts", "worker.ts"]);
  });

  test("hands on the flags of bun test, and its exit code", async () => {
    const space = project();
    space.write(
      "other.test.ts",
      'import { test } from "djob/testing";\ntest("fails", "./worker.ts", ({ runJob }) => runJob("clean"));\n',
    );
    const some = await djobTest(space, ["worker.test", "-t", "cleanup", "--timeout", "4000"]);
    expect(some.code).toBe(0);
    expect(some.stderr).toContain(" 1 pass\n");
    const all = await djobTest(space);
    expect(all.code).toBe(1);
    expect(all.stderr).toContain('there is no job "clean": did you mean "cleanup"?');
    expect(all.stderr).toContain("(fail) fails");
    expect((await djobTest(space, ["--parallel=2", "worker.test"])).code).toBe(0);
  });

  test("a module that can't be loaded fails its test, with its place; a test that hangs ends, and the next one goes on", async () => {
    const space = workspace();
    mkdirSync(space.path("tmp"));
    space.write("broken.ts", 'import { job } from "djob";\njob("poll", { evry: "10s" }, () => {});\n');
    space.write(
      "fine.ts",
      'import { job } from "djob";\njob("poll", "always", () => new Promise(() => {}));\n',
    );
    space.write(
      "a.test.ts",
      `import { test } from "djob/testing";
test("broken", "./broken.ts", () => {});
test("hangs", "./fine.ts", { timeout: 100 }, ({ runJob }) => runJob("poll"));
test("fine", "./fine.ts", ({ clock }) => clock.advance("1h"));
test("missing", "left-pad.ts", () => {});\n`,
    );
    const { code, stderr } = await djobTest(space);
    expect(code).toBe(1);
    expect(stderr).toContain(`there is no option "evry"\n  at ${space.path("broken.ts")}:2:1`);
    expect(stderr).toContain("this test timed out after 100ms");
    expect(stderr).toContain(" 1 pass\n 3 fail\n");
  });

  test("a package that is missing is never downloaded", async () => {
    const space = workspace();
    mkdirSync(space.path("tmp"));
    space.write("a.test.ts", 'import "is-odd";\n');
    expect((await djobTest(space)).stderr).toContain("Cannot find package 'is-odd'");
  });

  test("a TERM ends the tests, and nothing is left", async () => {
    const space = workspace();
    mkdirSync(space.path("tmp"));
    space.write(
      "a.test.ts",
      'import { test } from "bun:test";\ntest("waits", async () => { await Bun.write("begun", ""); await Bun.sleep(60_000); }, 60_000);\n',
    );
    const child = space.start(["test"], { env: { TMPDIR: space.path("tmp") } });
    await until("the test runs", () => existsSync(space.path("begun")));
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    expect(readdirSync(space.path("tmp"))).toEqual([]);
  });
});

describe("djob types --install", () => {
  test("lets plain bun test find djob, and a type-checker its types", async () => {
    const space = project();
    const installed = await space.djob(["types", "--install"]);
    expect(installed).toMatchObject({ code: 0, stdout: `✔ wrote ${space.path("node_modules/djob")}\n` });
    const bun = call(space, [process.execPath, "test"], { DJOB: djobPath });
    expect(bun.stderr).toContain(" 2 pass\n 1 skip\n 0 fail\n");
    space.write(
      "wrong.test.ts",
      'import { test } from "djob/testing";\ntest("x", "./worker.ts", ({ runJobs }) => runJobs);\n',
    );
    typeCheck(space, [
      "wrong.test.ts(2,29): error TS2339: Property 'runJobs' does not exist on type 'JobTest'.",
    ]);
  });

  test("a daemon beside it is run by djob itself, and a module by nobody else", async () => {
    const space = project();
    await space.djob(["types", "--install"]);
    await space.run(["worker.ts"]);
    expect((await space.status("worker")).jobs).toHaveLength(3);
    const bun = call(space, [process.execPath, "worker.ts"], { NODE_ENV: "production" });
    expect(bun.stderr).toContain("jobs are run by djob: djob run worker.ts");
  });

  test("it renews its own package, and touches no other", async () => {
    const space = workspace();
    await space.djob(["types", "--install"]);
    space.write("node_modules/djob/old.js", "");
    await space.djob(["types", "--install"]);
    expect(existsSync(space.path("node_modules/djob/old.js"))).toBe(false);
    space.write("node_modules/djob/package.json", '{ "name": "djob", "version": "9.9.9" }');
    const { code, stderr } = await space.djob(["types", "--install"]);
    expect(code).toBe(1);
    expect(stderr).toContain("there is a package djob that this command did not make");
    expect(readFileSync(space.path("node_modules/djob/package.json"), "utf8")).toContain("9.9.9");
  });
});

test("djob types prints both modules' declarations, which a type-checker takes", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    'import { job } from "djob";\njob("a", "@daily", ({ input, signal }) => [input, signal.aborted]);\n',
  );
  space.write(
    "a.test.ts",
    'import { test } from "djob/testing";\ntest("a", "./worker.ts", async ({ runJob }) => runJob("a", {}, 1));\n',
  );
  space.write("djob.d.ts", (await space.djob(["types"])).stdout);
  // What a browser has is all that they need: AbortSignal.
  expect(typeErrors(space, { types: [], lib: ["esnext", "dom"] })).toEqual([
    "a.test.ts(2,64): error TS2554: Expected 1-2 arguments, but got 3.",
  ]);
});

/** With nothing but what a user's project has: bun-types, and what djob has put there. */
function typeCheck(space: Workspace, expected: readonly string[]): void {
  for (const name of ["bun-types", "@types", "undici-types"])
    symlinkSync(join(root, "node_modules", name), space.path(`node_modules/${name}`));
  expect(typeErrors(space, { types: ["bun-types"], skipLibCheck: true })).toEqual([...expected]);
}

function typeErrors(space: Workspace, options: object): readonly string[] {
  const usual = {
    target: "esnext",
    module: "preserve",
    moduleResolution: "bundler",
    noEmit: true,
    strict: true,
  };
  const compilerOptions = { ...usual, allowImportingTsExtensions: true, ...options };
  space.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { stdout } = call(space, [process.execPath, join(root, "node_modules/.bin/tsc"), "-p", "."]);
  return stdout.split("\n").filter((line) => line !== "");
}

function call(space: Workspace, command: readonly string[], env: Record<string, string> = {}) {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command], {
    cwd: space.dir,
    env: space.environment(env),
  });
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

test("a crontab's lines are jobs in a test, too, and a command may be limited", async () => {
  const space = workspace();
  mkdirSync(space.path("tmp"));
  space.write("crontab", "GREETING=hello\n0 9 * * * echo $GREETING; cat%there\n");
  space.write(
    "limited.ts",
    'import { job } from "djob"; job("limited", { every: "1d", sh: "ulimit -t", maxCpu: "60s" });',
  );
  space.write(
    "jobs.test.ts",
    `import { expect } from "bun:test";
import { test } from "djob/testing";

test("both", ["./crontab", "./limited.ts"], async ({ jobs, runJob }) => {
  const lines = async (name) => (await runJob(name)).lines.map(({ message }) => message);
  expect(await lines(jobs[0].name)).toEqual(["hello", "there"]);
  expect(await lines("limited")).toEqual(["60"]);
});
`,
  );
  const { code, stderr } = await djobTest(space);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("1 pass") });
});
