// The jobs that run in this very moment, in memory that the supervisor can read when the worker does not answer any more. A
// mapping, so that a run costs no system call, and so that nobody's file is written to if a module closes the descriptor.
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { closeDescriptor, memoryFile, writeAll } from "../libc/files.ts";
import type { RunIdentity } from "../runtime/journal.ts";
import type { RunWatch } from "../runtime/running/runner.ts";

const fileName = "djob-running";
const sizeBytes = 4_096;
/** More are cut off. */
const longestBytes = sizeBytes - 1;

/** @returns null where there is no such memory */
export function makeRunningFile(): RunWatch | null {
  const descriptor = memoryFile(fileName);
  if (descriptor === null) return null;
  try {
    writeAll(descriptor, new Uint8Array(sizeBytes));
    return noteInto(Bun.mmap(`/proc/self/fd/${descriptor}`, { shared: true }));
  } catch {
    // Without /proc nobody could read it either.
    closeDescriptor(descriptor);
    return null;
  }
}

/** The newest run comes first, and a zero ends the text. Until a handler has returned it can only be that one's run. */
function noteInto(memory: Uint8Array): RunWatch {
  const encoder = new TextEncoder();
  const going = new Set<RunIdentity>();
  const note = (names: string) => {
    const { written } = encoder.encodeInto(names, memory.subarray(0, longestBytes));
    memory[written] = 0;
  };
  const noteAll = () => {
    let names = "";
    for (const { job } of going) names = names === "" ? job : `${job}\n${names}`;
    note(names);
  };
  return {
    began(run) {
      going.add(run);
      note(run.job);
    },
    returned: noteAll,
    ended(run) {
      going.delete(run);
      noteAll();
    },
  };
}

/** @returns the jobs that another process runs, the newest run's first; null if that can't be known */
export function readRunning(pid: number): readonly string[] | null {
  try {
    const directory = `/proc/${pid}/fd`;
    const found = readdirSync(directory).find((name) => linkOf(`${directory}/${name}`) === target);
    return found === undefined ? null : readNames(`${directory}/${found}`);
  } catch {
    return null;
  }
}

const target = `/memfd:${fileName} (deleted)`;

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** The other process may be another user's, who can give a pipe any name: it must not keep its reader waiting. */
function readNames(path: string): readonly string[] | null {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) return null;
    const bytes = Buffer.alloc(sizeBytes);
    const length = readSync(descriptor, bytes, 0, sizeBytes, 0);
    const end = bytes.subarray(0, length).indexOf(0);
    const text = bytes.toString("utf8", 0, end === -1 ? length : end);
    return text === "" ? [] : [...new Set(text.split("\n"))];
  } finally {
    closeSync(descriptor);
  }
}
