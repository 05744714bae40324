import { describe, expect, test } from "bun:test";
import { closeDescriptor, duplicate, duplicateAbove, flock, setCloseOnExec } from "../../src/libc/files.ts";
import {
  exitImmediately,
  groupOf,
  removeFromEnvironment,
  replaceProcess,
  sessionOf,
  setParentDeathSignal,
  waitFor,
} from "../../src/libc/process.ts";
import {
  openPidfd,
  sendSignal,
  sendSignalThroughPidfd,
  sendSignalToGroup,
  setDisposition,
} from "../../src/libc/signals.ts";
import { spawn } from "../../src/libc/spawn.ts";
import { shell } from "./children.ts";

// biome-ignore lint/suspicious/noExplicitAny: the point is to pass what the types forbid
const wrong: any[] = [undefined, null, Number.NaN, 1.5, "3", Number.POSITIVE_INFINITY, 2n, {}];
const outOfRange = [-2, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];

describe.each<[string, (value: number) => unknown]>([
  ["flock", (value) => flock(value, { exclusive: true, wait: false })],
  ["closeDescriptor", (value) => closeDescriptor(value)],
  ["duplicate from", (value) => duplicate(value, 0)],
  ["duplicate to", (value) => duplicate(0, value)],
  ["duplicateAbove", (value) => duplicateAbove(0, value)],
  ["setCloseOnExec", (value) => setCloseOnExec(value, true)],
  ["exitImmediately", (value) => exitImmediately(value)],
  ["sessionOf", (value) => sessionOf(value)],
  ["groupOf", (value) => groupOf(value)],
  ["waitFor", (value) => waitFor(value, { wait: false })],
  ["sendSignal", (value) => sendSignal(value, "SIGTERM")],
  ["sendSignalToGroup", (value) => sendSignalToGroup(value, "SIGTERM")],
  ["openPidfd", (value) => openPidfd(value)],
  ["sendSignalThroughPidfd", (value) => sendSignalThroughPidfd(value, "SIGTERM")],
  ["spawn closeFrom", (value) => spawn(shell("exit", { closeFrom: value }))],
  ["spawn descriptors", (value) => spawn(shell("exit", { descriptors: [{ from: 0, to: value }] }))],
])("%s", (name, call) => {
  const optional = name === "spawn closeFrom";
  test.each(wrong.filter((value) => !(optional && value === undefined)))("refuses %p", (value) => {
    expect(() => call(value)).toThrow(TypeError);
  });
  test.each(outOfRange)("refuses %d", (value) => {
    expect(() => call(value)).toThrow(RangeError);
  });
});

test.each([0, 1, -1])("a signal is never sent to %d, as a process or as a group", (target) => {
  expect(() => sendSignal(target, "SIGTERM")).toThrow(RangeError);
  expect(() => sendSignalToGroup(target, "SIGTERM")).toThrow(RangeError);
});

test.each(["SIGNOPE", "", "TERM", "toString"])("%p is no signal", (name) => {
  expect(() => sendSignal(process.pid, name)).toThrow(RangeError);
  expect(() => setParentDeathSignal(name)).toThrow(RangeError);
});

test.each(["SIGKILL", "SIGSTOP"])("%s has no disposition to change", (name) => {
  expect(() => setDisposition(name, "ignore")).toThrow(RangeError);
  expect(() => spawn(shell("exit", { defaultSignals: [name] }))).toThrow(RangeError);
});

test.each(["", "/bin/sh\0x"])("a path %p is refused", (path) => {
  expect(() => spawn(shell("exit", { path }))).toThrow(RangeError);
  expect(() => spawn(shell("exit", { workingDirectory: path }))).toThrow(RangeError);
  expect(() => replaceProcess(path, ["sh"], {})).toThrow(RangeError);
});

test("arguments and variables that C would cut short are refused", () => {
  expect(() => replaceProcess("/bin/sh", [], {})).toThrow(TypeError);
  expect(() => replaceProcess("/bin/sh", ["sh", "a\0b"], {})).toThrow("argv[1]");
  expect(() => replaceProcess("/bin/sh", ["sh"], { A: "a\0b" })).toThrow("variable A");
  expect(() => replaceProcess("/bin/sh", ["sh"], { "A=B": "" })).toThrow(RangeError);
  expect(() => removeFromEnvironment("A=B")).toThrow(RangeError);
  expect(() => removeFromEnvironment("")).toThrow(RangeError);
});

test("an undefined variable is refused, not passed as the text undefined", () => {
  const environment = { A: undefined } as unknown as Record<string, string>;
  expect(() => spawn(shell("exit", { environment }))).toThrow(TypeError);
});

test("two sources for one target are refused", () => {
  const descriptors = [
    { from: 1, to: 5 },
    { from: 2, to: 5 },
  ];
  expect(() => spawn(shell("exit", { descriptors }))).toThrow(RangeError);
});
