// A clock that stands still until somebody moves it, with the wall clock and the time that has passed apart, as on a machine.
import type { Clock } from "../runtime/clock.ts";

interface Stop {
  readonly atMs: number;
  readonly call: () => void;
}

/** The event loop's own, also where timers are faked. */
const { setImmediate } = globalThis;

/** A turn of the event loop: every promise that could settle has settled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class StillClock implements Clock {
  /** By monotonic time. */
  readonly #timers = new Set<Stop>();
  /** By the wall clock. */
  #alarm: Stop | null = null;
  #wallMs: number;
  #monotonicMs = 0;
  #sleptMs = 0;

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  slept(): number {
    return this.#sleptMs;
  }

  random(): number {
    return 0.5;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  at(timeMs: number, call: () => void): (() => void) | null {
    const alarm = { atMs: timeMs, call };
    this.#alarm = alarm;
    return () => {
      if (this.#alarm === alarm) this.#alarm = null;
    };
  }

  /** Time passes, and what it meets goes off. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + Math.max(0, durationMs);
    for (;;) {
      await this.quiet();
      const next = this.#next();
      const nextMs = next === null ? endMs : Math.min(this.#whenOf(next), endMs);
      if (nextMs > this.#monotonicMs && (await this.passUntil(nextMs))) continue;
      if (next === null || this.#whenOf(next) > endMs) return;
      this.#take(next);
      next.call();
    }
  }

  /**
   * Only the wall clock moves: somebody sets it, or the machine is suspended. No timer notices, but the alarm.
   * @param sleptMs how much of that the machine has slept
   */
  shift(byMs: number, sleptMs: number): void {
    this.#wallMs += byMs;
    this.#sleptMs += sleptMs;
    const alarm = this.#alarm;
    if (alarm === null || alarm.atMs > this.#wallMs) return;
    this.#alarm = null;
    alarm.call();
  }

  /** When the next timer or alarm goes off, monotonic; null: there is none. */
  protected get nextMs(): number | null {
    const next = this.#next();
    return next === null ? null : this.#whenOf(next);
  }

  /** Waits until what is going on has got as far as it can without the time's passing. */
  protected quiet(): Promise<void> {
    return turn();
  }

  /** @returns whether something new may have to go off first */
  protected async passUntil(monotonicMs: number): Promise<boolean> {
    this.move(monotonicMs - this.#monotonicMs);
    return false;
  }

  protected move(byMs: number): void {
    this.#wallMs += byMs;
    this.#monotonicMs += byMs;
  }

  #take(stop: Stop): void {
    if (stop === this.#alarm) this.#alarm = null;
    this.#timers.delete(stop);
  }

  /** The earliest; of several, the one that was set first. */
  #next(): Stop | null {
    let next = this.#alarm;
    for (const timer of this.#timers)
      if (next === null || this.#whenOf(timer) < this.#whenOf(next)) next = timer;
    return next;
  }

  #whenOf(stop: Stop): number {
    if (stop !== this.#alarm) return stop.atMs;
    return this.#monotonicMs + Math.max(0, stop.atMs - this.#wallMs);
  }
}
