// The state of all that a process logs, put together from its parts: one that is in trouble is enough. Pure.
import { allWell, type LogState, Trouble } from "./trouble.ts";

export class Health {
  readonly #parts: Trouble[] = [];
  readonly #changed: (state: LogState) => void;

  constructor(changed: (state: LogState) => void) {
    this.#changed = changed;
  }

  part(): Trouble {
    const part = new Trouble(() => this.#changed(this.state));
    this.#parts.push(part);
    return part;
  }

  get state(): LogState {
    return joined(this.#parts.map(({ state }) => state));
  }
}

/** Of several: the first reason, and all lines that were lost. */
export function joined(states: readonly LogState[]): LogState {
  const worst = states.find(({ state }) => state === "degraded") ?? allWell;
  return { ...worst, lostLines: states.reduce((sum, { lostLines }) => sum + lostLines, 0) };
}
