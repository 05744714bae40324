// Handing the schedule from one worker to the next, so that no time is run twice and none is passed over: the old one says
// up to when the times are its own, and only then the new one begins. What several old ones still run, one after another,
// stays theirs until each of them has told its end.
import type { ToWorker } from "../../runtime/link.ts";

/** The part of a worker that is needed here. */
export interface Party {
  readonly generation: number;
  readonly pid: number;
  tell(message: ToWorker): void;
  signal(name: string): void;
  after(delayMs: number, call: () => void): void;
}

/** Who takes over as soon as the worker before has given up the schedule. */
interface Heir {
  readonly from: number;
  readonly to: number;
}

/** What is on its way from worker to worker, as plain data. */
export interface HandoverMemory {
  readonly heir: Heir | null;
  readonly running: ReadonlyArray<readonly [worker: number, jobs: readonly string[]]>;
}

export class Handover {
  readonly #workers: ReadonlyMap<number, Party>;
  #heir: Heir | null = null;
  /** The jobs that a worker still runs on old code. */
  readonly #running = new Map<number, Set<string>>();

  constructor(workers: ReadonlyMap<number, Party>) {
    this.#workers = workers;
  }

  /**
   * @param from null: there was nobody before
   * @param patienceMs how long the old worker may take to end
   */
  begin(from: number | null, to: number, patienceMs: number): void {
    // One that was to take over has died, and the worker before has not given up the schedule yet.
    if (from === null && this.#heir !== null && this.#workers.has(this.#heir.from)) {
      this.#heir = { from: this.#heir.from, to };
      return;
    }
    const old = from === null ? undefined : this.#workers.get(from);
    if (old === undefined || from === null) {
      this.#give(to, null);
      return;
    }
    // Who is replaced before it has come to schedule anything has nothing to give up.
    this.#heir = { from: this.#heir?.to === from ? this.#heir.from : from, to };
    old.tell({ type: "yield" });
    old.after(patienceMs, () => old.signal("SIGKILL"));
  }

  get memory(): HandoverMemory {
    return { heir: this.#heir, running: [...this.#running].map(([worker, jobs]) => [worker, [...jobs]]) };
  }

  resume({ heir, running }: HandoverMemory): void {
    this.#heir = heir;
    for (const [worker, jobs] of running) this.#running.set(worker, new Set(jobs));
  }

  /** A worker schedules nothing after `atMs`, and still runs these. */
  yielded(from: number, atMs: number, running: readonly string[]): void {
    this.#running.set(from, new Set(running));
    this.#complete(from, atMs);
  }

  /** @param to who schedules now */
  runEnded(from: number, job: string, to: number | null): void {
    if (this.#running.get(from)?.delete(job)) this.#release([job], to);
  }

  /** A worker is gone, and whatever it ran. One that died before it yielded took its last times with it. */
  gone(from: number, to: number | null): void {
    const jobs = this.#running.get(from) ?? [];
    this.#running.delete(from);
    this.#release(jobs, to);
    this.#complete(from, null);
  }

  #complete(from: number, fromMs: number | null): void {
    const heir = this.#heir;
    if (heir?.from !== from) return;
    this.#heir = null;
    this.#give(heir.to, fromMs);
  }

  #give(to: number, fromMs: number | null): void {
    this.#workers
      .get(to)
      ?.tell({ type: "takeOver", fromMs, running: [...this.#held()], workers: this.#others(to) });
  }

  #release(jobs: Iterable<string>, to: number | null): void {
    const held = this.#held();
    const worker = to === null ? undefined : this.#workers.get(to);
    for (const job of jobs)
      if (!held.has(job)) worker?.tell({ type: "released", job, workers: this.#others(worker.generation) });
  }

  /** The pids of those that still end their runs. */
  #others(than: number): number[] {
    return [...this.#workers.values()].filter(({ generation }) => generation !== than).map(({ pid }) => pid);
  }

  #held(): ReadonlySet<string> {
    return new Set([...this.#running.values()].flatMap((jobs) => [...jobs]));
  }
}
