// djob check: what modules declare, seen in a scratch process of which nothing is left.
import { describe, expect, test } from "bun:test";
import { expectNothingLeft, mark, stateFiles, writeMarked } from "./failing.ts";
import { until, type Workspace, workspace } from "./harness.ts";

const declare = 'import { job } from "djob";\n';

interface CheckDocument {
  readonly modules: readonly string[];
  readonly jobs: ReadonlyArray<{
    readonly name: string;
    readonly schedule: string;
    readonly tz: string | null;
    readonly times: readonly string[];
  }>;
}

async function check(space: Workspace, args: readonly string[]) {
  const result = await space.djob(["check", ...args]);
  expectNothingLeft(space);
  expect(stateFiles(space)).toEqual([]);
  return result;
}

test("jobs are listed with their next five times, and none of them runs", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${declare}job("clean", "0 3 * * *", () => console.log("ran"));
job("report", { cron: "@yearly", tz: "Asia/Tokyo" }, () => {});
job("poll", "every 1ms", () => console.log("ran"));
job("once", "at 2999-01-01T00:00:00Z", () => {});
job("past", "at 2001-01-01T00:00:00Z", () => {});
job("consumer", "always", () => console.log("ran"));\n`,
  );
  const startMs = Date.now();
  const { code, stdout, stderr } = await check(space, ["--json", "--tz", "UTC", "worker.ts"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { modules, jobs }: CheckDocument = JSON.parse(stdout);
  expect(modules).toEqual([space.path("worker.ts")]);
  expect(jobs.map(({ name, schedule, tz, times }) => [name, schedule, tz, times.length])).toEqual([
    ["clean", "0 3 * * *", null, 5],
    ["report", "@yearly", "Asia/Tokyo", 5],
    ["poll", "every 1ms", null, 5],
    ["once", "at 2999-01-01T00:00:00.000Z", null, 1],
    ["past", "at 2001-01-01T00:00:00.000Z", null, 0],
    ["consumer", "always", null, 0],
  ]);
  const [clean, report, , once] = jobs;
  expectFollowing(clean?.times ?? [], startMs, 24 * 3_600_000);
  for (const time of clean?.times ?? []) expect(time).toEndWith("T03:00:00.000Z");
  for (const time of report?.times ?? []) expect(time).toEndWith("-12-31T15:00:00.000Z");
  expect(once?.times).toEqual(["2999-01-01T00:00:00.000Z"]);
});

test("people get a table", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${declare}job("once", "at 2999-01-01T00:00:00Z", () => {});\njob("on", "always", () => {});\n`,
  );
  const { code, stdout, stderr } = await check(space, ["worker.ts"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [first, once, always] = stdout.split("\n");
  expect(first).toBe(`✔ ${space.path("worker.ts")}: 2 jobs`);
  expect(once).toMatch(/^ {2}once {2}at 2999-01-01T00:00:00.000Z {2}2999-01-01T00:00:00\+00:00$/);
  expect(always).toMatch(/^ {2}on {4}always {23}at once$/);
});

test("numbers that may be meant as seconds, and a TZ that is no zone, are told", async () => {
  const space = workspace();
  space.write("worker.ts", `${declare}job("a", { cron: "@daily", timeout: 30 }, () => {});\n`);
  const warningsOf = async (...args: string[]): Promise<string[]> =>
    JSON.parse((await check(space, ["worker.ts", "--json", ...args])).stdout).warnings;
  const milliseconds = 'the job "a" has timeout: 30, which is milliseconds: for seconds write "30s"';
  expect(await warningsOf("--tz", "Europe/Berlin")).toEqual([milliseconds]);
  const misread = expect.stringContaining('TZ is "CET-1CEST", which is no time zone');
  expect(await warningsOf("--env", "TZ=CET-1CEST")).toEqual([milliseconds, misread]);
  await space.run(["worker.ts", "--env", "TZ=CET-1CEST"]);
  expect(space.read("worker.log")).toContain(' WARN  TZ is "CET-1CEST", which is no time zone');
  expect(space.read("worker.log")).not.toContain("milliseconds");
});

test("what modules print goes to standard error", async () => {
  const space = workspace();
  space.write("worker.ts", `${declare}console.log("printed");\njob("idle", "every 1h", () => {});\n`);
  const { code, stdout, stderr } = await check(space, ["--json", "worker.ts"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "printed\n" });
  expect(JSON.parse(stdout).jobs).toHaveLength(1);
});

test("what modules have started ends with the scratch process", async () => {
  const space = workspace();
  const start = 'Bun.spawn(["sleep", "1000"]);\nBun.spawn(["setsid", "sleep", "1000"]);\n';
  space.write(
    "worker.ts",
    `${declare}${start}setInterval(() => {}, 1);\njob("idle", "every 1h", () => {});\n`,
  );
  expect((await check(space, ["worker.ts"])).code).toBe(0);
});

test("a running daemon is not disturbed by a check of its module", async () => {
  const space = workspace();
  space.write("worker.ts", `${declare}job("idle", "every 1h", () => {});\n`);
  const pid = await space.run(["worker.ts"]);
  expect((await space.djob(["check", "worker.ts"])).code).toBe(0);
  expect(await space.status("worker")).toMatchObject({ state: "running", pid });
});

test("a server is not started, and a plain script is told as such", async () => {
  const space = workspace();
  using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("mine") });
  space.write("web.ts", `export default { port: ${taken.port}, fetch: () => new Response("hello") };\n`);
  space.write("script.ts", "setInterval(() => {}, 1000);\n");
  for (const module of ["web.ts", "script.ts"]) {
    const { code, stdout } = await check(space, [module]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `✔ ${space.path(module)}: no jobs, but the module stays alive\n`,
    });
  }
});

describe("a module that can't be loaded is told with exit 9:", () => {
  test.each([
    ["a throw", `\nthrow new ${mark}Error("no database");\n`, "Error: no database"],
    [
      "a mistake in job()",
      `${declare}${mark}job("a", "61 * * * *", () => {});\n`,
      "cannot use the cron expression",
    ],
    [
      "process.exit",
      `process.${mark}exit(0);\n`,
      "process.exit(0) was called while the module was being loaded",
    ],
    ["an unhandled rejection", `void Promise.reject(new ${mark}Error("lost"));\n`, "Error: lost"],
  ])("%s", async (_what, text, message) => {
    const space = workspace();
    const place = writeMarked(space, "worker.ts", text);
    const { code, stdout, stderr } = await check(space, ["worker.ts"]);
    expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`\n  at ${place}\n`);
    const json = await check(space, ["--json", "worker.ts"]);
    expect({ code: json.code, stderr: json.stderr }).toEqual({ code: 9, stderr: "" });
    expect(JSON.parse(json.stdout)).toEqual({
      error: { code: 9, message: expect.stringContaining(place), hint: null },
    });
  });

  test("a file that is not there", async () => {
    const space = workspace();
    const { code, stderr } = await check(space, ["worker.ts"]);
    expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining("there is no such file") });
  });

  test("nothing to do", async () => {
    const space = workspace();
    space.write("worker.ts", "export const nothing = 0;\n");
    const { code, stderr } = await check(space, ["worker.ts"]);
    expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining("there is nothing to do") });
  });

  test("a kill", async () => {
    const space = workspace();
    space.write("worker.ts", 'process.kill(process.pid, "SIGKILL");\nawait Bun.sleep(60_000);\n');
    const { code, stderr } = await check(space, ["worker.ts"]);
    expect({ code, stderr }).toEqual({
      code: 9,
      stderr: expect.stringContaining("it was killed by SIGKILL"),
    });
  });

  test.each([
    ["a top-level await that never settles", "await new Promise(() => {});\n"],
    ["a loop without an end", "while (true) {}\n"],
  ])("%s", async (_what, text) => {
    const space = workspace();
    space.write("worker.ts", text);
    const { code, stderr } = await check(space, ["--ready-timeout", "500ms", "worker.ts"]);
    expect({ code, stderr }).toEqual({
      code: 9,
      stderr: expect.stringContaining("it was not ready after 0.5 s"),
    });
  });
});

test("a check that is killed leaves its scratch process for the rest of its time only", async () => {
  const space = workspace();
  const going = space.path("going");
  const text = `await Bun.write(${JSON.stringify(going)}, "");\nawait new Promise(() => {});\n`;
  space.write("worker.ts", text);
  const checker = space.start(["check", "--ready-timeout", "2s", "worker.ts"]);
  await until("the module is being loaded", () => Bun.file(going).exists());
  checker.kill("SIGKILL");
  await checker.exited;
  await until("the scratch process has ended", () => space.processes().length === 0);
});

function expectFollowing(times: readonly string[], startMs: number, stepMs: number): void {
  const first = Date.parse(times[0] ?? "");
  expect(first).toBeGreaterThan(startMs);
  expect(first).toBeLessThanOrEqual(startMs + stepMs + 60_000);
  times.forEach((time, index) => {
    expect(Date.parse(time)).toBe(first + index * stepMs);
  });
}
