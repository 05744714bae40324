// Runs kept in a file of SQLite's. What must survive is written at once, in one row for all jobs that came together; records
// follow some milliseconds at a time, so that nothing that is due waits for them.
import type { RunRecord } from "../records.ts";
import type { Decision, Ended, JobMemory, Retry, RunQuery, Store, Trouble } from "../store.ts";
import { adopt, isRecorded } from "./adopt.ts";
import type { Connect, Connection } from "./connection.ts";
import { type Declared, type Entered, enterJobs } from "./enter.ts";
import { Keeper } from "./keeper.ts";
import { type OpenDecision, OpenDecisions } from "./open-decisions.ts";
import { Outbox } from "./outbox.ts";
import { Pruner } from "./pruner.ts";
import type { Retention } from "./retention.ts";
import { matches, newMemory, recordOf, selectRuns } from "./rows.ts";
import { insertDecision, insertJobs, insertRetry, recordsAtOnce, type Write } from "./writes.ts";

export interface StoreOptions extends Retention {
  /** ":memory:" keeps nothing beyond this process. */
  readonly path: string;
  /** The process that what is open belongs to: its id. */
  readonly owner: number;
  readonly now: () => number;
  /** Milliseconds that nobody can set back. */
  readonly monotonic: () => number;
  /** Calls back soon, when what is more urgent has been done. */
  readonly later: (call: () => void) => void;
  /** Each change of `trouble`. */
  readonly onTrouble: (trouble: Trouble | null) => void;
}

/** The event loop is held no longer than that at a time. */
const stepMs = 3;

export class SqliteStore implements Store {
  readonly #options: StoreOptions;
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #pruner: Pruner;
  readonly #decisions = new OpenDecisions();
  /** By key. */
  readonly #jobs = new Map<number, Declared>();
  #isScheduled = false;
  #isClosed = false;

  constructor(options: StoreOptions, connect: Connect) {
    this.#options = options;
    const { path, owner, now, monotonic } = options;
    this.#keeper = new Keeper({
      path,
      connect,
      now,
      monotonic,
      onTrouble: () => options.onTrouble(this.trouble),
      rebuild: (connection) => this.#rebuild(connection),
    });
    this.#pruner = new Pruner(this.#keeper, options);
    this.#outbox = new Outbox(this.#keeper, owner, monotonic, (key) => this.#pruner.recorded(key));
  }

  get trouble(): Trouble | null {
    const { trouble } = this.#keeper;
    const { dropped } = this.#outbox;
    if (trouble?.kind !== "degraded" || dropped === 0) return trouble;
    return { ...trouble, reason: `${trouble.reason}; ${dropped} records were lost` };
  }

  enter(jobs: readonly Declared[], nowMs: number): JobMemory[] {
    const attempt = this.#keeper.attempt((connection) =>
      connection.atomically(() => enterJobs(connection, jobs, nowMs)),
    );
    const entered = attempt.done ? attempt.value : this.#enterUnwritten(jobs, nowMs);
    for (let at = 0; at < jobs.length; at += 1) {
      const [job, memory] = [jobs[at], entered.memories[at]];
      if (job === undefined || memory === undefined) continue;
      this.#jobs.set(memory.key, job);
      this.#pruner.enter(memory.key, entered.kept[at] ?? 0);
    }
    for (const row of entered.arrivals) this.#push({ type: "arrivals", row });
    return entered.memories;
  }

  decide(decisions: readonly Decision[]): void {
    // A retry's own row must be there before it is taken away.
    if (decisions.some(({ trigger }) => trigger === "retry")) this.#writeAll(false);
    const opened = decisions.map((decision) => this.#decisions.add(decision));
    const attempt = this.#keeper.attempt((connection) =>
      connection.atomically(() => {
        for (const open of opened) insertDecision(connection, open, this.#options.owner);
      }),
    );
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
  }

  recover(living: readonly number[], nowMs: number): Retry[] {
    this.#writeAll(false);
    const attempt = this.#keeper.attempt((connection) =>
      connection.atomically(() => adopt(connection, this.#options.owner, this.#decisions, living)),
    );
    if (!attempt.done) return [];
    const { decisions, retries } = attempt.value;
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
    if (this.#decisions.has(key, scheduledAtMs) || this.#outbox.wasDropped(key, scheduledAtMs)) return true;
    this.#writeAll(false);
    if (this.#outbox.unwritten().some((ended) => ended.key === key && isOf(ended, scheduledAtMs)))
      return true;
    const attempt = this.#keeper.read((connection) => isRecorded(connection, key, scheduledAtMs));
    return attempt.done && attempt.value;
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
    const { sql, values } = selectRuns(query);
    const attempt = this.#keeper.read((connection) => connection.rows(sql, ...values).map(recordOf));
    const written = attempt.done ? attempt.value : [];
    if (this.#outbox.isEmpty) return written;
    const unwritten = this.#outbox.unwritten().map((ended) => this.#recordFrom(ended));
    return [...unwritten.filter((record) => matches(query, record)), ...written]
      .sort((a, b) => b.scheduledAtMs - a.scheduledAtMs)
      .slice(0, query.limit);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#writeAll(true);
    // The last chance: what has failed only once may not have to be lost.
    this.#writeAll(true);
    this.#isClosed = true;
    this.#keeper.close();
  }

  #enterUnwritten(jobs: readonly Declared[], nowMs: number): Entered {
    const attempt = this.#keeper.read((connection) => enterJobs(connection, jobs, nowMs, false));
    if (!attempt.done) return this.#enterUnread(jobs, nowMs);
    const { arrived } = attempt.value;
    if (arrived.length > 0) this.#push({ type: "jobs", jobs: arrived });
    return attempt.value;
  }

  /** Not even reading works. The keys are beyond those that a database has given. */
  #enterUnread(jobs: readonly Declared[], nowMs: number): Entered {
    const first = 2 ** 30 + this.#jobs.size;
    const arrived = jobs.map((job, at) => ({ ...job, key: first + at, accountedMs: nowMs }));
    const memories = arrived.map(({ key }) => newMemory(key, nowMs));
    this.#push({ type: "jobs", jobs: arrived });
    return { memories, kept: arrived.map(() => 0), arrived, arrivals: [] };
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
    if (written === null) return false;
    this.#close(written);
    return !this.#outbox.isEmpty || this.#pruner.hasWork;
  }

  #writeAll(isUrgent: boolean): void {
    while (!this.#outbox.isEmpty) {
      const written = this.#outbox.step(Number.POSITIVE_INFINITY, isUrgent);
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

  /** Into a database that was begun anew: what this process knows. */
  #rebuild(connection: Connection): void {
    const { owner, now } = this.#options;
    const accountedMs = now();
    insertJobs(
      connection,
      [...this.#jobs].map(([key, { name, schedule }]) => ({ key, name, schedule, accountedMs })),
    );
    for (const open of this.#decisions.all())
      insertDecision(connection, open, owner, [...(open.open ?? open.decision.jobs)]);
    for (const retry of this.#decisions.retries()) insertRetry(connection, retry, owner);
  }

  #recordFrom({ key, state: _, ...rest }: Ended): RunRecord {
    return { job: this.#jobs.get(key)?.name ?? "", ...rest };
  }
}

function isOf({ scheduledAtMs, throughMs }: Ended, timeMs: number): boolean {
  return timeMs >= scheduledAtMs && timeMs <= throughMs;
}
