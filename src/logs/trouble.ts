// What has become of lines that could not be written: why, and how many, until they can be again. Pure.
import { isoTime } from "./line.ts";

/** As `djob status` tells it. */
export interface LogState {
  readonly state: "ok" | "degraded";
  /** Why it is degraded. */
  readonly reason: string | null;
  /** Since the process began. */
  readonly lostLines: number;
}

export const allWell: LogState = { state: "ok", reason: null, lostLines: 0 };

const tellEveryMs = 1_000;

export class Trouble {
  readonly #changed: (state: LogState) => void;
  #reason: string | null = null;
  #sinceMs = 0;
  /** Of this trouble. */
  #lost = 0;
  #lostInAll = 0;
  #toldMs = 0;
  #toldLost = 0;

  /** @param changed called at each change of the state; for lines that are lost, once a second */
  constructor(changed: (state: LogState) => void) {
    this.#changed = changed;
  }

  get isDegraded(): boolean {
    return this.#reason !== null;
  }

  get state(): LogState {
    return {
      state: this.#reason === null ? "ok" : "degraded",
      reason: this.#reason,
      lostLines: this.#lostInAll,
    };
  }

  /** @param lines how many were lost; 0: something else than a line failed */
  begin(reason: string, lines: number, nowMs: number): void {
    this.#lost += lines;
    this.#lostInAll += lines;
    if (this.#reason === null) this.#sinceMs = nowMs;
    const isTold = this.#lostInAll === this.#toldLost || nowMs - this.#toldMs < tellEveryMs;
    const isKnown = this.#reason === reason && isTold;
    this.#reason = reason;
    if (isKnown) return;
    this.#toldMs = nowMs;
    this.#toldLost = this.#lostInAll;
    this.#changed(this.state);
  }

  /** @returns what the log is to say of it; null: no line was lost */
  get epitaph(): string | null {
    if (this.#reason === null || this.#lost === 0) return null;
    const lines = this.#lost === 1 ? "1 line was" : `${this.#lost} lines were`;
    return `${lines} lost since ${isoTime(this.#sinceMs)}: ${this.#reason}`;
  }

  end(): void {
    if (this.#reason === null) return;
    this.#reason = null;
    this.#lost = 0;
    this.#changed(this.state);
  }
}
