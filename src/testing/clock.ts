// The clock of a test: Date tells it, and with fake timers those of bun:test go along with it.
import { jest, setSystemTime } from "bun:test";
import type { Clock } from "../runtime/clock.ts";
import { StillClock } from "./still-clock.ts";

export class TestClock extends StillClock {
  readonly #fakeTimers: boolean;
  readonly #quiet: () => Promise<void>;
  /** Of who only has a look at the clock then: they may as well go off earlier. */
  readonly #looks = new Map<() => void, () => void>();
  #moving: Promise<void> = Promise.resolve();

  /** @param quiet waits until what is going on has got as far as it can without the time's passing */
  constructor(startMs: number, fakeTimers: boolean, quiet: () => Promise<void>) {
    super(startMs);
    this.#fakeTimers = fakeTimers;
    this.#quiet = quiet;
    if (fakeTimers) jest.useFakeTimers({ now: startMs });
    else this.#show();
  }

  /** The same clock, for who looks at it again whenever a timer of his goes off. */
  readonly looking: Clock = {
    now: () => this.now(),
    monotonic: () => this.monotonic(),
    slept: () => this.slept(),
    random: () => this.random(),
    after: (delayMs, call) => this.#afterOrEarlier(delayMs, call),
    at: (timeMs, call) => this.at(timeMs, call),
  };

  /** As the machine's, in whole milliseconds. */
  override after(delayMs: number, call: () => void): () => void {
    return super.after(Math.ceil(delayMs), call);
  }

  /** Time passes, for one caller after the other. @param durationMs how much, when it is this one's turn */
  passNext(durationMs: () => number): Promise<void> {
    return this.#next(() => this.pass(durationMs()));
  }

  /** The wall clock is set, or the machine sleeps. A real one notices that within a minute, and this one at once. */
  shiftNext(byMs: number, sleptMs: number): Promise<void> {
    return this.#next(async () => {
      await this.quiet();
      this.shift(byMs, sleptMs);
      this.#show();
      for (const [call, cancel] of [...this.#looks]) {
        cancel();
        call();
      }
      await this.pass(0);
    });
  }

  /** Before anything has happened: it is another time. */
  set(timeMs: number): void {
    this.shift(timeMs - this.now(), 0);
    this.#show();
  }

  /** Date and timers are the machine's again. */
  restore(): void {
    if (this.#fakeTimers) jest.useRealTimers();
    setSystemTime();
  }

  protected override quiet(): Promise<void> {
    return this.#quiet();
  }

  protected override async passUntil(monotonicMs: number): Promise<boolean> {
    if (!this.#fakeTimers) return await super.passUntil(monotonicMs);
    let isThere = false;
    const sentinel = setTimeout(() => {
      isThere = true;
    }, monotonicMs - this.monotonic());
    while (!isThere) {
      const beforeMs = Date.now();
      jest.advanceTimersToNextTimer();
      this.move(Date.now() - beforeMs);
      if (isThere) break;
      await this.quiet();
      if ((this.nextMs ?? monotonicMs) >= monotonicMs) continue;
      clearTimeout(sentinel);
      return true;
    }
    // Of timers that are due together, those that were set later.
    jest.advanceTimersByTime(0);
    return false;
  }

  protected override move(byMs: number): void {
    super.move(byMs);
    if (!this.#fakeTimers) this.#show();
  }

  #next(move: () => Promise<void>): Promise<void> {
    const moved = this.#moving.then(move);
    this.#moving = moved.catch(() => {});
    return moved;
  }

  #afterOrEarlier(delayMs: number, call: () => void): () => void {
    const once = () => {
      this.#looks.delete(once);
      call();
    };
    const cancelTimer = this.after(delayMs, once);
    const cancel = () => {
      this.#looks.delete(once);
      cancelTimer();
    };
    this.#looks.set(once, cancel);
    return cancel;
  }

  #show(): void {
    const time = new Date(this.now());
    if (this.#fakeTimers) jest.setSystemTime(time);
    else setSystemTime(time);
  }
}
