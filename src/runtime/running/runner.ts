// One attempt of a run, from its start to how it ended, and the attempts that are going on. A handler that throws is the run's
// outcome and a stack in the log, and nothing more.

import { runId } from "../../store/records.ts";
import { type Clock, longestTimerMs } from "../clock.ts";
import type { JobDefinition, Work } from "../job.ts";
import type { Journal, RunIdentity } from "../journal.ts";
import { parsedJson } from "../parsed-json.ts";
import { type AttemptEnd, judgeFailure, judgeSuccess } from "./attempt-end.ts";
import { abortOf, RunContext } from "./context.ts";
import type { Ending, Executor, RunRequest } from "./execution.ts";
import { nothing, type Run } from "./run.ts";

/** Who looks on while runs begin and end. Called for each run, so it has to be quick. */
export interface RunWatch {
  /** The handler is about to be called. */
  began(run: RunIdentity): void;
  /** The handler has returned, as a rule with a promise. */
  returned(run: RunIdentity): void;
  ended(run: RunIdentity): void;
}

/** Makes what executes a job that does not run in this thread. */
export type ExecutorMaker = (work: Exclude<Work, { type: "inline" }>) => Promise<Executor>;

export class Runner {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #makeExecutor: ExecutorMaker;
  readonly #executors = new Map<string, Promise<Executor>>();
  readonly #made = new Set<Executor>();
  readonly #watches: RunWatch[] = [];
  readonly #going = new Set<Run>();
  /** Those that were asked to end: how what is told of them is called off. */
  readonly #stuck = new Map<Run, () => void>();
  #hold: Timer | null = null;
  #isClosed = false;

  constructor(clock: Clock, journal: Journal, makeExecutor: ExecutorMaker) {
    this.#clock = clock;
    this.#journal = journal;
    this.#makeExecutor = makeExecutor;
  }

  /** The runs whose attempts are going on. */
  get going(): ReadonlySet<Run> {
    return this.#going;
  }

  watch(watch: RunWatch): void {
    this.#watches.push(watch);
  }

  /** With how long they have been going on, the longest first. */
  get runs(): ReadonlyArray<{ id: string; runningMs: number; aborted: boolean }> {
    const nowMs = this.#clock.monotonic();
    return [...this.#going].map(({ id, sinceMs, asked, isTimedOut }) => ({
      id,
      runningMs: Math.round(nowMs - sinceMs),
      aborted: asked !== null || isTimedOut,
    }));
  }

  /** @param ended called once, possibly before this returns */
  start(run: Run, ended: (end: AttemptEnd) => void): void {
    const { definition } = run.entry;
    this.#going.add(run);
    run.phase = "running";
    run.startedAtMs = this.#clock.now();
    run.sinceMs = this.#clock.monotonic();
    run.isTimedOut = false;
    const cancelTimeout = this.#watchTimeout(run);
    const over = (end: AttemptEnd) => {
      cancelTimeout?.();
      if (this.#stuck.size > 0) this.#forgetStuck(run);
      run.stop = nothing;
      for (const watch of this.#watches) watch.ended(run);
      this.#going.delete(run);
      if (this.#going.size === 0) this.#rest();
      ended(end);
    };
    if (definition.work.type === "inline") this.#startInline(run, definition.work.handler, over);
    else void this.#startElsewhere(run, definition.work, over);
    // A handler may wait for nothing but its signal, which keeps no event loop alive: runs that are going on do.
    if (this.#going.size > 0) this.#hold ??= setInterval(nothing, longestTimerMs);
  }

  /** Asks a run that is going on to end, and ends it by force when it does not, if that can be done. */
  abort(run: Run, text: string): void {
    // A listener runs where the event comes from: what it logs belongs to the run as well.
    this.#journal.within(run, () => run.stop(text));
    this.#watchStuck(run);
  }

  /** Makes ready what runs of these jobs will need. */
  prepare(definitions: readonly JobDefinition[]): void {
    for (const { name, work } of definitions) {
      if (work.type !== "isolated") continue;
      this.#executorOf(name, work).then(
        (executor) => executor.prepare(),
        // Its first run tells why.
        () => {},
      );
    }
  }

  /** Lets go of what waits for runs to come; none has to. */
  close(): void {
    this.#isClosed = true;
    for (const executor of this.#made) executor.close();
  }

  #startInline(run: Run, handler: (context: RunContext) => unknown, over: (end: AttemptEnd) => void): void {
    const context = new RunContext(new Request(run), this.#logOf);
    run.stop = (text) => abortOf(context).abort(text, run.isTimedOut ? "TimeoutError" : "AbortError");
    let returned: unknown;
    let isPending: boolean;
    try {
      returned = this.#journal.within(run, () => this.#call(run, handler, context));
      isPending = isThenable(returned);
    } catch (error) {
      over(judgeFailure(run, error, abortOf(context).reason));
      return;
    }
    if (isPending)
      void Promise.resolve(returned).then(
        (result) => over(judgeSuccess(run, result, context.state)),
        (error) => over(judgeFailure(run, error, abortOf(context).reason)),
      );
    else over(judgeSuccess(run, returned, context.state));
  }

  async #startElsewhere(
    run: Run,
    work: Exclude<Work, { type: "inline" }>,
    over: (end: AttemptEnd) => void,
  ): Promise<void> {
    let asked: string | null = null;
    run.stop = (text) => {
      asked = text;
    };
    let ending: Ending;
    try {
      const executor = await this.#executorOf(run.job, work);
      const request = { ...new Request(run), id: run.id };
      const execution = executor.execute(request, {
        line: (level, text, apart = null) =>
          this.#journal.within(run, () => this.#journal.told(level, text, apart)),
      });
      run.stop = (text) => {
        asked = text;
        execution.abort(text, run.isTimedOut ? "TimeoutError" : "AbortError");
        const end = () => void execution.terminate();
        const cancel = this.#clock.after(run.entry.definition.policies.graceMs, end);
        void execution.ended.then(cancel);
      };
      if (asked !== null) run.stop(asked);
      ending = await execution.ended;
    } catch (error) {
      ending = { type: "failed", error, exitCode: null, signal: null };
    }
    if (ending.type === "succeeded")
      return over({ ...judgeSuccess(run, ending.result, ending.state), exitCode: ending.exitCode });
    const { error, exitCode, signal, isThrown = false, mayRetry = null } = ending;
    const wasAsked = run.isTimedOut || run.asked !== null;
    // What a handler throws may have nothing to do with that.
    const reason = wasAsked ? (isThrown ? asked : error) : null;
    over({ ...judgeFailure(run, error, reason), exitCode, signal, mayRetry });
  }

  #executorOf(job: string, work: Exclude<Work, { type: "inline" }>): Promise<Executor> {
    const known = this.#executors.get(job);
    if (known !== undefined) return known;
    const made = this.#makeExecutor(work);
    this.#executors.set(job, made);
    made.then(
      (executor) => {
        this.#made.add(executor);
        if (this.#isClosed) executor.close();
      },
      () => this.#executors.delete(job),
    );
    return made;
  }

  #watchTimeout(run: Run): (() => void) | null {
    const { timeoutMs } = run.entry.definition.policies;
    if (timeoutMs === null) return null;
    return this.#clock.after(timeoutMs, () => {
      run.isTimedOut = true;
      this.abort(run, `the run took longer than ${timeoutMs} ms`);
    });
  }

  /** Code in this thread can't be ended: it is told of. */
  #watchStuck(run: Run): void {
    const { work, policies } = run.entry.definition;
    if (work.type !== "inline" || !this.#going.has(run) || this.#stuck.has(run)) return;
    const { timeoutMs, graceMs } = policies;
    const tell = () => {
      const how = run.isTimedOut
        ? `it timed out, and goes on ${(timeoutMs ?? 0) + graceMs} ms after its start`
        : `it was asked to end, and goes on ${graceMs} ms later`;
      this.#journal.write("error", `the run is stuck: ${how}`, run.job);
    };
    this.#stuck.set(run, this.#clock.after(graceMs, tell));
  }

  readonly #logOf = (request: RunRequest) => this.#journal.logFor(request);

  #forgetStuck(run: Run): void {
    this.#stuck.get(run)?.();
    this.#stuck.delete(run);
  }

  #call(run: Run, handler: (context: RunContext) => unknown, context: RunContext): unknown {
    for (const watch of this.#watches) watch.began(run);
    try {
      return handler(context);
    } finally {
      for (const watch of this.#watches) watch.returned(run);
    }
  }

  #rest(): void {
    if (this.#hold === null) return;
    clearInterval(this.#hold);
    this.#hold = null;
  }
}

/** As it is now: the run itself goes on to its next attempt. */
class Request implements RunRequest {
  readonly job: string;
  readonly attempt: number;
  readonly scheduledAtMs: number;
  readonly startedAtMs: number;
  readonly lastSuccessMs: number | null;
  readonly input: unknown;
  readonly state: unknown;

  constructor(run: Run) {
    const { state, lastSuccessMs } = run.entry;
    this.job = run.job;
    this.attempt = run.attempt;
    this.scheduledAtMs = run.scheduledAtMs;
    this.startedAtMs = run.startedAtMs ?? 0;
    this.lastSuccessMs = lastSuccessMs;
    this.input = run.input;
    this.state = parsedJson(state);
  }

  /** Made when it is asked for. */
  get id(): string {
    return runId(this.job, this.scheduledAtMs);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}
