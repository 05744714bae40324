// Why the kernel did not run a file that is there.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const firstBytes = 256;

/** What the first line of a script names as its interpreter (execve(2)), a carriage return included; null if there is none. */
export function interpreterOf(program: string): string | null {
  let descriptor: number | null = null;
  try {
    // Opening a FIFO would wait for its other end.
    descriptor = openSync(program, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(descriptor).isFile()) return null;
    const start = Buffer.alloc(firstBytes);
    const text = start.toString("latin1", 0, readSync(descriptor, start));
    return /^#![ \t]*([^ \t\n]+)/.exec(text)?.[1] ?? null;
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
