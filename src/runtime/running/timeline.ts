// One timer for all that is to come. setTimeout cannot count past 2^31 ms, and does not notice that the machine slept or that its
// clock was set: a long wait is capped, and is the wall alarm's as well. At each wake-up both clocks are compared.
import { formatDuration } from "../../schedule/duration.ts";
import { CORRECTION_STEP_MS, waitMs } from "../../schedule/firing.ts";
import { DueQueue } from "../../schedule/queue.ts";
import type { Clock } from "../clock.ts";

/** How late a time may come after a sleep or a step of the clock, where nothing tells of that. */
export const maximumWaitMs = 60_000;
/** The same where there is an alarm, which does not tell of a clock that was set back. */
const maximumAlarmedMs = 10 * 60_000;
/** Differences between the two clocks below this are drift and rounding. */
const smallestStepMs = 2_000;

/** How the wall clock and the time that has passed came apart since the last look. */
export interface ClockStep {
  /** By how much the wall clock was ahead of what had passed, in whole seconds; negative: it was set back. */
  readonly stepMs: number;
  /** How much of that the machine slept, as far as that is known. */
  readonly sleptMs: number | null;
  /** When the last look was, by the clock as it is now. */
  readonly lookedMs: number;
}

export interface JudgedStep {
  /** For the log. */
  readonly text: string;
  /** Somebody set the clock forward because it was wrong: the times in between are none. */
  readonly wasWrong: boolean;
  /** The times in between came while the machine slept. */
  readonly wasAway: boolean;
  /** By how much it was set back, at the latest look or after it; null: it was not. */
  readonly setBack: { readonly toMs: number; readonly byMs: number } | null;
}

export function judgeStep({ stepMs, sleptMs, lookedMs }: ClockStep): JudgedStep {
  const by = formatDuration(Math.abs(stepMs));
  const how = stepMs > 0 ? `went forward by ${by}, or the machine slept` : `was set back by ${by}`;
  const wasWrong = sleptMs !== null && stepMs - sleptMs >= CORRECTION_STEP_MS;
  const byMs = (sleptMs ?? 0) - stepMs;
  return {
    text: `the clock ${how}`,
    wasWrong,
    wasAway: stepMs > 0 && !wasWrong,
    setBack: byMs >= smallestStepMs ? { toMs: lookedMs, byMs } : null,
  };
}

export interface TimelineUser<T> {
  /** Called first, if there was one. */
  stepped(step: ClockStep): void;
  due(values: readonly T[], dueMs: number): void;
  /** All that is due has been given. */
  done(): void;
}

export class Timeline<T> {
  readonly #clock: Clock;
  readonly #user: TimelineUser<T>;
  #queue = new DueQueue<T>();
  #cancelTimer: () => void = () => {};
  #armedForMs: number | null = null;
  #isRunning = false;
  /** What is due is being given. */
  #isAwake = false;
  #wallMs = 0;
  #monotonicMs = 0;
  #sleptMs: number | null = null;
  /** It went off too early: it has another clock than Date (libfaketime). */
  #hasOddAlarm = false;

  constructor(clock: Clock, user: TimelineUser<T>) {
    this.#clock = clock;
    this.#user = user;
    this.#readClocks();
  }

  /** The wall clock, as it was at the last look. */
  get nowMs(): number {
    return this.#wallMs;
  }

  /**
   * A time by the clock as it is now, for `add`: a clock that was set back since the last look is noticed first. While what is due
   * is given that has to wait, and the time is as it would be without: it is set back with all the others then.
   */
  asLooked(timeMs: number): number {
    if (!this.#isAwake) {
      this.#noticeStep();
      return timeMs;
    }
    const stepMs = this.#stepMs();
    return stepMs > -smallestStepMs ? timeMs : timeMs - stepMs;
  }

  start(): void {
    this.#isRunning = true;
    this.#readClocks();
  }

  /** Forgets everything. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTimer();
    this.#armedForMs = null;
    this.#queue = new DueQueue();
  }

  push(dueMs: number, value: T): void {
    this.#queue.push(dueMs, value);
  }

  /** One, and waits for it if it is the earliest. */
  add(dueMs: number, value: T): void {
    this.push(dueMs, value);
    this.arm();
  }

  /** Waits for the earliest. To be called when all has been pushed. */
  arm(): void {
    if (!this.#isRunning) return;
    const earliestMs = this.#queue.peek() ?? null;
    if (this.#armedForMs === earliestMs) return;
    this.#cancelTimer();
    this.#armedForMs = earliestMs;
    if (earliestMs !== null) this.#cancelTimer = this.#waitFor(earliestMs);
  }

  /** Looks at the clocks, and gives what is due. */
  wake(): void {
    this.#cancelTimer();
    this.#armedForMs = null;
    do {
      this.#noticeStep();
      this.#isAwake = true;
      this.#giveDue();
      this.#isAwake = false;
    } while (this.#isRunning && this.#stepMs() <= -smallestStepMs);
    this.arm();
  }

  #giveDue(): void {
    for (let dueMs = this.#queue.peek(); dueMs !== undefined; dueMs = this.#queue.peek()) {
      if (!this.#isRunning || dueMs > this.#wallMs) break;
      const due = this.#queue.pop();
      if (due !== undefined) this.#user.due(due.values, due.dueMs);
    }
    this.#user.done();
  }

  /** Reads the clocks, and notices if they came apart. */
  look(): void {
    this.#noticeStep();
  }

  #readClocks(): void {
    this.#wallMs = this.#clock.now();
    this.#monotonicMs = this.#clock.monotonic();
    this.#sleptMs = this.#clock.slept();
  }

  /**
   * A short wait is a timer's. A long one is also the wall alarm's, which notices what a timer does not: that the machine
   * slept, or that the clock was set forward. Without an alarm the timer looks again every minute, with one rarely.
   */
  #waitFor(dueMs: number): () => void {
    const wake = () => this.wake();
    const nowMs = this.#clock.now();
    const isLong = dueMs - nowMs > maximumWaitMs && !this.#hasOddAlarm;
    const alarm = () => {
      this.#hasOddAlarm ||= this.#clock.now() < dueMs;
      this.wake();
    };
    const cancelAlarm = isLong ? this.#clock.at(dueMs, alarm) : null;
    const longestMs = cancelAlarm ? maximumAlarmedMs : maximumWaitMs;
    const cancelTimer = this.#clock.after(waitMs(dueMs, nowMs, longestMs), wake);
    return () => {
      cancelTimer();
      cancelAlarm?.();
    };
  }

  /** By how much the wall clock was set since the last look, sleep included. */
  #stepMs(): number {
    return this.#clock.now() - this.#wallMs - (this.#clock.monotonic() - this.#monotonicMs);
  }

  #noticeStep(): void {
    const [wallBefore, monotonicBefore, sleptBefore] = [this.#wallMs, this.#monotonicMs, this.#sleptMs];
    this.#readClocks();
    const passedMs = this.#monotonicMs - monotonicBefore;
    const stepMs = this.#wallMs - wallBefore - passedMs;
    if (Math.abs(stepMs) < smallestStepMs) return;
    const sleptMs = this.#sleptMs === null || sleptBefore === null ? null : this.#sleptMs - sleptBefore;
    // The clocks are not read at the same moment: what was three hours is not to be a millisecond less.
    this.#user.stepped({
      stepMs: wholeSeconds(stepMs),
      sleptMs: sleptMs === null ? null : wholeSeconds(sleptMs),
      lookedMs: this.#wallMs - passedMs - (sleptMs ?? 0),
    });
  }
}

function wholeSeconds(durationMs: number): number {
  return Math.round(durationMs / 1_000) * 1_000;
}
