// How much memory a thread has. Its share of what the whole process has grown by is watched, by the pages that each thread has touched
// first (its page faults, proc_pid_stat(5)). When that is too much, the thread is asked: it collects its garbage and tells what is left
// of its heap, and that counts. If its event loop does not turn, because the handler computes, the share does (Linux only).
import { readFileSync } from "node:fs";
import { formatMegabytes } from "../size.ts";

const lookEveryMs = 50;
/** Every so many looks the thread is asked in any case, for what it knows without collecting. */
const looksUntilAsked = 10;
/** How long a thread that seems to have too much may take for its answer, unless it seems to have this many times too much. */
const answerMs = 500;
const evidentTimes = 2;

interface Faults {
  readonly own: number;
  readonly main: number;
}

/** Of all threads that there are, watched or not: what one of them touches is not another's. */
const living = new Set<ThreadMemory>();

export class ThreadMemory {
  /** The kernel's; null: it is not known (yet). */
  #threadId: number | null = null;
  readonly #ask: (id: number, collect: boolean) => void;
  #ownFaults = 0;
  #question = 0;
  /** When it was asked to collect and tell; null: it has answered. */
  #askedMs: number | null = null;
  #looks = 0;
  /** What it has told last, and what the process and its threads had then. */
  #toldBytes = 0;
  #baseBytes = 0;
  #baseFaults: Faults | null = null;
  #others = new Map<ThreadMemory, number>();
  #over: (what: string) => void = () => {};
  #limitBytes = 0;

  /** @param ask to be answered by `measured` with the same id */
  constructor(ask: (id: number, collect: boolean) => void) {
    this.#ask = ask;
  }

  /** It has begun, and has run nothing yet. */
  began(threadId: number | null): void {
    this.#threadId = threadId;
    this.#setBase();
    const own = this.#lookAtOwn();
    for (const other of living) other.#others.set(this, own);
    living.add(this);
  }

  /** It is no more; what it had may still be on its way back. */
  ended(): void {
    living.delete(this);
    this.#lookAtOwn();
    this.#threadId = null;
  }

  /** The pages that it has touched, as far as it was looked at. */
  #lookAtOwn(): number {
    if (this.#threadId !== null) this.#ownFaults = faultsOf(this.#threadId) ?? this.#ownFaults;
    return this.#ownFaults;
  }

  watch(limitBytes: number, over: (what: string) => void): () => void {
    this.#limitBytes = limitBytes;
    this.#toldBytes = 0;
    this.#askedMs = null;
    this.#looks = 0;
    this.#setBase();
    const stop = () => {
      clearInterval(timer);
      this.#over = () => {};
    };
    this.#over = (what) => {
      stop();
      over(what);
    };
    const timer = setInterval(() => this.#look(), lookEveryMs);
    return stop;
  }

  measured(id: number, bytes: number): void {
    if (id !== this.#question) return;
    if (this.#askedMs !== null) {
      this.#askedMs = null;
      this.#toldBytes = bytes;
      this.#setBase();
    }
    this.#judge(bytes);
  }

  #look(): void {
    this.#looks += 1;
    const bytes = this.#toldBytes + this.#grownBytes();
    if (this.#askedMs !== null) {
      const isSure = bytes > evidentTimes * this.#limitBytes || performance.now() - this.#askedMs >= answerMs;
      if (isSure && this.#baseFaults !== null) this.#judge(bytes);
    } else if (bytes > this.#limitBytes) {
      this.#askedMs = performance.now();
      this.#ask(this.#next(), true);
    } else if (this.#looks % looksUntilAsked === 0) {
      this.#ask(this.#next(), false);
    }
  }

  #next(): number {
    this.#question += 1;
    return this.#question;
  }

  #judge(bytes: number): void {
    if (bytes <= this.#limitBytes) return;
    this.#over(
      `it had ${formatMegabytes(bytes)} of memory, and may have ${formatMegabytes(this.#limitBytes)}`,
    );
  }

  #setBase(): void {
    this.#baseBytes = residentBytes();
    this.#baseFaults = this.#faults();
    this.#others = new Map([...living].map((other) => [other, other.#lookAtOwn()]));
  }

  #grownBytes(): number {
    const grown = Math.max(0, residentBytes() - this.#baseBytes);
    const faults = this.#faults();
    // Reason enough to ask it.
    if (faults === null || this.#baseFaults === null) return grown;
    const own = faults.own - this.#baseFaults.own;
    let all = own + faults.main - this.#baseFaults.main;
    for (const [other, before] of this.#others)
      if (other !== this) all += Math.max(0, other.#lookAtOwn() - before);
    // What it did not touch it has not got.
    return all <= 0 ? 0 : grown * (own / all);
  }

  #faults(): Faults | null {
    if (this.#threadId === null) return null;
    const own = faultsOf(this.#threadId);
    const main = faultsOf(process.pid);
    return own === null || main === null ? null : { own, main };
  }
}

/** Minor page faults of a thread of this process. */
function faultsOf(thread: number): number | null {
  try {
    const text = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[7]);
  } catch {
    return null;
  }
}

/** Of the whole process; 0 where nobody knows, as after a chroot without /proc. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
