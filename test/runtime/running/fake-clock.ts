// A clock that stands still until a test moves it, with the wall and the monotonic hand apart, and a worker's parts on it.

import { formatLine } from "../../../src/logs/form/text.ts";
import type { LogRecord } from "../../../src/logs/line.ts";
import { Journal, plainPen } from "../../../src/runtime/journal.ts";
import { Registry } from "../../../src/runtime/registry.ts";
import { Runner } from "../../../src/runtime/running/runner.ts";
import { Scheduler } from "../../../src/runtime/running/scheduler.ts";
import { loadSqlite } from "../../../src/store/sqlite/connection.ts";
import { SqliteStore, type StoreOptions } from "../../../src/store/sqlite/store.ts";
import { StillClock } from "../../../src/testing/still-clock.ts";

const connect = await loadSqlite();

/** Every promise that could settle has settled. */
export { turn as settled } from "../../../src/testing/still-clock.ts";

export class FakeClock extends StillClock {
  /** Every delay that a timer was asked for. */
  readonly waits: number[] = [];
  /** By how much timers go off too early. */
  earlyByMs = 0;
  /** Whether there is an alarm on the wall clock. */
  hasAlarm = false;
  /** How long the machine has slept. */
  sleptMs = 0;
  #ring: (() => void) | null = null;

  constructor(start: string) {
    super(Date.parse(start));
  }

  override slept(): number {
    return this.sleptMs;
  }

  override after(delayMs: number, call: () => void): () => void {
    this.waits.push(delayMs);
    return super.after(delayMs - this.earlyByMs, call);
  }

  override at(timeMs: number, call: () => void): (() => void) | null {
    if (!this.hasAlarm) return null;
    this.#ring = call;
    const cancel = super.at(timeMs, call);
    return () => {
      this.#ring = null;
      cancel?.();
    };
  }

  get isAlarmSet(): boolean {
    return this.#ring !== null;
  }

  /** The alarm goes off, whatever the time is. */
  ring(): void {
    this.#ring?.();
  }

  /** Somebody sets the clock, or the machine is suspended. */
  step(durationMs: number): void {
    this.shift(durationMs, 0);
  }
}

interface Context {
  readonly scheduledAt: Date;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/**
 * A scheduler on a fake clock. `lines` is what it logged, `started` what ran, as "job HH:MM:SS.mmm" of the schedule,
 * and `scheduled` the same with the whole date. Several may share a clock and a store's file, as the workers of a daemon do.
 */
export function bench(
  start = "2026-06-01T12:00:00Z",
  stored: Partial<StoreOptions> = {},
  clock = new FakeClock(start),
) {
  const lines: string[] = [];
  const started: string[] = [];
  const scheduled: string[] = [];
  const keep = (record: LogRecord) => void lines.push(formatLine(record).trimEnd());
  const journal = new Journal(() => clock.now(), plainPen(keep));
  const runner = new Runner(clock, journal, () => Promise.reject(new Error("nothing runs elsewhere here")));
  const options = {
    path: ":memory:",
    owner: 1,
    keepRuns: 1_000,
    keepForMs: null,
    monotonic: () => clock.monotonic(),
    later: (call: () => void) => void setImmediate(call),
    onTrouble: () => {},
    now: () => clock.now(),
    ...stored,
  };
  const store = new SqliteStore(options, connect);
  const scheduler = new Scheduler({
    clock,
    runner,
    journal,
    store,
    host: "here",
    bootId: () => "boot",
    observers: null,
  });
  const { dispatcher } = scheduler;
  const registry = new Registry("here");
  registry.whenAdded((definition) => scheduler.add(definition));
  /** Declares a job that notes each of its runs, then does `work`. */
  const declare = (
    name: string,
    schedule: unknown,
    work: (signal: AbortSignal, context: Context) => unknown = () => {},
  ) =>
    registry.add(name, schedule, (context: Context) => {
      const { scheduledAt, signal } = context;
      if (clock.now() < scheduledAt.getTime()) started.push(`${name} TOO EARLY`);
      started.push(`${name} ${scheduledAt.toISOString().slice(11, -1)}`);
      scheduled.push(`${name} ${scheduledAt.toISOString()}`);
      return work(signal, context);
    });
  return { clock, lines, started, scheduled, runner, dispatcher, scheduler, store, declare };
}

/** What a job's run waits for, so that a test can end it. */
export function gate() {
  return Promise.withResolvers<void>();
}

export const second = 1_000;
export const minute = 60_000;
export const hour = 3_600_000;
