// Runs one job once, now, with nothing around it: no schedule, no other job, no history, no hooks and no pings. Its attempts
// are those that its retry policy allows.
import type { RunReport } from "../control/jobs.ts";
import { openStore } from "../store/sqlite/open.ts";
import { reportOf, reportOfRun } from "./answers/run-report.ts";
import type { Clock } from "./clock.ts";
import type { JobDefinition } from "./job.ts";
import type { Journal } from "./journal.ts";
import type { AttemptEnd } from "./running/attempt-end.ts";
import { Batch } from "./running/batch.ts";
import { Dispatcher } from "./running/dispatcher.ts";
import { newEntry, remember } from "./running/job-entry.ts";
import { declared } from "./running/remembered.ts";
import type { Run } from "./running/run.ts";
import { type ExecutorMaker, Runner } from "./running/runner.ts";

/** What a run has come to; `result` is all of what it returned, as JSON text, where the report's is only what is small. */
export interface OnceEnd {
  readonly report: RunReport;
  readonly result: string | null;
}

export interface OncePort {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly host: string;
  readonly makeExecutor: ExecutorMaker;
  /**
   * An attempt begins, or is waited for.
   * @param limitMs how long that may take before it has to be ended by force; null: for ever
   */
  going(run: RunReport, limitMs: number | null): void;
}

export interface OnceRun {
  readonly ended: Promise<OnceEnd>;
  /** Aborts what is going on, or waits for its next attempt. */
  cancel(reason: string): void;
}

export async function runOnce(definition: JobDefinition, input: unknown, port: OncePort): Promise<OnceRun> {
  const { clock, journal, host, makeExecutor } = port;
  const store = await openStore({
    path: ":memory:",
    owner: process.pid,
    keepRuns: 1,
    keepForMs: null,
    now: clock.now,
    monotonic: clock.monotonic,
    later: (call) => void setImmediate(call),
    onTrouble: () => {},
  });
  const runner = new LastEndRunner(clock, journal, makeExecutor);
  const dispatcher: Dispatcher = new Dispatcher(clock, journal, runner, () => store, {
    began: (run) => port.going(startedReport(run, clock.now()), limitOf(definition)),
    ended: () => {},
    skipped: () => {},
    left: () => {},
    retryLater(run, dueMs) {
      port.going(reportOfRun(run), null);
      clock.after(dueMs - clock.now(), () => {
        const next = new Batch(clock.now());
        dispatcher.retry(next, [run]);
        dispatcher.carryOut(next);
      });
    },
  });
  const entry = newEntry(definition, host);
  const [memory] = store.enter(declared([entry]), clock.now());
  if (memory !== undefined) remember(entry, memory, clock.now());
  const batch = new Batch(clock.now());
  const run = batch.offer(entry, clock.now(), "manual", input);
  if (run === null) throw new Error("a job that has no other runs refused one");
  const ended = run.over.then((record) => {
    runner.close();
    const result = record.outcome === "succeeded" ? jsonOf(runner.last?.result) : null;
    const report = reportOf(record);
    return { report: result === null ? report : { ...report, result: null }, result };
  });
  dispatcher.carryOut(batch);
  return { ended, cancel: (reason) => dispatcher.cancel(run, "asked", reason) };
}

/** Remembers how the latest attempt has ended. */
class LastEndRunner extends Runner {
  last: AttemptEnd | null = null;

  override start(run: Run, ended: (end: AttemptEnd) => void): void {
    super.start(run, (end) => {
      this.last = end;
      ended(end);
    });
  }
}

function startedReport(run: Run, nowMs: number): RunReport {
  return { ...reportOfRun(run), startedAt: new Date(nowMs).toISOString() };
}

function limitOf({ policies: { timeoutMs, graceMs } }: JobDefinition): number | null {
  return timeoutMs === null ? null : timeoutMs + graceMs;
}

function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
