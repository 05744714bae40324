// Starts real processes for the tests of src/libc and reads back what they say.
import { closeSync, readFileSync } from "node:fs";
import { pipe } from "../../src/libc/files.ts";
import { type ChildExit, waitFor } from "../../src/libc/process.ts";
import { type SpawnRequest, spawn } from "../../src/libc/spawn.ts";

export const fixture = new URL("child.ts", import.meta.url).pathname;

/** A request with nothing special in it; it inherits the standard descriptors. */
export function request(
  argv: readonly [string, ...string[]],
  changes: Partial<SpawnRequest> = {},
): SpawnRequest {
  return {
    path: argv[0],
    argv,
    environment: { PATH: "/usr/bin:/bin" },
    descriptors: [],
    defaultSignals: [],
    blockedSignals: "inherited",
    ...changes,
  };
}

export function shell(script: string, changes: Partial<SpawnRequest> = {}): SpawnRequest {
  return request(["/bin/sh", "-c", script], changes);
}

/** Runs to the end, with stdout read back. */
export function run(child: SpawnRequest): ChildExit & { output: string } {
  const { readEnd, writeEnd } = pipe();
  const descriptors = [...child.descriptors, { from: writeEnd, to: 1 }];
  let pid: number;
  try {
    pid = spawn({ ...child, descriptors });
  } catch (error) {
    closeSync(readEnd);
    throw error;
  } finally {
    closeSync(writeEnd);
  }
  const output = readFileSync(readEnd, "utf8");
  closeSync(readEnd);
  return { ...exitOf(pid), output };
}

/** Starts a process that lives until `release` closes the pipe that it reads as stdin. */
export function startHeld(child: SpawnRequest): { pid: number; release: () => void } {
  const { readEnd, writeEnd } = pipe();
  try {
    const pid = spawn({ ...child, descriptors: [...child.descriptors, { from: readEnd, to: 0 }] });
    return { pid, release: () => closeSync(writeEnd) };
  } finally {
    closeSync(readEnd);
  }
}

export function exitOf(pid: number): ChildExit {
  const exit = waitFor(pid, { wait: true });
  if (exit === null) throw new Error(`process ${pid} has not ended`);
  return exit;
}

/** A signal set of /proc/PID/status, as the numbers that are in it. */
export function signalsIn(status: string, field: "SigBlk" | "SigIgn" | "SigCgt"): Set<number> {
  const bits = BigInt(`0x${new RegExp(`^${field}:\\s*(\\w+)$`, "m").exec(status)?.[1]}`);
  const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
  return new Set(numbers.filter((number) => (bits >> BigInt(number - 1)) & 1n));
}

export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
