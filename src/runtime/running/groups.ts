// Concurrency groups: how many runs of a group's jobs go on, and who waits for a place, first come first served.
import type { Run } from "./run.ts";

export class Groups {
  readonly #groups = new Map<string, { going: number; readonly waiting: Run[] }>();

  /** @returns whether it may go on now; if not, `leave` hands it out later */
  enter(run: Run): boolean {
    const { concurrency } = run.entry.definition.policies;
    if (concurrency === null) return true;
    const group = this.#groupOf(concurrency.group);
    if (group.going < concurrency.maximum && group.waiting.length === 0) {
      group.going += 1;
      return true;
    }
    group.waiting.push(run);
    return false;
  }

  /** @returns those that go on in its place */
  leave(run: Run): Run[] {
    const { concurrency } = run.entry.definition.policies;
    if (concurrency === null) return [];
    const group = this.#groupOf(concurrency.group);
    group.going -= 1;
    const next: Run[] = [];
    for (let [first] = group.waiting; first !== undefined; [first] = group.waiting) {
      if (group.going >= (first.entry.definition.policies.concurrency?.maximum ?? 1)) break;
      group.waiting.shift();
      group.going += 1;
      next.push(first);
    }
    return next;
  }

  /** It waits no more. */
  forget(run: Run): void {
    for (const { waiting } of this.#groups.values()) {
      const at = waiting.indexOf(run);
      if (at >= 0) waiting.splice(at, 1);
    }
  }

  #groupOf(name: string) {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { going: 0, waiting: [] };
      this.#groups.set(name, group);
    }
    return group;
  }
}
