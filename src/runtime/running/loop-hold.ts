// Jobs that only somebody else can wake: one that the worker before still runs, and one that is always on but paused. Nothing of
// theirs is in the event loop, and a worker that has no others is to live for them all the same.
import { longestTimerMs } from "../clock.ts";
import type { JobEntry } from "./job-entry.ts";

export class LoopHold {
  readonly #waiting = new Set<JobEntry>();
  #timer: Timer | undefined;

  /** To be called when a job may have become such a one, or is one no longer. */
  look(entry: JobEntry): void {
    if (entry.held || (entry.isAlways && entry.pausedAtMs !== null)) this.#waiting.add(entry);
    else if (!this.#waiting.delete(entry)) return;
    if (this.#waiting.size === 0) this.end();
    else this.#timer ??= setInterval(() => {}, longestTimerMs);
  }

  end(): void {
    this.#waiting.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
