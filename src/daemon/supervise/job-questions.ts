// Asking a worker for its jobs, and not waiting for one that blocks its event loop.
import type { JobStatus } from "../../control/messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

const patienceMs = 1_000;

export class JobQuestions {
  readonly #open = new Map<number, (jobs: readonly JobStatus[] | null) => void>();
  #lastId = 0;

  /** @returns null if it did not answer in time; no jobs if there is no worker, or a program in its place */
  async ask(worker: WorkerProcess | undefined): Promise<readonly JobStatus[] | null> {
    if (worker === undefined || worker.isCommand) return [];
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<readonly JobStatus[] | null>();
    const timer = setTimeout(() => resolve(null), patienceMs);
    this.#open.set(id, resolve);
    worker.tell({ type: "status", id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#open.delete(id);
    }
  }

  answer(id: number, jobs: readonly JobStatus[]): void {
    this.#open.get(id)?.(jobs);
  }
}
