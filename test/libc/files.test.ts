import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  closeDescriptor,
  closeOnExecFrom,
  closeOnExecListed,
  duplicate,
  duplicateAbove,
  flock,
  openAbove,
  pipe,
  setCloseOnExec,
  unlockFile,
} from "../../src/libc/files.ts";
import { exitOf, fixture, request, startHeld, thrownBy } from "./children.ts";

const exclusive = { exclusive: true, wait: false };
const shared = { exclusive: false, wait: false };
let directory: string;
const opened: number[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "djob-files-"));
});

afterAll(() => {
  for (const descriptor of opened) closeSync(descriptor);
  rmSync(directory, { recursive: true });
});

function open(name: string): number {
  const descriptor = openSync(join(directory, name), "a+");
  opened.push(descriptor);
  return descriptor;
}

function isCloseOnExec(descriptor: number): boolean {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
  return (Number.parseInt(flags ?? "", 8) & 0o2000000) !== 0;
}

test("an exclusive lock keeps every other descriptor out until it is released", () => {
  const [first, second] = [open("lock"), open("lock")];
  expect(flock(first, exclusive)).toBe(true);
  expect(flock(second, exclusive)).toBe(false);
  expect(flock(second, shared)).toBe(false);
  unlockFile(first);
  expect(flock(second, { exclusive: true, wait: true })).toBe(true);
  expect(flock(first, exclusive)).toBe(false);
});

test("shared locks go together and keep an exclusive one out", () => {
  const [first, second] = [open("shared"), open("shared")];
  expect(flock(first, shared)).toBe(true);
  expect(flock(second, shared)).toBe(true);
  expect(flock(second, exclusive)).toBe(false);
});

test("a waiting lock is had when its holder has ended", () => {
  const held = openSync(join(directory, "held"), "a+");
  const mine = open("held");
  expect(flock(held, exclusive)).toBe(true);
  const holder = startHeld(
    request([process.execPath, fixture, "wait-for-end"], { descriptors: [{ from: held, to: 9 }] }),
  );
  closeSync(held);
  expect(flock(mine, exclusive)).toBe(false);
  holder.release();
  expect(flock(mine, { exclusive: true, wait: true })).toBe(true);
  expect(exitOf(holder.pid).exitCode).toBe(0);
});

test("a failing lock names the call, the error and the descriptor", () => {
  expect(thrownBy(() => flock(999_999, exclusive))).toMatchObject({
    name: "SystemError",
    syscall: "flock",
    code: "EBADF",
    errno: 9,
    message: "cannot lock descriptor 999999: Bad file descriptor",
  });
});

test("a pipe carries bytes, and an execve closes both its ends", () => {
  const { readEnd, writeEnd } = pipe();
  opened.push(readEnd, writeEnd);
  writeSync(writeEnd, "through");
  const buffer = Buffer.alloc(16);
  expect(buffer.toString("utf8", 0, readSync(readEnd, buffer))).toBe("through");
  expect(isCloseOnExec(readEnd)).toBe(true);
  expect(isCloseOnExec(writeEnd)).toBe(true);
});

test("a duplicate is the same file, and an execve keeps it", () => {
  const from = open("original");
  const to = open("replaced");
  duplicate(from, to);
  expect(fstatSync(to).ino).toBe(fstatSync(from).ino);
  expect(isCloseOnExec(to)).toBe(false);
});

test("a descriptor duplicated onto itself is kept by an execve, too", () => {
  const descriptor = open("same");
  expect(isCloseOnExec(descriptor)).toBe(true);
  duplicate(descriptor, descriptor);
  expect(isCloseOnExec(descriptor)).toBe(false);
});

test("duplicating what is not open fails, onto itself as well", () => {
  expect(thrownBy(() => duplicate(999_999, 50))).toMatchObject({ syscall: "dup2", code: "EBADF" });
  expect(thrownBy(() => duplicate(999_999, 999_999))).toMatchObject({ code: "EBADF" });
});

test("a closed descriptor is closed, and closing it again is an error", () => {
  const descriptor = duplicateAbove(open("closed"), 300);
  closeDescriptor(descriptor);
  expect(thrownBy(() => fstatSync(descriptor))).toMatchObject({ code: "EBADF" });
  expect(thrownBy(() => closeDescriptor(descriptor))).toMatchObject({ syscall: "close", code: "EBADF" });
});

test("a duplicate from a minimum on is not below it, and an execve closes it", () => {
  const duplicated = duplicateAbove(open("above"), 200);
  opened.push(duplicated);
  expect(duplicated).toBeGreaterThanOrEqual(200);
  expect(isCloseOnExec(duplicated)).toBe(true);
});

test("a duplicate beyond the limit on open files is an error, not a descriptor", () => {
  expect(thrownBy(() => duplicateAbove(0, 2 ** 31 - 1))).toMatchObject({ syscall: "fcntl", code: "EINVAL" });
});

test.each([
  ["closeOnExecFrom", closeOnExecFrom],
  ["closeOnExecListed", closeOnExecListed],
])("%s sets the flag from the first descriptor on and on no other", (_name, closeOnExec) => {
  const descriptors = [600, 601, 700].map((minimum) => duplicateAbove(open("range"), minimum));
  opened.push(...descriptors);
  for (const descriptor of descriptors) setCloseOnExec(descriptor, false);
  closeOnExec(descriptors[1] ?? 0);
  expect(descriptors.map(isCloseOnExec)).toEqual([false, true, true]);
});

test("what a call opens is above a bound, and nothing else stays open", () => {
  const before = readdirSync("/proc/self/fd").length;
  const file = join(directory, "above the bound");
  const filler = openSync(file, "a+");
  const above = openAbove(120, filler, () => openSync(file, "a+"));
  expect(above).toBeGreaterThanOrEqual(120);
  expect(() =>
    openAbove(120, filler, () => {
      throw new Error("it can't");
    }),
  ).toThrow("it can't");
  expect(readdirSync("/proc/self/fd").length).toBe(before + 2);
  closeDescriptor(above);
  closeDescriptor(filler);
});
