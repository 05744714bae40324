// Random sequences of what a worker asks of its store while the disk is full from time to time, and a model of what has to be told.
import { expect } from "bun:test";
import { join } from "node:path";
import type { JobMemory, Retry } from "../../src/store/store.ts";
import { decision, directory, ended, failing, type Opened, openIn, startMs } from "./stores.ts";

interface ModelJob {
  schedule: string;
  accountedMs: number;
  pausedAtMs: number | null;
  state: string | null;
  lastSuccessMs: number | null;
  bootId: string | null;
}

type Attempt = { readonly name: string; readonly atMs: number; readonly attempt: number };

export class Sequence {
  readonly path = join(directory(), "w.db");
  readonly random: () => number;
  readonly model = new Map<string, ModelJob>();
  /** What each time is to be told as. */
  readonly outcomes = new Map<string, string>();
  readonly steps: string[] = [];
  open: Attempt[] = [];
  retries: Attempt[] = [];
  /** By name, in this process. */
  keys = new Map<string, number>();
  owner = 100;
  nowMs = startMs;
  chanceOfFailure = 0;
  opened: Opened;
  /** So many records are kept while nothing can be written: others may be lost. */
  readonly mostUnwritten: number;

  constructor(seed: number, mostUnwritten: number) {
    this.mostUnwritten = mostUnwritten;
    let state = seed;
    this.random = () => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state / 2 ** 31;
    };
    this.opened = this.process();
  }

  get mayLose(): boolean {
    return this.mostUnwritten < 1_000;
  }

  process(): Opened {
    this.owner += 1;
    return openIn(
      this.path,
      { owner: this.owner, mostUnwritten: this.mostUnwritten, now: () => this.nowMs },
      failing((sql) =>
        /^(BEGIN|INSERT|UPDATE|DELETE)/.test(sql) && this.random() < this.chanceOfFailure
          ? "SQLITE_FULL"
          : null,
      ),
    );
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.random() * from.length)];
  }

  names(): string[] {
    return ["a", "b", "c", "d", "e", "f"].filter(() => this.random() < 0.4);
  }

  enter(opened: Opened, names: readonly string[], keys: Map<string, number>): void {
    const jobs = names.map((name) => ({ name, schedule: this.random() < 0.9 ? "every 1s" : "every 2s" }));
    const memories = opened.store.enter(jobs, this.nowMs);
    for (const [index, { name, schedule }] of jobs.entries()) {
      const memory = memories[index] as JobMemory;
      const before = this.model.get(name);
      const job = before ?? {
        ...{ schedule, accountedMs: this.nowMs, pausedAtMs: null },
        ...{ state: null, lastSuccessMs: null, bootId: null },
      };
      if (job.schedule !== schedule) job.accountedMs = Math.max(job.accountedMs, this.nowMs);
      job.schedule = schedule;
      this.model.set(name, job);
      const { schedule: _, ...told } = job;
      const { accountedMs, pausedAtMs, state, lastSuccessMs, bootId } = memory;
      this.check(`enter ${name}`, { accountedMs, pausedAtMs, state, lastSuccessMs, bootId }, told);
      this.check(`key of ${name}`, memory.key, keys.get(name) ?? memory.key);
      keys.set(name, memory.key);
    }
    this.check("keys", new Set(keys.values()).size, keys.size);
  }

  check(what: string, value: unknown, wanted: unknown): void {
    if (!Bun.deepEquals(value, wanted))
      expect({ steps: this.steps, what, value }).toEqual({ steps: this.steps, what, value: wanted });
  }

  key(name: string): number {
    return this.keys.get(name) ?? -1;
  }

  decide(): void {
    const names = this.names().filter((name) => this.keys.has(name));
    if (names.length === 0) return;
    const skipped = this.random() < 0.3 ? "overlap" : null;
    const at = decision(
      names.map((name) => this.key(name)),
      this.nowMs,
      {
        skipped,
        attempt: skipped === null ? 1 : 0,
      },
    );
    this.opened.store.decide([at]);
    for (const name of names) {
      const job = this.model.get(name);
      if (job !== undefined) job.accountedMs = Math.max(job.accountedMs, this.nowMs);
      if (skipped === null) this.open.push({ name, atMs: this.nowMs, attempt: 1 });
      else this.outcomes.set(`${name}@${this.nowMs}`, "skipped");
    }
  }

  end(): void {
    const run = this.pick(this.open);
    if (run === undefined) return;
    this.open = this.open.filter((other) => other !== run);
    const { name, atMs, attempt } = run;
    const job = this.model.get(name);
    const chance = this.random();
    if (chance < 0.3) {
      const retry: Retry = {
        ...{ key: this.key(name), scheduledAtMs: atMs, origin: "schedule", attempt: attempt + 1 },
        ...{ dueMs: this.nowMs + 1, input: null },
      };
      this.opened.store.retryLater(retry);
      this.retries.push({ name, atMs, attempt: attempt + 1 });
      return;
    }
    const outcome = chance < 0.5 ? "failed" : "succeeded";
    const state = this.random() < 0.3 ? { state: String(this.nowMs) } : {};
    this.opened.store.end(
      ended(this.key(name), atMs, {
        ...{ outcome, attempt, endedAtMs: this.nowMs, trigger: attempt > 1 ? "retry" : "schedule" },
        ...state,
      }),
    );
    this.outcomes.set(`${name}@${atMs}`, outcome);
    if (job === undefined || outcome === "failed") return;
    job.lastSuccessMs = this.nowMs;
    job.state = state.state ?? job.state;
  }

  again(): void {
    const retry = this.pick(this.retries);
    if (retry === undefined) return;
    this.retries = this.retries.filter((other) => other !== retry);
    const { name, atMs, attempt } = retry;
    this.opened.store.decide([decision([this.key(name)], atMs, { trigger: "retry", attempt })]);
    this.open.push(retry);
  }

  remember(): void {
    const name = this.pick([...this.keys.keys()]);
    const job = name === undefined ? undefined : this.model.get(name);
    if (name === undefined || job === undefined) return;
    if (this.random() < 0.3) {
      job.bootId = `boot ${this.nowMs}`;
      this.opened.store.rememberBoot(this.key(name), job.bootId);
      return;
    }
    job.pausedAtMs = job.pausedAtMs === null ? this.nowMs : null;
    this.opened.store.pause(this.key(name), job.pausedAtMs);
  }

  look(): void {
    const { store } = this.opened;
    const known = this.pick([...this.outcomes.keys()]);
    const [name = "", at] = known?.split("@") ?? [];
    // That a lost one was there is not known for ever.
    if (this.keys.has(name) && !this.mayLose)
      this.check(`has ${known}`, store.has(this.key(name), Number(at)), true);
    const other = this.pick([...this.keys.keys()]);
    // After a loss each time before counts as recorded.
    if (other !== undefined && !this.mayLose)
      this.check(`has ${other}`, store.has(this.key(other), startMs - 5), false);
    this.checkRuns(store.runs({ limit: 10_000 }));
  }

  checkRuns(runs: ReturnType<Opened["store"]["runs"]>): void {
    if (this.mayLose) {
      // What was lost may be told as interrupted, of jobs that came together with others whose runs go on.
      const wrong = runs.filter(
        ({ job, scheduledAtMs, outcome }) =>
          ![this.outcomes.get(`${job}@${scheduledAtMs}`), "interrupted"].includes(outcome),
      );
      this.check("runs", wrong, []);
      return;
    }
    const told = runs.map(({ job, scheduledAtMs, outcome }) => `${job}@${scheduledAtMs} ${outcome}`).sort();
    this.check("runs", told, [...this.outcomes].map(([id, outcome]) => `${id} ${outcome}`).sort());
  }

  /** Another worker, as at a reload, which has a disk with room. */
  meetAnother(): void {
    const chance = this.chanceOfFailure;
    this.chanceOfFailure = 0;
    const other = this.process();
    // What this process could not write is not known there: only other jobs are told alike.
    const unknown = [`g${this.owner}`, `h${this.owner}`].filter(() => this.random() < 0.5);
    this.enter(other, unknown, new Map());
    other.store.close();
    this.chanceOfFailure = chance;
  }

  heal(): void {
    this.chanceOfFailure = 0;
    this.opened.pass(5_000);
    this.opened.store.flush();
    this.opened.settle();
    this.check("trouble", this.opened.store.trouble, null);
  }

  restart(): void {
    this.heal();
    this.opened.store.close();
    this.opened = this.process();
    this.keys = new Map();
    this.enter(this.opened, [...this.model.keys()], this.keys);
    const adopted = this.opened.store.recover([], this.nowMs);
    this.opened.settle();
    const nameOf = new Map([...this.keys].map(([name, key]) => [key, name]));
    const told = (list: readonly Attempt[]) =>
      list.map(({ name, atMs, attempt }) => `${name}@${atMs} ${attempt}`).sort();
    this.check(
      "retries",
      told(
        adopted.map(({ key, scheduledAtMs, attempt }) => ({
          ...{ name: nameOf.get(key) ?? `key ${key}`, atMs: scheduledAtMs, attempt },
        })),
      ),
      told(this.retries),
    );
    for (const { name, atMs } of this.open) this.outcomes.set(`${name}@${atMs}`, "interrupted");
    this.open = [];
    this.checkRuns(this.opened.store.runs({ limit: 10_000 }));
  }

  step(): void {
    this.nowMs += 1_000;
    const actions: ReadonlyArray<readonly [weight: number, name: string, call: () => void]> = [
      [3, "enter", () => this.enter(this.opened, this.names(), this.keys)],
      [5, "decide", () => this.decide()],
      [6, "end", () => this.end()],
      [2, "again", () => this.again()],
      [2, "remember", () => this.remember()],
      [2, "look", () => this.look()],
      [2, "settle", () => this.opened.settle()],
      [2, "pass", () => this.opened.pass(5_000)],
      [1, "full", () => (this.chanceOfFailure = 1)],
      [1, "flaky", () => (this.chanceOfFailure = 0.2)],
      [1, "room", () => (this.chanceOfFailure = 0)],
      [1, "another", () => this.meetAnother()],
      [0.5, "restart", () => this.restart()],
    ];
    let at = this.random() * actions.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, name, call] of actions) {
      at -= weight;
      if (at > 0) continue;
      this.steps.push(name);
      call();
      return;
    }
  }
}
