// One descriptor of the log: each line is one write(2), so that what was written is there even after SIGKILL, and in the order in
// which anything else writes to the same descriptor. What can't be written is counted, and told when the next line can.
import { errnoNumbers, SystemError } from "../libc/error.ts";
import { type Written, writeBuffer, writeString } from "../libc/write.ts";
import type { Trouble } from "./trouble.ts";

/** Watches over the file behind a descriptor. */
export interface FileWatch {
  /** From then on (wall clock) it wants to be asked before a write. */
  readonly dueMs: number;
  /** Why nothing is to be written now; null: it may be. */
  readonly blocked: string | null;
  look(nowMs: number): void;
  /** So many bytes were written. */
  grown(bytes: number, nowMs: number): void;
}

/** The calls that a test may want to fail. */
export interface StreamSystem {
  writeString(descriptor: number, head: string, text: string, tail: string): number | Written;
  writeBuffer(descriptor: number, bytes: Uint8Array, offset: number): number | Written;
  pause(ms: number): void;
}

const longestPauses = 50;
const pauseMs = 5;
const newline = 10;

export class LogStream {
  readonly descriptor: number;
  readonly #watch: FileWatch | null;
  readonly #trouble: Trouble;
  readonly #note: (nowMs: number, message: string) => string;
  readonly #system: StreamSystem;
  /** A line was cut off in the middle. */
  #isCut = false;

  /** @param note what a record of djob's own looks like */
  constructor(
    descriptor: number,
    watch: FileWatch | null,
    trouble: Trouble,
    note: (nowMs: number, message: string) => string,
    system: StreamSystem = realSystem,
  ) {
    this.descriptor = descriptor;
    this.#watch = watch;
    this.#trouble = trouble;
    this.#note = note;
    this.#system = system;
  }

  /**
   * Writes whole lines. They begin with a head that many have in common, and end with a tail of ASCII. A full disk loses them, never the
   * daemon: the jobs are worth more than their log.
   */
  write(text: string, nowMs: number, head = "", tail = ""): void {
    if (this.#mayWrite(nowMs) && !this.#trouble.isDegraded && !this.#isCut) {
      const result = this.#system.writeString(this.descriptor, head, text, tail);
      if (typeof result === "number") {
        this.#watch?.grown(result, nowMs);
        return;
      }
      this.#finish(Buffer.from(head + text + tail), result, nowMs);
      return;
    }
    this.#writeAgain(Buffer.from(head + text + tail), nowMs);
  }

  /** Writes bytes as they are. */
  writeBytes(bytes: Uint8Array, nowMs: number): void {
    this.#mayWrite(nowMs);
    this.#writeAgain(bytes, nowMs);
  }

  #mayWrite(nowMs: number): boolean {
    if (this.#watch === null) return true;
    if (nowMs >= this.#watch.dueMs) this.#watch.look(nowMs);
    return this.#watch.blocked === null;
  }

  #writeAgain(bytes: Uint8Array, nowMs: number): void {
    const blocked = this.#watch?.blocked ?? null;
    if (blocked !== null) {
      this.#trouble.begin(blocked, linesIn(bytes), nowMs);
      return;
    }
    const { epitaph } = this.#trouble;
    const told = epitaph === null ? "" : this.#note(nowMs, epitaph);
    const before = Buffer.from(`${this.#isCut ? "\n" : ""}${told}`);
    const all = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
    const result = this.#system.writeBuffer(this.descriptor, all, 0);
    if (typeof result === "number") this.#written(result, nowMs);
    else this.#finish(all, result, nowMs, before.length);
  }

  /** @param own how many bytes at the beginning are djob's words on what was lost before */
  #finish(bytes: Uint8Array, first: Written, nowMs: number, own = 0): void {
    let result: number | Written = first;
    // A terminal or pipe that was set to non-blocking and whose reader is slow. One that does not read at all is not waited for again.
    for (let pauses = 0; typeof result !== "number"; pauses += 1) {
      const patience = this.#trouble.isDegraded ? 0 : longestPauses;
      if (result.errno !== errnoNumbers.EAGAIN || pauses >= patience) break;
      this.#system.pause(pauseMs);
      result = this.#system.writeBuffer(this.descriptor, bytes, result.bytes);
    }
    if (typeof result === "number") {
      this.#written(result, nowMs);
      return;
    }
    this.#watch?.grown(result.bytes, nowMs);
    const taken = bytes.subarray(0, result.bytes);
    if (result.bytes > 0) this.#isCut = taken.at(-1) !== newline;
    if (own > 0 && result.bytes >= own) this.#trouble.end();
    const rest = bytes.subarray(Math.max(own, result.bytes));
    // A line that lacks nothing but its end gets that before the next one.
    const isWhole = this.#isCut && rest[0] === newline;
    this.#trouble.begin(reasonOf(result.errno), linesIn(rest) - (isWhole ? 1 : 0), nowMs);
  }

  #written(bytes: number, nowMs: number): void {
    this.#isCut = false;
    this.#watch?.grown(bytes, nowMs);
    this.#trouble.end();
  }
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines += 1;
  return bytes.at(-1) === newline || bytes.length === 0 ? lines : lines + 1;
}

function reasonOf(errno: number): string {
  if (errno === errnoNumbers.EAGAIN) return "nobody reads it";
  const { message, code } = new SystemError({ syscall: "write", errno, action: "write to it" });
  return `${message} (${code})`;
}

const realSystem: StreamSystem = {
  writeString,
  writeBuffer,
  pause: (ms) => {
    Bun.sleepSync(ms);
  },
};
