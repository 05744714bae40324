// A directory of its own for each test of src/daemon that needs files, and descriptors that are closed after it.
import { expect, onTestFinished } from "bun:test";
import { closeSync, fstatSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DjobError } from "../../src/daemon/error.ts";

const open = new Set<number>();

export function directory(): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), "djob-daemon-")));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Closes the descriptor after the test; fails the test if it is null. */
export function held(descriptor: number | null): number {
  expect(descriptor).not.toBeNull();
  if (descriptor === null) return -1;
  open.add(descriptor);
  onTestFinished(() => {
    if (open.has(descriptor)) release(descriptor);
  });
  return descriptor;
}

/** Closes a descriptor that `held` was to close. */
export function release(descriptor: number): void {
  open.delete(descriptor);
  closeSync(descriptor);
}

/** The permissions of an open file, in octal. */
export function modeOf(descriptor: number): string {
  return (fstatSync(descriptor).mode & 0o7777).toString(8);
}

/** The error that an action throws, which must be one that is told to a person. */
export function refusalOf(action: () => unknown): DjobError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(DjobError);
    if (error instanceof DjobError) return error;
  }
  throw new Error("nothing was thrown");
}
