// A supervisor's successor: the same process with another executable. What it has to know goes to it as a memory file; the
// descriptors that it takes over stay open over the execve, at numbers that this process has used for nothing else.
import { closeSync, fstatSync, readSync } from "node:fs";
import { duplicate, duplicateAbove, memoryFile, setCloseOnExec, writeAll } from "../../libc/files.ts";
import { replaceProcess } from "../../libc/process.ts";
import { readableSignal } from "../../libc/readable.ts";
import { blockSignals } from "../../libc/signals.ts";
import { handoverVariable, lockDescriptor, specDescriptor } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { heardSignals } from "../heard-signals.ts";
import { takeSpec } from "../settle.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { processTitle, stageEnvironment } from "../stage.ts";
import { pipeWith } from "../starting/become.ts";
import { takeVariable } from "../take-variable.ts";
import type { Edition } from "./examine-executable.ts";
import type { HandoverMemory } from "./handover.ts";
import type { SupervisorState } from "./state.ts";
import type { WorkerHandover } from "./worker-process.ts";

/** What a supervisor knows of its work, as plain data. */
export interface WorkMemory {
  readonly state: SupervisorState;
  readonly jobs: number;
  readonly handover: HandoverMemory;
  readonly workers: readonly WorkerHandover[];
}

/** All that it knows besides its spec. */
export interface SupervisorMemory extends WorkMemory {
  /** What the clock showed by which `state` tells times: the next process image counts from 0 again. */
  readonly monotonicMs: number;
  readonly startedAtMs: number;
  readonly upgrades: number;
  /** From which what goes to descriptors 1 and 2 is read; null: nobody needs to. */
  readonly rawEnds: readonly number[] | null;
  /** What this process was before. */
  readonly before: Edition;
}

/** Above all numbers that djob gives, and that the runtime's own files get in a process as small as a supervisor. */
const firstHandedDescriptor = 64;

/** What the successor is to find when it listens; of the last two it looks itself for what they tell. */
const signals = [...heardSignals, "SIGCHLD", readableSignal];

/**
 * To be called while the signals are held.
 * @param executable a descriptor of it
 * @param remember called at the last moment
 * @throws {SystemError} if the kernel refuses; then this process is as it was
 */
export function becomeSuccessor(
  executable: number,
  spec: Spec,
  environment: Environment,
  remember: () => SupervisorMemory,
): never {
  const opened: number[] = [];
  let isSpecReplaced = false;
  const keep = (descriptor: number) => {
    const kept = duplicateAbove(descriptor, firstHandedDescriptor);
    opened.push(kept);
    setCloseOnExec(kept, false);
    return kept;
  };
  try {
    blockSignals(signals);
    const specEnd = pipeWith(encodeSpec(spec));
    duplicate(specEnd, specDescriptor);
    closeSync(specEnd);
    isSpecReplaced = true;
    const memory = remember();
    const workers = memory.workers.map((worker) => ({
      ...worker,
      descriptor: worker.descriptor === null ? null : keep(worker.descriptor),
    }));
    const rawEnds = memory.rawEnds?.map(keep) ?? null;
    const file = memoryFile("djob-handover");
    if (file === null) throw new Error("this system has no memory files");
    opened.push(file);
    writeAll(file, Buffer.from(JSON.stringify({ ...memory, workers, rawEnds })));
    const variables = { ...environment, [handoverVariable]: String(keep(file)) };
    setCloseOnExec(lockDescriptor, false);
    replaceProcess(
      `/proc/self/fd/${executable}`,
      [processTitle(spec)],
      stageEnvironment("resumed-supervisor", variables),
    );
  } catch (error) {
    setCloseOnExec(lockDescriptor, true);
    for (const descriptor of opened) closeSync(descriptor);
    if (isSpecReplaced) takeSpec();
    throw error;
  }
}

/** In the successor: what the supervisor before it knew, with times by this process' clock. */
export function recall(): SupervisorMemory {
  const file = Number(takeVariable(handoverVariable));
  const bytes = Buffer.alloc(fstatSync(file).size);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  const memory = JSON.parse(bytes.toString()) as SupervisorMemory;
  for (const { descriptor } of memory.workers) if (descriptor !== null) setCloseOnExec(descriptor, true);
  for (const descriptor of memory.rawEnds ?? []) setCloseOnExec(descriptor, true);
  return { ...memory, state: shift(memory.state, performance.now() - memory.monotonicMs) };
}

/** Pure: exported for its test. */
export function shift(state: SupervisorState, byMs: number): SupervisorState {
  const { readyAtMs, recentMs } = state;
  return {
    ...state,
    readyAtMs: readyAtMs === null ? null : readyAtMs + byMs,
    recentMs: recentMs.map((timeMs) => timeMs + byMs),
  };
}
