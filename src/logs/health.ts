// The state of all that a process logs, put together from its parts: one that is in trouble is enough. Pure.
import { allWell, type LogState, Trouble } from "./trouble.ts";

export class Health {
  readonly #parts = new Set<Trouble>();
  /** Of parts that are no more. */
  #lostBefore = 0;
  readonly #changed: (state: LogState) => void;

  constructor(changed: (state: LogState) => void) {
    this.#changed = changed;
  }

  part(): Trouble {
    const part = new Trouble(() => this.#changed(this.state));
    this.#parts.add(part);
    return part;
  }

  /** A part is no more: what it has lost still counts. */
  release(part: Trouble): void {
    this.#lostBefore += part.state.lostLines;
    this.#parts.delete(part);
  }

  get state(): LogState {
    const { state, reason, lostLines } = joined([...this.#parts].map((part) => part.state));
    return { state, reason, lostLines: lostLines + this.#lostBefore };
  }
}

/** Of several: the first reason, and all lines that were lost. */
export function joined(states: readonly LogState[]): LogState {
  const worst = states.find(({ state }) => state === "degraded") ?? allWell;
  return { ...worst, lostLines: states.reduce((sum, { lostLines }) => sum + lostLines, 0) };
}
