// The runs of one job that are going on: one as a rule, and of a hundred thousand jobs each has such a set. A Set takes ten times
// the memory.

export class RunSet<Run extends object> {
  #only: Run | null = null;
  /** All of them, where there are several. */
  #several: Set<Run> | null = null;

  get size(): number {
    if (this.#several !== null) return this.#several.size;
    return this.#only === null ? 0 : 1;
  }

  add(run: Run): void {
    if (this.#several !== null) this.#several.add(run);
    else if (this.#only === null || this.#only === run) this.#only = run;
    else {
      this.#several = new Set([this.#only, run]);
      this.#only = null;
    }
  }

  delete(run: Run): void {
    if (this.#several !== null) {
      this.#several.delete(run);
      if (this.#several.size === 0) this.#several = null;
    } else if (this.#only === run) this.#only = null;
  }

  /** In the order in which they were added. */
  [Symbol.iterator](): IterableIterator<Run> {
    return this.#several?.values() ?? (this.#only === null ? [] : [this.#only]).values();
  }
}
