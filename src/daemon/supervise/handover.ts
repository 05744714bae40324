// Handing the schedule from one worker to the next, so that no time is run twice and none is passed over: the old one says
// up to when the times are its own, and only then the new one begins.
import type { WorkerProcess } from "./worker-process.ts";

/** Who takes over as soon as the worker before has given up the schedule. */
export interface Heir {
  readonly from: number;
  readonly to: number;
}

export class Handover {
  readonly #workers: ReadonlyMap<number, WorkerProcess>;
  heir: Heir | null = null;

  constructor(workers: ReadonlyMap<number, WorkerProcess>) {
    this.#workers = workers;
  }

  /**
   * @param from null: there was nobody before
   * @param patienceMs how long the old worker may take to end
   */
  begin(from: number | null, to: number, patienceMs: number): void {
    const old = from === null ? undefined : this.#workers.get(from);
    if (old === undefined || from === null) {
      this.#workers.get(to)?.tell({ type: "takeOver", fromMs: null, running: [] });
      return;
    }
    this.heir = { from, to };
    old.tell({ type: "yield" });
    old.after(patienceMs, () => old.signal("SIGKILL"));
  }

  /** @param fromMs null: the worker before died, and took its last times with it */
  complete(from: number, fromMs: number | null, running: readonly string[]): void {
    const heir = this.heir;
    if (heir?.from !== from) return;
    this.heir = null;
    this.#workers.get(heir.to)?.tell({ type: "takeOver", fromMs, running });
  }
}
