// What is due next: a heap over due times. Equal times come out in the order in which they were put in, so that jobs
// of one minute start in the order in which their module declares them.

import TinyQueue from "tinyqueue";

export interface Due<T> {
  dueMs: number;
  value: T;
}

type Entry<T> = Due<T> & { order: number };

export class DueQueue<T> {
  readonly #heap = new TinyQueue<Entry<T>>([], (a, b) => a.dueMs - b.dueMs || a.order - b.order);
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  push(dueMs: number, value: T): void {
    this.#order += 1;
    this.#heap.push({ dueMs, value, order: this.#order });
  }

  peek(): Due<T> | undefined {
    return this.#heap.peek();
  }

  pop(): Due<T> | undefined {
    return this.#heap.pop();
  }
}
