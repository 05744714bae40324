// The daemon's wall clock, which libfaketime has at an offset from the machine's that is read from a file; and what it has shown.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class FakeWallClock {
  readonly #file: string;
  #offsetMs: number;
  /** The earliest and the latest that it has shown. */
  #earliestMs: number;
  #latestMs: number;
  /** How often it was set. */
  steps = 0;

  /** @param startMs what it shows first, to the second */
  constructor(directory: string, startMs: number) {
    this.#file = join(directory, "offset");
    this.#offsetMs = Math.round((startMs - Date.now()) / 1_000) * 1_000;
    this.#earliestMs = this.now;
    this.#latestMs = this.now;
    this.#write();
  }

  /** What the daemon is started with. CLOCK_MONOTONIC stays what it is: a wall clock that is set does not move it. */
  get environment(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: libfaketime(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  get now(): number {
    return Date.now() + this.#offsetMs;
  }

  get earliestMs(): number {
    return this.#earliestMs;
  }

  get latestMs(): number {
    return Math.max(this.#latestMs, this.now);
  }

  /** @param seconds whole ones; negative: back */
  step(seconds: number): void {
    this.#latestMs = this.latestMs;
    this.#offsetMs += seconds * 1_000;
    this.#write();
    this.#earliestMs = Math.min(this.#earliestMs, this.now);
    this.steps += 1;
  }

  #write(): void {
    const seconds = this.#offsetMs / 1_000;
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** @throws {Error} if it is not installed */
function libfaketime(): string {
  for (const machine of ["x86_64-linux-gnu", "aarch64-linux-gnu"]) {
    const path = `/usr/lib/${machine}/faketime/libfaketime.so.1`;
    if (existsSync(path)) return path;
  }
  throw new Error("libfaketime is missing, which sets a daemon's clock: apt-get install libfaketime");
}
