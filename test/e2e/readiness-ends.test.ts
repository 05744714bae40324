// A worker that dies, or never becomes ready: exit 9 within the bound, how it ended and its last log lines are told, and
// nothing is left, also not what the module had started.
import { describe, expect, test } from "bun:test";
import { failToRun, mark, sayLoading, startLoading, writeMarked } from "./failing.ts";
import { workspace } from "./harness.ts";

const oneSecond = ["--ready-timeout", "1s"];

describe("a module that ends its process", () => {
  test.each([
    ["process.kill(process.pid, 'SIGKILL')", "SIGKILL"],
    ["process.kill(process.pid, 'SIGSEGV')", "SIGSEGV"],
    ["process.abort()", "SIGABRT"],
  ])("with %s is told with the signal and its last log lines", async (call, signal) => {
    const space = workspace();
    space.write("worker.ts", `console.log("so far so good");\n${call};\nawait Bun.sleep(60_000);\n`);
    const said = await failToRun(space, ["worker.ts"]);
    const [first, second, third, fourth] = said.split("\n");
    expect(first).toBe(`djob: cannot start worker: it was killed by ${signal} while it was being loaded`);
    expect(second).toBe(`  in ${space.path("worker.ts")}`);
    expect(third).toBe(`the last lines of ${space.state}/worker.log:`);
    expect(fourth).toEndWith("INFO  so far so good");
  });

  test("by having no job and nothing to wait for is told what is missing", async () => {
    const space = workspace();
    space.write("worker.ts", 'console.log("done");\nprocess.exitCode = 0;\n');
    const said = await failToRun(space, ["worker.ts"]);
    expect(said).toContain("there is nothing to do: no job was declared");
    expect(said).toContain(`  in ${space.path("worker.ts")}\nhint: declare one: import { job } from "djob"`);
  });
});

test("a worker that somebody kills while it loads is told with the signal", async () => {
  const space = workspace();
  space.write("worker.ts", `${sayLoading}await Bun.sleep(60_000);\n`);
  const { pid, end } = await startLoading(space, ["worker.ts"]);
  process.kill(pid, "SIGKILL");
  const { code, stderr } = await end();
  expect(code).toBe(9);
  expect(stderr).toContain("it was killed by SIGKILL while it was being loaded");
  expect(space.processes()).toEqual([]);
  expect(space.has("worker.pid") || space.has("worker.sock")).toBe(false);
});

describe("within --ready-timeout a module must become ready,", () => {
  test.each([
    ["though something goes on for ever", "setInterval(() => {}, 1000);\nawait new Promise(() => {});\n"],
    ["though nothing goes on any more", "await new Promise(() => {});\n"],
    ["though it never comes to its end", "while (true) {}\n"],
  ])("%s", async (_what, text) => {
    const space = workspace();
    space.write("worker.ts", `console.log("waiting for the database");\n${text}`);
    const startMs = performance.now();
    const said = await failToRun(space, ["worker.ts", ...oneSecond]);
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    expect(tookMs).toBeLessThan(5_000);
    expect(said).toStartWith(
      `djob: cannot start worker: it was not ready after 1 s\n  in ${space.path("worker.ts")}\nthe last lines of `,
    );
    expect(said).toContain("INFO  waiting for the database\n");
    expect(said).toContain("hint: ready means that every top-level await has settled");
  });
});

/** A child, a detached one, and the orphans of a shell in sessions of their own; none of them ends by itself. */
const startChildren = `
import { spawn } from "node:child_process";
Bun.spawn(["sleep", "1000"]);
spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).unref();
const shell = "trap '' TERM HUP INT; setsid sleep 1000 & setsid sh -c 'sleep 1000 & sleep 1000; :' & echo started";
await Bun.spawn(["sh", "-c", shell], { stdout: "ignore" }).exited;
`;

describe("what a module has started ends with it,", () => {
  test.each([
    ["when it throws", `throw new ${mark}Error("no database");\n`, "Error: no database"],
    ["when it exits", `process.${mark}exit(3);\n`, "process.exit(3) was called"],
    ["when it is killed", `process.kill(process.pid, "SIGKILL");\nawait ${mark}0;`, "killed by SIGKILL"],
    ["when it is not ready in time", `await new ${mark}Promise(() => {});\n`, "it was not ready after 1 s"],
    ["when it never comes to its end", `while (${mark}true) {}\n`, "it was not ready after 1 s"],
  ])("%s", async (_what, text, message) => {
    const space = workspace();
    writeMarked(space, "worker.ts", startChildren + text);
    expect(await failToRun(space, ["worker.ts", ...oneSecond])).toContain(message);
  });
});

describe("the end of the pipe to the launcher is never taken for ready:", () => {
  // Only who looks for it finds it.
  const findPipe = `import { closeSync, readlinkSync, writeSync } from "node:fs";
    const link = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } };
    const pipe = Array.from({ length: 2_000 }, (_, fd) => fd).findLast((fd) => link(fd).startsWith("socket:"));\n`;
  const closePipe = `${findPipe}closeSync(pipe);\n`;

  test("a module that closes or uses the first descriptors disturbs nothing", async () => {
    const space = workspace();
    const close = `import { closeSync, writeSync } from "node:fs"; import { job } from "djob";
      writeSync(4, "ready"); closeSync(4); closeSync(5); job("tick", "every 1h", () => {});`;
    space.write("worker.ts", close);
    await space.run(["worker.ts"]);
    expect((await space.status("worker")).jobs).toHaveLength(1);
  });

  test("a module that closes it and goes on does not start", async () => {
    const space = workspace();
    space.write("worker.ts", `${closePipe}await Bun.sleep(60_000);\n`);
    const said = await failToRun(space, ["worker.ts"]);
    expect(said).toStartWith("djob: cannot start worker: it closed the descriptor through which djob");
    expect(said).toContain("hint: a module must leave descriptors alone that it did not open\n");
  });

  test("nor does one that closes it and would be ready then", async () => {
    const space = workspace();
    space.write("worker.ts", `import { job } from "djob";\njob("tick", "every 1h", () => {});\n${closePipe}`);
    expect(await failToRun(space, ["worker.ts"])).toContain("the descriptor through which djob tells");
  });

  test("nor does one that writes something of its own to it", async () => {
    const space = workspace();
    const write = `${findPipe}writeSync(pipe, "ready\\n");\n`;
    space.write("worker.ts", `${write}await Bun.sleep(60_000);\n`);
    expect(await failToRun(space, ["worker.ts"])).toContain(
      'something else than djob wrote to djob\'s own descriptor: "ready"',
    );
  });

  test("and neither is half of the message, when a worker dies while it tells it", async () => {
    const space = workspace();
    const write = `${findPipe}writeSync(pipe, '{"type":"ready","pid":1,"jobs":0}');\n`;
    space.write("worker.ts", `${write}process.kill(process.pid, "SIGKILL");\nawait Bun.sleep(60_000);\n`);
    expect(await failToRun(space, ["worker.ts"])).toContain("it was killed by SIGKILL");
  });
});

test("only the log lines of this start are shown", async () => {
  const space = workspace();
  const die = 'process.kill(process.pid, "SIGKILL");\nawait Bun.sleep(60_000);\n';
  space.write("worker.ts", `console.log("of the first start");\n${die}`);
  expect(await failToRun(space, ["worker.ts"])).toContain("of the first start");
  space.write("worker.ts", `console.log("of the second start");\n${die}`);
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toContain("of the second start");
  expect(said).not.toContain("of the first start");
});
