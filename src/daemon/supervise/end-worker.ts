// Ending a worker by the stop's steps, one after another, and by KILL after the last.
import { longestTimeoutMs } from "../../control/messages.ts";
import type { StopStep } from "../stopping/stop-schedule.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** How much longer than it was told a worker may take for its last words. */
const graceMs = 1_000;

/** @param gaveUp called when it has to be killed */
export function endWorker(
  worker: WorkerProcess,
  [first, ...rest]: readonly StopStep[],
  reason: string,
  gaveUp: () => void,
): void {
  if (first === undefined || first.signal === "SIGKILL") {
    kill(worker, gaveUp);
    return;
  }
  if (worker.isCommand) {
    goOn(worker, [first, ...rest], gaveUp);
    return;
  }
  // It knows how long it has, and tells what it gave up.
  const signal = first.signal as NodeJS.Signals;
  worker.tell({ type: "stop", reason, timeoutMs: first.waitMs ?? longestTimeoutMs, signal });
  if (first.waitMs !== null) worker.after(first.waitMs + graceMs, () => goOn(worker, rest, gaveUp));
}

function goOn(worker: WorkerProcess, [step, ...rest]: readonly StopStep[], gaveUp: () => void): void {
  if (step === undefined || step.signal === "SIGKILL") {
    kill(worker, gaveUp);
    return;
  }
  worker.signal(step.signal);
  if (step.waitMs !== null) worker.after(step.waitMs, () => goOn(worker, rest, gaveUp));
}

function kill(worker: WorkerProcess, gaveUp: () => void): void {
  gaveUp();
  worker.signal("SIGKILL");
}
