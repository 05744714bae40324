// The end of a daemon that somebody asked for: why, by which steps, and what came of it.
import type { StopReport } from "../../control/messages.ts";
import { failure, type ModuleFailure } from "../../runtime/failure.ts";
import type { StopStep } from "../stopping/stop-schedule.ts";
import { endWorker } from "./end-worker.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A group's signal and one's own, as timeout(1) sends them, are one and the same. */
const sameSignalMs = 4;

export class StopRequest {
  readonly #ended = Promise.withResolvers<StopReport>();
  #report: StopReport = { outcome: "clean", runs: [] };
  #askedAtMs: number | null = null;
  #reason = "";
  steps: readonly StopStep[];

  constructor(steps: readonly StopStep[]) {
    this.steps = steps;
  }

  get isMade(): boolean {
    return this.#askedAtMs !== null;
  }

  /** Whether another signal means: now. */
  get isOld(): boolean {
    return this.#askedAtMs !== null && performance.now() - this.#askedAtMs > sameSignalMs;
  }

  /** Settles when nothing of the daemon is left. */
  get ended(): Promise<StopReport> {
    return this.#ended.promise;
  }

  /** What a start comes to that it cut short. */
  get failure(): ModuleFailure | null {
    return this.isMade ? failure(null, `it was stopped (${this.#reason}) before it was ready`, null) : null;
  }

  make(reason: string): void {
    this.#askedAtMs = performance.now();
    this.#reason = reason;
  }

  /** @param killed called when it comes to KILL */
  end(worker: WorkerProcess, killed: () => void): void {
    endWorker(worker, this.steps, this.#reason, () => {
      killed();
      this.#report = { outcome: "killed", runs: this.#report.runs };
    });
  }

  /** What a worker says of its end. After a reload there may be several, and the worst end is that of the daemon. */
  reported({ outcome, runs }: StopReport): void {
    const worst = outcome === "clean" ? this.#report.outcome : outcome;
    this.#report = { outcome: worst, runs: [...new Set([...this.#report.runs, ...runs])] };
  }

  settle(): void {
    this.#ended.resolve(this.#report);
  }
}
