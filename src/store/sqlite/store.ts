// Runs kept in a file of SQLite's. What must survive is written at once, in one row for all jobs that came together; records
// follow some milliseconds at a time, so that nothing that is due waits for them.
import type { RunRecord } from "../records.ts";
import type { Decision, Ended, JobMemory, Retry, RunQuery, SetBack, Store, Trouble } from "../store.ts";
import { adopt } from "./adopt.ts";
import type { Connect, Connection } from "./connection.ts";
import { type Counted, Counts } from "./counts.ts";
import { type Declared, enterJobs } from "./enter.ts";
import { enterUnwritten, GivenKeys, readJobs } from "./enter-unwritten.ts";
import { type Attempt, Keeper } from "./keeper.ts";
import { type OpenDecision, OpenDecisions } from "./open-decisions.ts";
import { Outbox } from "./outbox.ts";
import { Pruner } from "./pruner.ts";
import { RealKeys } from "./real-keys.ts";
import { rebuild } from "./rebuild.ts";
import { Recorded } from "./recorded.ts";
import type { Retention } from "./retention.ts";
import type { Write } from "./write.ts";
import { insertDecision, recordsAtOnce, tryToWrite } from "./writes.ts";

export interface StoreOptions extends Retention {
  /** Without links on the way; ":memory:" keeps nothing beyond this process. */
  readonly path: string;
  /** The process that what is open belongs to: its id. */
  readonly owner: number;
  readonly now: () => number;
  /** Milliseconds that nobody can set back. */
  readonly monotonic: () => number;
  /** Calls back soon, when what is more urgent has been done. */
  readonly later: (call: () => void) => void;
  /** Calls what opens files, whose descriptors are to be where nobody else's are. */
  readonly openAside?: <Result>(open: () => Result) => Result;
  /** So many records are kept while they can't be written. @default {10_000} */
  readonly mostUnwritten?: number;
  /** Each change of `trouble`. */
  readonly onTrouble: (trouble: Trouble | null) => void;
}

/** The event loop is held no longer than that at a time. */
const stepMs = 3;
/** Another process, which waits for its turn, is held up no longer than about that. */
const transactionMs = 250;

export class SqliteStore implements Store {
  readonly #options: StoreOptions;
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #pruner: Pruner;
  readonly #times: Recorded;
  readonly #decisions = new OpenDecisions();
  readonly #keys = new RealKeys();
  readonly #counts = new Counts();
  readonly #jobs = new Map<number, Declared>();
  /** Needed while nothing can be written, and made then. */
  #given: GivenKeys | null = null;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: StoreOptions, connect: Connect) {
    this.#options = options;
    const { owner, now, monotonic, openAside, mostUnwritten = 10_000 } = options;
    this.#keeper = new Keeper({
      ...options,
      openAside,
      connect,
      onTrouble: () => options.onTrouble(this.trouble),
      rebuild: (connection) => this.#rebuild(connection),
    });
    this.#pruner = new Pruner(this.#keeper, options, this.#keys);
    const keys = this.#keys;
    const writing = { owner, keys, now, recorded: (counted: Counted) => this.#recorded(counted) };
    this.#outbox = new Outbox(this.#keeper, writing, {
      monotonic,
      mostUnwritten,
      lost: (counted) => this.#counts.add(counted),
      closed: (decision) => this.#decisions.forget(decision),
    });
    this.#times = new Recorded(this.#keeper, this.#outbox, this.#decisions, keys);
  }

  get trouble(): Trouble | null {
    const { trouble } = this.#keeper;
    if (trouble?.kind !== "degraded" || this.#outbox.lost === 0) return trouble;
    return { ...trouble, reason: `${trouble.reason}; ${this.#outbox.lost} records were lost` };
  }

  enter(jobs: readonly Declared[], nowMs: number): JobMemory[] {
    this.#writeAll(false);
    const attempt = this.#ifWritten((connection) => enterJobs(connection, jobs, nowMs, this.#keys));
    const entered = attempt.done ? attempt.value : this.#enterUnwritten(jobs, nowMs);
    if (attempt.done) this.#given = null;
    for (let at = 0; at < jobs.length; at += 1) {
      const [job, memory] = [jobs[at], entered.memories[at]];
      if (job === undefined || memory === undefined) continue;
      this.#jobs.set(memory.key, job);
      this.#pruner.enter(memory.key, entered.kept[at] ?? 0);
    }
    if (attempt.done) for (const row of attempt.value.arrivals) this.#push({ type: "arrivals", row });
    return entered.memories;
  }

  decide(decisions: readonly Decision[]): void {
    // A retry's own row must be there before it is taken away.
    if (decisions.some(({ trigger }) => trigger === "retry")) this.#writeAll(false);
    const { isBehind } = this.#outbox;
    if (isBehind) this.#writeAll(false);
    const opened = decisions.map((decision) => this.#decisions.add(decision));
    const write = (connection: Connection) => {
      for (const open of opened) {
        const jobs = this.#keys.realOfAll(open.decision.jobs);
        insertDecision(connection, open, this.#options.owner, jobs);
      }
    };
    const attempt = isBehind ? this.#ifWritten(write) : this.#atomically(write);
    for (const open of opened) {
      const { decision } = open;
      if (!attempt.done) {
        open.row = null;
        this.#push({ type: "decision", open });
      }
      if (decision.trigger === "retry")
        for (const key of decision.jobs) this.#decisions.takeRetry(key, decision.scheduledAtMs);
      if (decision.skipped !== null) this.#pushRecords(open);
    }
  }

  end(ended: Ended): void {
    const closes = this.#decisions.close(ended.key, ended.scheduledAtMs);
    const endsRetry = this.#decisions.takeRetry(ended.key, ended.scheduledAtMs) !== null;
    this.#push({ type: "ended", ended, closes, endsRetry });
  }

  retryLater(retry: Retry): void {
    const closes = this.#decisions.close(retry.key, retry.scheduledAtMs);
    this.#decisions.addRetry(retry);
    this.#push({ type: "retry", retry, closes });
  }

  flush(): void {
    this.#writeAll(true);
    if (this.#keeper.isFailing && this.#outbox.isEmpty) this.#keeper.attempt(tryToWrite, true);
  }

  recover(living: readonly number[], nowMs: number): Retry[] {
    this.#writeAll(false);
    const { owner } = this.#options;
    const known = this.#decisions;
    const attempt = this.#ifWritten((connection) =>
      adopt(connection, owner, known, living, this.#keys, nowMs),
    );
    const { decisions, retries } = attempt.done ? attempt.value : { decisions: [], retries: [] };
    for (const { row, decision } of decisions) {
      const open = this.#decisions.add(decision, nowMs);
      open.row = row;
      this.#pushRecords(open);
    }
    for (const retry of retries) this.#decisions.addRetry(retry);
    return retries;
  }

  releaseRetries(): void {
    this.#writeAll(true);
    const { owner } = this.#options;
    this.#keeper.attempt((connection) =>
      connection.run("UPDATE retries SET owner = 0 WHERE owner = ?", owner),
    );
    this.#decisions.forgetRetries();
  }

  has(key: number, scheduledAtMs: number): boolean {
    this.#writeAll(false);
    return this.#times.has(key, scheduledAtMs);
  }

  recordedBetween(key: number, fromMs: number, throughMs: number): Array<readonly [number, number]> {
    this.#writeAll(false);
    return this.#times.between(key, fromMs, throughMs);
  }

  firstRecorded(key: number, fromMs: number): number | null {
    this.#writeAll(false);
    return this.#times.first(key, fromMs);
  }

  setBack(step: SetBack): ReadonlyMap<number, number> {
    this.#writeAll(false);
    const again = this.#times.comingAgain(step.toMs);
    this.#decisions.setBack(step.toMs);
    this.#outbox.setBack(step);
    this.#schedule();
    this.#writeAll(false);
    return again;
  }

  pause(key: number, pausedAtMs: number | null): void {
    this.#push({ type: "pause", key, pausedAtMs });
    this.#writeAll(false);
  }

  rememberBoot(key: number, bootId: string): void {
    this.#push({ type: "boot", key, bootId });
    this.#writeAll(false);
  }

  runs(query: RunQuery): RunRecord[] {
    this.#writeAll(false);
    return this.#times.runs(query, (key) => this.#jobs.get(key)?.name ?? "");
  }

  counts(): ReturnType<Store["counts"]> {
    this.#writeAll(false);
    return this.#counts.list(this.#outbox.unwritten(), (key) => this.#jobs.get(key)?.name);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#writeAll(true);
    // The last chance: what has failed only once may not have to be lost.
    this.#writeAll(true);
    this.#isClosed = true;
    this.#keeper.close();
  }

  #enterUnwritten(jobs: readonly Declared[], nowMs: number) {
    this.#given ??= new GivenKeys(this.#jobs);
    const attempt = this.#keeper.read((connection) => readJobs(connection, jobs, nowMs, this.#keys));
    const readable = attempt.done ? attempt.value : null;
    const entered = enterUnwritten(jobs, nowMs, readable, this.#given, this.#outbox.waiting);
    for (const write of entered.writes) this.#push(write);
    return entered;
  }

  #atomically<Result>(call: (connection: Connection) => Result): Attempt<Result> {
    return this.#keeper.attempt((connection) => connection.atomically(() => call(connection)));
  }

  /** Only if nothing waits that has to be written before. */
  #ifWritten<Result>(call: (connection: Connection) => Result): Attempt<Result> {
    return this.#outbox.isEmpty ? this.#atomically(call) : { done: false };
  }

  #recorded(counted: Counted): void {
    this.#counts.add(counted);
    this.#pruner.recorded(counted.key);
  }

  #pushRecords(of: OpenDecision): void {
    const { length } = of.decision.jobs;
    for (let from = 0; from < length; from += recordsAtOnce) {
      this.#push({ type: "records", of, from, to: Math.min(from + recordsAtOnce, length) });
    }
  }

  #push(write: Write): void {
    this.#outbox.push(write);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    this.#options.later(() => {
      this.#isScheduled = false;
      if (!this.#isClosed && this.#step()) this.#schedule();
    });
  }

  /** @returns whether there is more to do now */
  #step(): boolean {
    if (this.#outbox.isEmpty) return this.#pruner.step();
    const written = this.#outbox.step(stepMs);
    if (written !== null) this.#close(written);
    return written !== null && (!this.#outbox.isEmpty || this.#pruner.hasWork);
  }

  #writeAll(isUrgent: boolean): void {
    while (!this.#outbox.isEmpty) {
      const written = this.#outbox.step(transactionMs, isUrgent);
      if (written === null) return;
      this.#close(written);
    }
  }

  /** Decisions of which every record is there now. */
  #close(written: readonly Write[]): void {
    for (const write of written) {
      if (write.type === "records" && write.to >= write.of.decision.jobs.length)
        this.#decisions.forget(write.of);
    }
  }

  #rebuild(connection: Connection): void {
    const known = { jobs: this.#jobs, decisions: this.#decisions, keys: this.#keys, outbox: this.#outbox };
    rebuild(connection, known, this.#options.owner, this.#options.now());
  }
}
