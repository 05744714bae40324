// What becomes of a start when its launcher is interrupted or killed, and of one that has no launcher: in the foreground.
import { describe, expect, test } from "bun:test";
import { expectNothingLeft, mark, sayLoading, startLoading, stateFiles, writeMarked } from "./failing.ts";
import { until, type Workspace, workspace } from "./harness.ts";
import { processStat } from "./proc.ts";

describe("a launcher that waits", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("ends everything on %s", async (signal) => {
    const space = workspace();
    const child = 'Bun.spawn(["setsid", "sleep", "1000"]);\n';
    space.write("worker.ts", `${child}${sayLoading}await Bun.sleep(60_000);\n`);
    const { launcher, end } = await startLoading(space, ["worker.ts"]);
    launcher.kill(signal);
    const { code, stdout, stderr } = await end();
    expect({ code, stdout }).toEqual({ code: 9, stdout: "" });
    expect(stderr).toStartWith(`djob: cannot start worker: interrupted by ${signal} before it was ready\n`);
    expectNothingLeft(space);
  });

  test("ends everything also when it is interrupted over and over", async () => {
    const space = workspace();
    space.write("worker.ts", `Bun.spawn(["sleep", "1000"]);\n${sayLoading}while (true) {}\n`);
    const { launcher, end } = await startLoading(space, ["worker.ts"]);
    while (launcher.exitCode === null && launcher.signalCode === null) {
      launcher.kill("SIGINT");
      await Bun.sleep(1);
    }
    expect((await end()).code).toBe(9);
    expectNothingLeft(space);
  });
});

describe("a launcher that is killed", () => {
  test("leaves no worker that becomes ready without anybody knowing", async () => {
    const space = workspace();
    const gate = space.path("gate");
    const wait = `while (!(await Bun.file(${JSON.stringify(gate)}).exists())) await Bun.sleep(5);\n`;
    const declare = 'import { job } from "djob";\njob("tick", "every 10ms", () => console.log("ticked"));\n';
    space.write("worker.ts", declare + sayLoading + wait);
    const { launcher, pid } = await startLoading(space, ["worker.ts"]);
    launcher.kill("SIGKILL");
    await launcher.exited;
    const { parent } = processStat(pid);
    expect(space.processes().sort()).toEqual([parent, pid].sort());
    space.write("gate", "");
    await until("the worker has ended", () => space.processes().length === 0);
    expect(stateFiles(space)).toEqual(["worker.log"]);
    expect(space.read("worker.log")).toContain("stopping (whoever started it ended before it was ready)");
    expect(space.read("worker.log")).not.toContain("ticked");
  });

  test("leaves a worker that never becomes ready for the rest of its time only", async () => {
    const space = workspace();
    space.write("worker.ts", `Bun.spawn(["sleep", "1000"]);\n${sayLoading}await new Promise(() => {});\n`);
    const { launcher } = await startLoading(space, ["worker.ts", "--ready-timeout", "1s"]);
    launcher.kill("SIGKILL");
    await launcher.exited;
    await until("there are the supervisor, the worker and its child", () => space.processes().length === 3);
    await until("the worker has ended", () => space.processes().length === 0);
    expect(stateFiles(space)).toEqual(["worker.log"]);
    expect(space.read("worker.log")).toContain("ERROR cannot start worker: it was not ready after 1 s\n");
  });

  test("leaves a worker whose error is in the log", async () => {
    const space = workspace();
    const gate = space.path("gate");
    const wait = `while (!(await Bun.file(${JSON.stringify(gate)}).exists())) await Bun.sleep(5);\n`;
    const place = writeMarked(space, "worker.ts", `${sayLoading}${wait}throw new ${mark}Error("late");\n`);
    const { launcher } = await startLoading(space, ["worker.ts"]);
    launcher.kill("SIGKILL");
    await launcher.exited;
    space.write("gate", "");
    await until("the worker has ended", () => space.processes().length === 0);
    expect(stateFiles(space)).toEqual(["worker.log"]);
    expect(space.read("worker.log")).toContain(`ERROR cannot start worker: Error: late\n    at ${place}\n`);
  });
});

describe("in the foreground a module that can't be loaded ends with exit 9 and its error:", () => {
  const starter = 'Bun.spawn(["sleep", "1000"]);\nBun.spawn(["setsid", "sleep", "1000"]);\n';

  test.each([
    ["a syntax error", `const x = ${mark};\n`, "syntax error: Unexpected ;"],
    ["a throw", `${starter}throw new ${mark}TypeError("no database");\n`, "TypeError: no database"],
    ["a rejection", `${starter}await Promise.reject(new ${mark}Error("late"));\n`, "Error: late"],
    ["process.exit(3)", `${starter}process.${mark}exit(3);\n`, "process.exit(3) was called while"],
    ["process.exit(0)", `${starter}process.${mark}exit(0);\n`, "process.exit(0) was called while"],
    [
      "process.reallyExit(0)",
      `${starter}// @ts-ignore\nprocess.${mark}reallyExit(0);\n`,
      "process.reallyExit(0) was called while",
    ],
  ])("%s", async (_what, text, message) => {
    const space = workspace();
    const place = writeMarked(space, "worker.ts", text);
    const said = await failInForeground(space);
    expect(said).toStartWith(`djob: cannot start worker: ${message}`);
    expect(said).toContain(`\n  at ${place}\n`);
  });

  test.each([
    ["nothing to do", "export const nothing = 0;\n", "there is nothing to do: no job was declared"],
    ["never ready", `${starter}await new Promise(() => {});\n`, "it was not ready after 1 s"],
  ])("%s", async (_what, text, message) => {
    const space = workspace();
    space.write("worker.ts", text);
    const said = await failInForeground(space);
    expect(said).toStartWith(`djob: cannot start worker: ${message}`);
    expect(said).toContain(`\n  in ${space.path("worker.ts")}\nhint: `);
  });
});

async function failInForeground(space: Workspace): Promise<string> {
  const args = ["run", "--foreground", "--ready-timeout", "1s", "worker.ts"];
  const { code, stdout, stderr } = await space.djob(args);
  expect({ code, stdout, stderr }).toEqual({ code: 9, stdout: "", stderr: expect.any(String) });
  expectNothingLeft(space);
  return stderr;
}
