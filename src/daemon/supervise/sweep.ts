// Ends what dead workers left behind: TERM first, KILL for whoever is still there when the time is up. Where no worker is
// left, that is everything; while another one works, only what is known to be the dead one's.
import { readFileSync } from "node:fs";
import { parseStat } from "../finding/process-table.ts";
import type { KillMode } from "../spec.ts";
import type { StopStep } from "../stopping/stop-schedule.ts";
import { type Descendant, leftovers, signalAll } from "./descendants.ts";

const pollMs = 5;
/** How long a leftover has between TERM and KILL. */
const longestMs = 2_000;

/** What is not reaped stays in the list: whoever owns this reaps before each look. */
export class Sweep {
  readonly #killMode: KillMode;
  /** The pids that are no leftovers. */
  readonly #workers: () => ReadonlySet<number>;
  readonly #reap: () => void;
  readonly #swept: (left: readonly number[]) => void;
  #deadlineMs: number | null = null;
  #timer: Timer | undefined;
  /** Process groups of workers that are dead. A group's number is not given anew while it has members. */
  readonly #groups = new Set<number>();
  /** Children that a retired worker left, until they are reaped. */
  readonly #left = new Set<number>();

  constructor(
    killMode: KillMode,
    workers: () => ReadonlySet<number>,
    calls: { readonly reap: () => void; readonly swept: (left: readonly number[]) => void },
  ) {
    this.#killMode = killMode;
    this.#workers = workers;
    this.#reap = calls.reap;
    this.#swept = calls.swept;
  }

  /** @param allowedMs how long they may take after TERM, within limits; 0: KILL at once; null: as long as is usual */
  begin(allowedMs: number | null): void {
    const patienceMs = Math.min(longestMs, allowedMs ?? longestMs);
    this.#deadlineMs = performance.now() + patienceMs;
    if (patienceMs > 0) signalAll(this.#leftovers(), "SIGTERM");
    this.look();
  }

  /** Called whenever something has been reaped. */
  look(): void {
    if (this.#deadlineMs === null) return;
    clearTimeout(this.#timer);
    const found = this.#leftovers();
    const isOver = performance.now() >= this.#deadlineMs;
    const denied = isOver ? signalAll(found, "SIGKILL") : [];
    // What may not be ended is not waited for.
    if (found.length === denied.length) {
      this.#deadlineMs = null;
      this.#groups.clear();
      this.#swept(denied);
      return;
    }
    this.#timer = setTimeout(this.#reap, pollMs);
  }

  /** A worker has been reaped. */
  ended(pid: number): void {
    if (this.#killMode === "group") this.#groups.add(pid);
  }

  /** A worker has ended while another one works on: ends the children that it told of, and its group. */
  retired(
    { pid, children }: { readonly pid: number; readonly children: readonly number[] },
    { waitMs: allowedMs }: Pick<StopStep, "waitMs"> = { waitMs: null },
  ): void {
    if (this.#killMode === "worker") return;
    const own = this.#killMode === "all" ? new Set(children) : new Set<number>();
    const found = this.#roots(pid, own);
    for (const root of found) this.#left.add(root);
    const end = (signal: string) => {
      const all = leftovers(this.#workers());
      signalAll(below(all, this.#left), signal);
    };
    if (found.length === 0) return;
    end("SIGTERM");
    setTimeout(() => end("SIGKILL"), Math.min(longestMs, allowedMs ?? longestMs));
  }

  /** Any child, which its number does not mean any more. */
  reaped(pid: number): void {
    this.#left.delete(pid);
  }

  #roots(group: number, children: ReadonlySet<number>): number[] {
    return leftovers(this.#workers())
      .filter(({ pid, parent }) => parent === null && (children.has(pid) || groupOf(pid) === group))
      .map(({ pid }) => pid);
  }

  #leftovers(): Descendant[] {
    if (this.#killMode === "worker") return [];
    const all = leftovers(this.#workers());
    if (this.#killMode === "all") return all;
    return all.filter(({ pid }) => this.#groups.has(groupOf(pid) ?? 0));
  }
}

/** Those processes, and what descends from them. */
function below(descendants: readonly Descendant[], roots: ReadonlySet<number>): Descendant[] {
  const found = new Set<number>();
  return descendants.filter(({ pid, parent }) => {
    const belongs = parent === null ? roots.has(pid) : found.has(parent);
    if (belongs) found.add(pid);
    return belongs;
  });
}

function groupOf(pid: number): number | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")).pgid;
  } catch {
    return null;
  }
}
