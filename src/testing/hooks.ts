// Knows which hooks are still at work, so that a test can wait for them.
import type { Hooks, RunEvent } from "djob";

export class HookWatch {
  readonly #pending = new Set<Promise<unknown>>();

  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** None of those that are at work is waited for any more. */
  forget(): void {
    this.#pending.clear();
  }

  /** The same hooks, whose ends are known. */
  watched(hooks: Hooks): Hooks {
    const entries = Object.entries(hooks) as Array<[string, (event: RunEvent) => unknown]>;
    return Object.fromEntries(
      entries.map(([name, hook]) => [name, (event: RunEvent) => this.#call(hook, event)]),
    );
  }

  #call(hook: (event: RunEvent) => unknown, event: RunEvent): unknown {
    const returned = hook(event);
    if (!(returned instanceof Promise)) return returned;
    this.#pending.add(returned);
    const forget = () => void this.#pending.delete(returned);
    returned.then(forget, forget);
    return returned;
  }
}
