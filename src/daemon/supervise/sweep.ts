// Ends what dead workers left behind: TERM first, KILL for whoever is still there when the time is up.
import type { KillMode } from "../spec.ts";
import { leftovers, signalAll } from "./descendants.ts";

const pollMs = 5;
/** How long a leftover has between TERM and KILL. */
const longestMs = 2_000;

/** What is not reaped stays in the list: whoever owns this reaps before each look. */
export class Sweep {
  readonly #killMode: KillMode;
  /** The pids that are no leftovers. */
  readonly #workers: () => ReadonlySet<number>;
  readonly #reap: () => void;
  readonly #swept: () => void;
  #deadlineMs: number | null = null;
  #timer: Timer | undefined;

  constructor(
    killMode: KillMode,
    workers: () => ReadonlySet<number>,
    calls: { readonly reap: () => void; readonly swept: () => void },
  ) {
    this.#killMode = killMode;
    this.#workers = workers;
    this.#reap = calls.reap;
    this.#swept = calls.swept;
  }

  /** @param allowedMs how long they may take after TERM, within limits; 0: KILL at once; null: as long as is usual */
  begin(allowedMs: number | null): void {
    const patienceMs = Math.min(longestMs, allowedMs ?? longestMs);
    this.#deadlineMs = performance.now() + patienceMs;
    if (patienceMs > 0) signalAll(this.#leftovers(), "SIGTERM");
    this.look();
  }

  /** Called whenever something has been reaped. */
  look(): void {
    if (this.#deadlineMs === null) return;
    clearTimeout(this.#timer);
    const found = this.#leftovers();
    if (found.length === 0) {
      this.#deadlineMs = null;
      this.#swept();
      return;
    }
    if (performance.now() >= this.#deadlineMs) signalAll(found, "SIGKILL");
    this.#timer = setTimeout(this.#reap, pollMs);
  }

  #leftovers() {
    return this.#killMode === "all" ? leftovers(this.#workers()) : [];
  }
}
