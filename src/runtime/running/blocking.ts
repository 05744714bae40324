// Which run blocks the event loop, and for how long. A handler's first stretch, up to its first await, is measured exactly. For
// later ones a beat, which only goes while runs do, notices that it came late: then a run is named that was going on.
import { quietClock } from "../clock.ts";
import type { Journal, RunIdentity } from "../journal.ts";
import type { Runner, RunWatch } from "./runner.ts";

export interface Block {
  /** Those that it may have been; one if it is known. */
  readonly jobs: readonly string[];
  readonly durationMs: number;
  /** Whether it is known to be that run, and not other code of the process. */
  readonly isSure: boolean;
}

export interface BeatClock {
  monotonic(): number;
  /** Must hold no event loop. @returns how to call it off */
  after(delayMs: number, call: () => void): () => void;
}

/** A block that is shorter is nobody's business. */
const longestBlockMs = 1_000;
/** While all is well, the beat slows down from the first to the second: an `always` job that waits costs no more than that. */
const shortestBeatMs = 250;
const longestBeatMs = 2_000;
const beatsUntilSlower = 40;
/** Later than this is worth a closer look. */
const suspiciousMs = 100;

export class BlockWatch implements RunWatch {
  readonly #clock: BeatClock;
  readonly #tell: (block: Block) => void;
  readonly #going = new Set<RunIdentity>();
  readonly #told = new WeakSet<RunIdentity>();
  #enteredMs = 0;
  #beatMs = shortestBeatMs;
  #beats = 0;
  /** The last beat, later by what is accounted for. */
  #sinceMs = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: BeatClock, tell: (block: Block) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  began(run: RunIdentity): void {
    const nowMs = this.#clock.monotonic();
    if (this.#cancel === null) this.#arm(nowMs);
    else this.#notice(nowMs);
    this.#going.add(run);
    this.#enteredMs = nowMs;
  }

  returned(run: RunIdentity): void {
    const durationMs = this.#clock.monotonic() - this.#enteredMs;
    this.#sinceMs += durationMs;
    if (durationMs > longestBlockMs) this.#name([run], durationMs, true);
  }

  ended(run: RunIdentity): void {
    // One that ran elsewhere.
    if (!this.#going.has(run)) return;
    this.#notice(this.#clock.monotonic());
    this.#going.delete(run);
  }

  #arm(nowMs: number): void {
    this.#cancel?.();
    this.#sinceMs = nowMs;
    this.#cancel = this.#clock.after(this.#beatMs, () => this.#beat());
  }

  #beat(): void {
    const nowMs = this.#clock.monotonic();
    this.#notice(nowMs);
    this.#cancel = null;
    if (this.#going.size === 0) return;
    const isSuspicious = nowMs - this.#sinceMs - this.#beatMs > suspiciousMs;
    this.#beats = isSuspicious ? 0 : this.#beats + 1;
    if (isSuspicious) this.#beatMs = shortestBeatMs;
    else if (this.#beats % beatsUntilSlower === 0) this.#beatMs = Math.min(this.#beatMs * 2, longestBeatMs);
    this.#arm(nowMs);
  }

  /** What is late is at least as long as the block was: the rest of the beat may belong to it or not. */
  #notice(nowMs: number): void {
    const lateMs = nowMs - this.#sinceMs - this.#beatMs;
    if (lateMs <= longestBlockMs) return;
    this.#beatMs = shortestBeatMs;
    this.#beats = 0;
    this.#arm(nowMs);
    this.#name([...this.#going], lateMs, false);
  }

  /** A run is named once: one that was named before is likely to be it again. */
  #name(runs: readonly RunIdentity[], durationMs: number, isSure: boolean): void {
    if (runs.length === 0 || runs.some((run) => this.#told.has(run))) return;
    for (const run of runs) this.#told.add(run);
    this.#tell({ jobs: [...new Set(runs.map(({ job }) => job))], durationMs, isSure });
  }
}

/** From now on the log names what blocks. */
export function watchForBlocks(runner: Runner, journal: Journal): void {
  const tell = (block: Block) => {
    const [only = null] = block.jobs.length === 1 ? block.jobs : [];
    journal.write("warn", blockText(block), only);
  };
  runner.watch(new BlockWatch(quietClock, tell));
}

/** @returns the line for the log */
export function blockText({ jobs, durationMs, isSure }: Block): string {
  const forTime = `for ${(durationMs / 1000).toFixed(1)} s`;
  if (isSure)
    return `the run blocked the event loop ${forTime}: other jobs were late; isolate: true gives it a thread of its own`;
  const which = jobs.length === 1 ? "this run was going on" : `these runs were going on: ${jobs.join(", ")}`;
  const advice = "other jobs were late; isolate: true gives a job that computes for long a thread of its own";
  return `the event loop was blocked ${forTime} at least while ${which}; ${advice}`;
}
