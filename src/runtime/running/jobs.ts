// A worker's jobs, in the order in which they were declared.
import type { JobEntry } from "./job-entry.ts";

export class Jobs {
  readonly #all: JobEntry[] = [];
  /** Made when somebody asks: most daemons are never asked for a job by its name. */
  #byName: Map<string, JobEntry> | null = null;

  get all(): readonly JobEntry[] {
    return this.#all;
  }

  add(entry: JobEntry): void {
    this.#all.push(entry);
    this.#byName?.set(entry.definition.name, entry);
  }

  named(name: string): JobEntry | undefined {
    this.#byName ??= new Map(this.#all.map((entry) => [entry.definition.name, entry]));
    return this.#byName.get(name);
  }
}
