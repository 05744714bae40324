import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { duplicate, setCloseOnExec } from "../../src/libc/files.ts";
import { libc } from "../../src/libc/library.ts";
import { setDisposition, signalSet, unblockAllSignals } from "../../src/libc/signals.ts";
import { spawn } from "../../src/libc/spawn.ts";
import type { DescriptorMove } from "../../src/libc/spawn-file-actions.ts";
import { exitOf, request, run, shell, signalsIn, thrownBy } from "./children.ts";

const { SIGUSR2, SIGTERM, SIGPIPE } = constants.signals;
/** Higher than what the test runner itself has open, in any of its test files. */
const sources = [320, 321, 322];
let directory: string;

beforeAll(() => {
  directory = realpathSync(mkdtempSync("/tmp/djob-spawn-"));
  for (const source of sources) {
    const opened = openSync(join(directory, `file-${source}`), "w");
    duplicate(opened, source);
    closeSync(opened);
    setCloseOnExec(source, true);
  }
});

afterAll(() => {
  for (const source of sources) closeSync(source);
  rmSync(directory, { recursive: true });
});

/** What the child's descriptors above 2 are, by their numbers: the names of the files that this test opened. */
function childDescriptors(descriptors: readonly DescriptorMove[], closeFrom: number): Record<string, string> {
  // With a command after it ls is no exec, and what it opens itself is not in the shell's list.
  const { output } = run(shell("ls -l /proc/$$/fd; :", { descriptors, closeFrom }));
  const entries = [...output.matchAll(/(\d+) -> (.*)$/gm)].filter(([, fd]) => Number(fd) > 2);
  return Object.fromEntries(entries.map(([, fd, target]) => [fd, target?.replace(`${directory}/`, "")]));
}

const mappings = sources.flatMap((a) => sources.flatMap((b) => sources.map((c) => [a, b, c] as const)));

test.each(mappings)("descriptors 320, 321 and 322 become what %d, %d and %d were", (first, second, third) => {
  const from = [first, second, third];
  const moves = from.map((source, index) => ({ from: source, to: 320 + index }));
  const expected = Object.fromEntries(from.map((source, index) => [320 + index, `file-${source}`]));
  expect(childDescriptors(moves, 3)).toEqual(expected);
});

test("the order of the entries means nothing", () => {
  const moves = [
    { from: 321, to: 320 },
    { from: 322, to: 321 },
    { from: 320, to: 322 },
  ];
  const expected = { 320: "file-321", 321: "file-322", 322: "file-320" };
  expect(childDescriptors(moves, 3)).toEqual(expected);
  expect(childDescriptors([...moves].reverse(), 3)).toEqual(expected);
});

test("closing from a number on spares the targets above it and what lies below it", () => {
  for (const source of sources) setCloseOnExec(source, false);
  expect(childDescriptors([{ from: 322, to: 325 }], 321)).toEqual({ 320: "file-320", 325: "file-322" });
  expect(childDescriptors([{ from: 320, to: 5 }], 3)).toEqual({ 5: "file-320" });
  for (const source of sources) setCloseOnExec(source, true);
});

test("this process keeps no descriptor of a spawn, whether it succeeds or fails", () => {
  const before = readdirSync("/proc/self/fd").length;
  run(shell("exit 0", { descriptors: [{ from: 320, to: 9 }] }));
  thrownBy(() => spawn(request(["/no/such/program"], { descriptors: [{ from: 320, to: 9 }] })));
  thrownBy(() => spawn(shell("exit 0", { descriptors: [320, 999].map((from) => ({ from, to: from })) })));
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("a source that isn't open is an error", () => {
  expect(thrownBy(() => spawn(shell("exit 0", { descriptors: [{ from: 999, to: 5 }] })))).toMatchObject({
    code: "EBADF",
  });
});

describe("signals", () => {
  const childStatus = (changes: Parameters<typeof request>[1]) =>
    run(request(["/bin/cat", "/proc/self/status"], changes)).output;

  test("ignored signals are inherited unless they are made default", () => {
    setDisposition("SIGUSR2", "ignore");
    const ignored = (defaultSignals: string[] | "all") =>
      signalsIn(childStatus({ defaultSignals }), "SigIgn");
    expect(ignored([])).toContain(SIGUSR2);
    expect(ignored(["SIGPIPE"])).toContain(SIGUSR2);
    expect(ignored(["SIGUSR2"])).not.toContain(SIGUSR2);
    expect(ignored(["SIGPIPE"])).not.toContain(SIGPIPE);
    expect(ignored("all")).toEqual(new Set());
    setDisposition("SIGUSR2", "default");
  });

  test("blocked signals are inherited unless it is given a mask of its own", () => {
    const { symbols, table } = libc();
    symbols.sigprocmask(table.constants.SIG_SETMASK, signalSet(["SIGUSR2", "SIGTERM"]), null);
    expect(signalsIn(childStatus({ blockedSignals: "inherited" }), "SigBlk")).toEqual(
      new Set([SIGUSR2, SIGTERM]),
    );
    expect(signalsIn(childStatus({ blockedSignals: [] }), "SigBlk")).toEqual(new Set());
    expect(signalsIn(childStatus({ blockedSignals: ["SIGTERM"] }), "SigBlk")).toEqual(new Set([SIGTERM]));
    unblockAllSignals();
  });
});

test.each([
  [true, "its own"],
  [false, "this process's"],
])("with newSession %p the child's session is %s", (newSession) => {
  const { output, pid } = run(request(["/bin/cat", "/proc/self/stat"], { newSession }));
  const [, , group, session] = output.replace(/^.*\) /, "").split(" ");
  const mine = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  expect([group, session]).toEqual(newSession ? [String(pid), String(pid)] : [mine[2], mine[3]]);
});

test("arguments, name and environment arrive byte for byte, and nothing else does", () => {
  const environment = { EMPTY: "", TEXT: "ä\n=€", PATH: "/usr/bin:/bin" };
  const { output } = run(
    request(["/bin/cat", "/proc/self/environ", "/proc/self/cmdline"], {
      argv: ["a name", "/proc/self/environ", "/proc/self/cmdline"],
      environment,
    }),
  );
  const variables = "EMPTY=\0TEXT=ä\n=€\0PATH=/usr/bin:/bin\0";
  expect(output).toBe(`${variables}a name\0/proc/self/environ\0/proc/self/cmdline\0`);
});

test("10,000 arguments arrive", () => {
  const { output } = run(shell("echo $#", { argv: ["sh", "-c", "echo $#", ...Array(10_001).fill("x")] }));
  expect(output).toBe("10000\n");
});

test("the child starts in the working directory", () => {
  expect(run(shell("pwd -P", { workingDirectory: directory })).output).toBe(`${directory}\n`);
});

test("a program that can't be started is an error in the parent, with its path", () => {
  expect(thrownBy(() => spawn(request(["/no/such/program"])))).toMatchObject({
    name: "SystemError",
    syscall: "posix_spawn",
    code: "ENOENT",
    errno: 2,
    path: "/no/such/program",
    message: "cannot start /no/such/program: No such file or directory",
  });
  expect(thrownBy(() => spawn(request([directory])))).toMatchObject({ code: "EACCES" });
});

test("a working directory that isn't there is named", () => {
  const error = thrownBy(() => spawn(shell("exit 0", { workingDirectory: "/no/such/directory" })));
  expect(String(error)).toContain("cannot start /bin/sh in /no/such/directory: No such file or directory");
});

test("1,000 children are started and reaped", () => {
  for (let count = 0; count < 1000; count += 1) {
    expect(exitOf(spawn(request(["/bin/true"], { blockedSignals: [] }))).exitCode).toBe(0);
  }
}, 30_000);
