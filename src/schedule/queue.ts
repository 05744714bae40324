// What is due next: a heap of due times, and for each of them what is due then. Equal times come out in the order in which
// they were put in, so that jobs of one minute start in the order in which their module declares them.

import TinyQueue from "tinyqueue";

export interface Due<T> {
  readonly dueMs: number;
  readonly values: readonly T[];
}

export class DueQueue<T> {
  // Many jobs share few times: ten thousand of one minute are one entry of the heap.
  readonly #times = new TinyQueue<number>([], (a, b) => a - b);
  readonly #values = new Map<number, T[]>();

  push(dueMs: number, value: T): void {
    const values = this.#values.get(dueMs);
    if (values !== undefined) {
      values.push(value);
      return;
    }
    this.#values.set(dueMs, [value]);
    this.#times.push(dueMs);
  }

  /** The earliest time; undefined: nothing is due. */
  peek(): number | undefined {
    return this.#times.peek();
  }

  pop(): Due<T> | undefined {
    const dueMs = this.#times.pop();
    if (dueMs === undefined) return undefined;
    const values = this.#values.get(dueMs) ?? [];
    this.#values.delete(dueMs);
    return { dueMs, values };
  }
}
