// Looks at the worker from time to time: whether it answers (--watchdog), and how much memory it has (--max-memory). Without
// these flags there is no timer, and the supervisor sleeps.
import { readFileSync } from "node:fs";
import { formatDuration } from "../../schedule/duration.ts";
import { readRunning } from "../running-file.ts";
import type { Spec } from "../spec.ts";
import type { SupervisorEvent } from "./state.ts";
import {
  feelPulse,
  looksWithin,
  type MemoryState,
  noMemoryState,
  type PulseState,
  weigh,
} from "./watching.ts";
import type { WorkerProcess } from "./worker-process.ts";

const memoryIntervalMs = 1_000;

interface WatchListeners {
  /** The worker whose jobs are scheduled; null: there is none, or it is ending. */
  worker(): WorkerProcess | null;
  /** It does not answer: why, in a word, and what it does. */
  hangs(worker: WorkerProcess, why: string, dump: string): void;
  tooLarge(worker: WorkerProcess, why: string): void;
}

/** What hears the answers to its questions. */
export interface Watchdog {
  answered(worker: WorkerProcess, id: number): void;
}

/** @param worker the one whose jobs are scheduled; null: there is none, or it is ending */
export function watchWorker(
  { watchdogMs, maximumMemoryBytes }: Pick<Spec, "watchdogMs" | "maximumMemoryBytes">,
  log: (level: "warn" | "error", message: string) => void,
  worker: () => WorkerProcess | null,
  dispatch: (event: SupervisorEvent) => void,
): Watchdog {
  const listeners = consequences(log, worker, dispatch);
  if (maximumMemoryBytes !== null) watchMemory(maximumMemoryBytes, listeners);
  return watchdogMs === null ? { answered() {} } : watchPulse(watchdogMs, listeners);
}

/** What the supervisor makes of it. */
function consequences(
  log: (level: "warn" | "error", message: string) => void,
  worker: () => WorkerProcess | null,
  dispatch: (event: SupervisorEvent) => void,
): WatchListeners {
  const recycle = (culprit: WorkerProcess, why: string, kill: boolean) => {
    culprit.why = why;
    dispatch({ type: "recycle", worker: culprit.generation, kill });
  };
  return {
    worker,
    hangs(culprit, why, dump) {
      log("error", `${why}; what the kernel knows of pid ${culprit.pid}:\n${dump}`);
      recycle(culprit, why, true);
    },
    tooLarge(culprit, why) {
      log("warn", `${why}: putting a new worker in its place`);
      // Two of a program might not go together.
      if (culprit.isCommand) recycle(culprit, why, false);
      else dispatch({ type: "renew", worker: culprit.generation, why });
    },
  };
}

function watchPulse(allowedMs: number, { worker: current, hangs }: WatchListeners) {
  let watched: WorkerProcess | null = null;
  let state: PulseState = { sentMs: null, lookedMs: 0 };
  let lastId = 0;
  const look = () => {
    const worker = current();
    const nowMs = performance.now();
    if (worker !== watched) state = { sentMs: null, lookedMs: nowMs };
    watched = worker;
    if (worker === null) return;
    const felt = feelPulse(state, nowMs, allowedMs);
    state = felt.state;
    if (felt.action === "ping") {
      lastId += 1;
      worker.tell({ type: "ping", id: lastId });
    } else if (felt.action === "dead") {
      watched = null;
      const running = readRunning(worker.pid);
      hangs(worker, hangText(allowedMs, running), dumpOf(worker.pid));
    }
  };
  setInterval(look, allowedMs / looksWithin);
  return {
    answered(worker: WorkerProcess, id: number) {
      if (worker === watched && id === lastId) state = { ...state, sentMs: null };
    },
  };
}

function hangText(allowedMs: number, running: readonly string[] | null): string {
  const where =
    running === null
      ? ""
      : running.length === 0
        ? ", while no run was going on"
        : running.length === 1
          ? `, in the run of ${running[0]}`
          : `, in one of the runs of ${running.join(", ")}`;
  return `it did not answer for ${formatDuration(allowedMs)} (watchdog)${where}`;
}

function watchMemory(limitBytes: number, { worker: current, tooLarge }: WatchListeners): void {
  let watched: WorkerProcess | null = null;
  let state: MemoryState = noMemoryState;
  setInterval(() => {
    const worker = current();
    if (worker !== watched) state = { ...state, aboveSinceMs: null };
    watched = worker;
    if (worker === null) return;
    const usedBytes = residentBytes(worker.pid);
    const weighed = weigh(state, usedBytes, limitBytes, performance.now());
    state = weighed.state;
    if (weighed.forMs === null || usedBytes === null) return;
    const forTime = `${Math.round(weighed.forMs / 1000)} s`;
    tooLarge(worker, `it used ${inM(usedBytes)}, more than --max-memory ${inM(limitBytes)}, for ${forTime}`);
  }, memoryIntervalMs);
}

/** What the kernel knows of the main thread: what it does, and where in the kernel it waits (for root). */
function dumpOf(pid: number): string {
  const task = `/proc/${pid}/task/${pid}`;
  const status = read(`${task}/status`);
  const lines = ["State", "SigPnd", "ShdPnd", "VmRSS", "Threads"].flatMap(
    (field) => new RegExp(`^${field}:\\s*(.*)$`, "m").exec(status)?.[1]?.replace(/^/, `${field}: `) ?? [],
  );
  for (const file of ["wchan", "syscall", "stack"]) {
    const text = read(`${task}/${file}`).trim();
    if (text !== "" && text !== "0") lines.push(`${file}: ${text}`);
  }
  return lines.length === 0 ? "nothing is known of it" : lines.join("\n");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** proc_pid_status(5): VmRSS, in kB of 1024. */
function residentBytes(pid: number): number | null {
  const text = /^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return text === undefined ? null : Number(text) * 1024;
}

function inM(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}M`;
}
