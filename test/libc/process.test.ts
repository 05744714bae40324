import { dlopen } from "bun:ffi";
import { expect, test } from "bun:test";
import { closeSync, readFileSync, readSync } from "node:fs";
import { constants } from "node:os";
import { pipe } from "../../src/libc/files.ts";
import {
  anyChild,
  becomeSubreaper,
  decodeWaitStatus,
  groupOf,
  removeFromEnvironment,
  replaceProcess,
  sessionOf,
  waitFor,
} from "../../src/libc/process.ts";
import { sendSignal } from "../../src/libc/signals.ts";
import { spawn } from "../../src/libc/spawn.ts";
import { exitOf, fixture, request, run, shell, startHeld, thrownBy } from "./children.ts";

function statFields(pid: number): string[] {
  // The name in parentheses can hold spaces; the fields after it are numbered from 3 in proc(5).
  return readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
}

const runFixture = (name: string) => run(request([process.execPath, fixture, name]));

test.each([0, 1, 37, 128, 255])("a child's exit code %d arrives as it is", (code) => {
  const { pid, ...exit } = exitOf(spawn(shell(`exit ${code}`)));
  expect(pid).toBeGreaterThan(1);
  expect(exit).toEqual({ exitCode: code, signal: null });
});

test.each(["SIGKILL", "SIGTERM", "SIGHUP"])("a child's death by %s has a name and no exit code", (signal) => {
  const child = startHeld(request(["/bin/cat"], { defaultSignals: "all", blockedSignals: [] }));
  sendSignal(child.pid, signal);
  expect(exitOf(child.pid)).toEqual({ pid: child.pid, exitCode: null, signal });
  child.release();
});

test("every wait status has its exit code or its signal", () => {
  for (let code = 0; code <= 255; code += 1) {
    expect(decodeWaitStatus(code << 8)).toEqual({ exitCode: code, signal: null });
  }
  for (const signal of ["SIGABRT", "SIGSEGV", "SIGKILL"] as const) {
    const number = constants.signals[signal];
    const dumpedCore = number | 0x80;
    expect(decodeWaitStatus(number)).toEqual({ exitCode: null, signal });
    expect(decodeWaitStatus(dumpedCore)).toEqual({ exitCode: null, signal });
  }
  expect(decodeWaitStatus(40)).toEqual({ exitCode: null, signal: "SIG40" });
});

test("a child that still runs is nothing to report, and a reaped one is no child", () => {
  const child = startHeld(request(["/bin/cat"]));
  expect(waitFor(child.pid, { wait: false })).toBeNull();
  child.release();
  expect(exitOf(child.pid).exitCode).toBe(0);
  expect(thrownBy(() => waitFor(child.pid, { wait: false }))).toMatchObject({
    syscall: "waitpid",
    code: "ECHILD",
    message: `cannot wait for process ${child.pid}: No child processes`,
  });
});

test("any child can be waited for", () => {
  const pid = spawn(shell("exit 3"));
  expect(waitFor(anyChild, { wait: true })).toEqual({ pid, exitCode: 3, signal: null });
});

test("session and group are those of /proc", () => {
  const fields = statFields(process.pid);
  expect(groupOf(process.pid)).toBe(Number(fields[2]));
  expect(sessionOf(process.pid)).toBe(Number(fields[3]));
  expect(thrownBy(() => groupOf(2 ** 31 - 1))).toMatchObject({ syscall: "getpgid", code: "ESRCH" });
});

test("a created session has the process for its leader, and its group", () => {
  const { output, pid, exitCode } = runFixture("create-session");
  expect(exitCode).toBe(0);
  expect(output).toBe(`${pid} ${pid} ${pid} ${pid}`);
});

test("an immediate exit runs no exit listener", () => {
  expect(runFixture("exit-immediately")).toMatchObject({ exitCode: 37, output: "" });
});

test("a replaced process keeps its pid and has the new name, arguments and environment", () => {
  const { output, pid, exitCode } = runFixture("replace-process");
  expect(exitCode).toBe(0);
  expect(output).toBe(`${pid} ps-name ä \n`);
});

test("a process that can't be replaced goes on with an error", () => {
  expect(thrownBy(() => replaceProcess("/no/such/program", ["x"], {}))).toMatchObject({
    syscall: "execve",
    code: "ENOENT",
    path: "/no/such/program",
    message: "cannot become the program /no/such/program: No such file or directory",
  });
});

test("a subreaper gets its descendants' orphans", () => {
  expect(becomeSubreaper(true)).toBe(true);
  // The background process needs a stdin of its own: a shell gives it /dev/null otherwise.
  const { readEnd, writeEnd } = pipe();
  const leader = run(
    shell("cat <&3 >/dev/null & echo $!", { descriptors: [{ from: readEnd, to: 3 }], closeFrom: 3 }),
  );
  const orphan = Number(leader.output);
  expect(statFields(orphan)[1]).toBe(String(process.pid));
  closeSync(readEnd);
  closeSync(writeEnd);
  expect(exitOf(orphan).exitCode).toBe(0);
  becomeSubreaper(false);
});

test("a process with a parent-death signal dies with its parent", () => {
  const output = pipe();
  const input = pipe();
  const script = '"$0" "$1" die-with-parent <&4 & read line; exit 0';
  const parent = startHeld(
    request(["/bin/sh", "-c", script, process.execPath, fixture], {
      descriptors: [
        { from: output.writeEnd, to: 1 },
        { from: input.readEnd, to: 4 },
      ],
      closeFrom: 3,
    }),
  );
  closeSync(output.writeEnd);
  closeSync(input.readEnd);
  const ready = Buffer.alloc(6);
  expect(readFrom(output.readEnd, ready)).toBe("ready\n");
  parent.release();
  expect(exitOf(parent.pid).exitCode).toBe(0);
  expect(readFileSync(output.readEnd, "utf8")).toBe("");
  closeSync(output.readEnd);
  closeSync(input.writeEnd);
});

test("a removed variable is gone from libc's own environment", () => {
  const { symbols } = dlopen("libc.so.6", {
    setenv: { args: ["cstring", "cstring", "i32"], returns: "i32" },
    getenv: { args: ["cstring"], returns: "cstring" },
  });
  symbols.setenv("DJOB_TEST_VARIABLE", "here", 1);
  expect(String(symbols.getenv("DJOB_TEST_VARIABLE"))).toBe("here");
  removeFromEnvironment("DJOB_TEST_VARIABLE");
  expect(symbols.getenv("DJOB_TEST_VARIABLE")).toBeNull();
});

function readFrom(descriptor: number, buffer: Buffer): string {
  return buffer.toString("utf8", 0, readSync(descriptor, buffer));
}
