// Listening to one worker: what it says goes to whom it concerns, and what its modules do to its channel is noticed.
import type { StopReport } from "../../control/messages.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import type { FromAsked, FromWorker } from "../../runtime/link.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface Hearers {
  ready(worker: WorkerProcess, jobs: number): void;
  failed(failure: ModuleFailure): void;
  /** It can't be talked to any more. */
  broken(message: string): void;
  asked(worker: WorkerProcess, message: FromAsked): void;
  pong(worker: WorkerProcess, id: number): void;
  yielded(worker: WorkerProcess, atMs: number, running: readonly string[]): void;
  runEnded(worker: WorkerProcess, job: string): void;
  stopped(worker: WorkerProcess, report: StopReport): void;
  logChanged(): void;
}

/** How long after its end of the channel a process may take to be gone. */
const closedMs = 100;

export function hear(worker: WorkerProcess, hearers: Hearers): void {
  const { readiness } = worker;
  const breakOff = (message: string) => {
    hearers.broken(message);
    worker.why ??= message;
    worker.signal("SIGKILL");
  };
  worker.listen({
    message: (message) => pass(worker, message, hearers),
    garbage(line) {
      // Later it is the module's own affair.
      if (!worker.isReady) breakOff(`something else than djob wrote to djob's own descriptor: ${line}`);
    },
    closed() {
      if (readiness === null) {
        // As a rule it is the process that has ended, which SIGCHLD tells.
        worker.whenClosed(closedMs, () =>
          breakOff("it closed the descriptor through which djob tells that it is ready"),
        );
      } else if (worker.why === null) {
        // The kernel runs the program, which has not said why it can't.
        readiness.begin(() => hearers.ready(worker, 0));
      }
    },
  });
}

function pass(worker: WorkerProcess, message: FromWorker, hearers: Hearers): void {
  switch (message.type) {
    case "ready":
      hearers.ready(worker, message.jobs);
      return;
    case "failed":
      hearers.failed(message.failure);
      worker.why = `it could not be loaded: ${message.failure.message}`;
      return;
    case "crashed":
      worker.why = message.what;
      return;
    case "begun":
    case "line":
    case "part":
    case "answer":
    case "refused":
      hearers.asked(worker, message);
      return;
    case "pong":
      hearers.pong(worker, message.id);
      return;
    case "yielded":
      hearers.yielded(worker, message.atMs, message.running);
      return;
    case "runEnded":
      hearers.runEnded(worker, message.job);
      return;
    case "retired":
      worker.children = message.children;
      return;
    case "stopped":
      hearers.stopped(worker, message.report);
      return;
    case "logChanged":
      hearers.logChanged();
      return;
    case "logState":
      worker.logState = message.state;
      return;
  }
}
