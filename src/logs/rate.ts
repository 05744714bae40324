// How many records a second a job may write, so that one that logs without end does not fill the disk. Pure.

interface Flow {
  windowMs: number;
  count: number;
  /** Since it was told that some are left out; null: none are. */
  left: number | null;
}

export interface Admission {
  readonly admitted: boolean;
  /** What is to be said first. */
  readonly note: string | null;
}

const windowLengthMs = 1_000;
const admitted: Admission = { admitted: true, note: null };
const refused: Admission = { admitted: false, note: null };

export class LineRate {
  readonly #perSecond: number;
  readonly #flows = new Map<string | null, Flow>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** One more record. It is told once that some are left out, and how many when the job has kept to the rate again. */
  admit(job: string | null, nowMs: number): Admission {
    const flow = this.#flowOf(job, nowMs);
    if (nowMs - flow.windowMs >= windowLengthMs || nowMs < flow.windowMs) {
      const isCalm = flow.count <= this.#perSecond || nowMs - flow.windowMs >= 2 * windowLengthMs;
      const { left } = flow;
      flow.windowMs = nowMs;
      flow.count = 1;
      if (left === null || !isCalm) return admitted;
      flow.left = null;
      return { admitted: true, note: `${left} lines were left out: more than ${this.#perSecond} a second` };
    }
    flow.count += 1;
    if (flow.count <= this.#perSecond) return admitted;
    if (flow.left !== null) {
      flow.left += 1;
      return refused;
    }
    flow.left = 1;
    const note = `more than ${this.#perSecond} lines a second are logged here: those over it are left out`;
    return { admitted: false, note };
  }

  #flowOf(job: string | null, nowMs: number): Flow {
    const known = this.#flows.get(job);
    if (known !== undefined) return known;
    const flow: Flow = { windowMs: nowMs, count: 0, left: null };
    this.#flows.set(job, flow);
    return flow;
  }
}
