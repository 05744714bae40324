// What runs a test's jobs: the worker's own parts, on a clock that the test moves, with a run history in memory.

import type { RunEvent } from "djob";
import type { Work } from "../runtime/job.ts";
import { Registry } from "../runtime/registry.ts";
import type { AttemptEnd } from "../runtime/running/attempt-end.ts";
import { Observers } from "../runtime/running/observers.ts";
import { Ping } from "../runtime/running/ping.ts";
import type { Run } from "../runtime/running/run.ts";
import { type ExecutorMaker, Runner } from "../runtime/running/runner.ts";
import { Scheduler } from "../runtime/running/scheduler.ts";
import { loadSqlite } from "../store/sqlite/connection.ts";
import { SqliteStore } from "../store/sqlite/store.ts";
import { TestClock } from "./clock.ts";
import { HookWatch } from "./hooks.ts";
import { TestOutput } from "./output.ts";
import { turn } from "./still-clock.ts";
import { Waits } from "./waits.ts";

export interface RoomOptions {
  readonly nowMs: number;
  readonly host: string;
  readonly fakeTimers: boolean;
}

const connect = await loadSqlite();

/** How long a run may take at one time of the test's clock before that goes on without it. */
const patienceMs = 50;
/** Where a run that waits is most likely to wait for a timer, which only the clock makes go off. */
const fakeTimersPatienceMs = 5;
const leastPatienceMs = 2;
/** How long, in real time, runs that are told to end may take for that. */
const closeMs = 100;

export class Room {
  readonly clock: TestClock;
  readonly output: TestOutput;
  readonly registry: Registry;
  readonly scheduler: Scheduler;
  readonly store: SqliteStore;
  readonly waits: Waits;
  readonly hooks = new HookWatch();
  readonly pings: Array<{ readonly url: string; readonly body: string }> = [];
  readonly events: Array<{ readonly hook: string; readonly event: RunEvent }> = [];
  readonly #runner: EndsRunner;
  readonly #patienceMs: number;
  /** Attempts that the clock does not wait for any more. */
  #slow = new WeakMap<Run, number>();
  /** By job, where it is less than usual. */
  readonly #patience = new Map<string, number>();
  #isStarted = false;

  constructor({ nowMs, host, fakeTimers }: RoomOptions) {
    this.#patienceMs = fakeTimers ? fakeTimersPatienceMs : patienceMs;
    this.clock = new TestClock(nowMs, fakeTimers, () => this.quiet());
    this.output = new TestOutput(() => this.clock.now());
    const { clock, output } = this;
    this.registry = new Registry(host);
    this.#runner = new EndsRunner(clock, output.journal, makeExecutor);
    this.store = new SqliteStore(
      {
        path: ":memory:",
        owner: process.pid,
        keepRuns: 1_000_000,
        keepForMs: null,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        later: () => {},
        onTrouble: () => {},
      },
      connect,
    );
    const ping = new Ping(clock, output.journal, async (url, { body }) => {
      this.pings.push({ url, body: String(body) });
      return new Response();
    });
    this.waits = new Waits(
      this.store,
      () => this.scheduler,
      clock,
      () => this.#isStarted,
    );
    this.scheduler = new Scheduler({
      clock: clock.looking,
      runner: this.#runner,
      journal: output.journal,
      store: this.waits.store,
      host,
      bootId: () => "test",
      observers: new Observers(
        clock,
        output.journal,
        () => [...this.registry.hooks.map((hooks) => this.hooks.watched(hooks)), this.#recorder],
        ping,
        () => this.store.flush(),
      ),
    });
    this.registry.whenAdded((job) => {
      const hooks = this.hooks.watched(job.policies.hooks);
      this.scheduler.add({ ...job, work: here(job.work), policies: { ...job.policies, hooks } });
    });
  }

  /** Time may pass from now on: until then no schedule has begun. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.scheduler.start();
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** How the last attempt of a run has ended. */
  endOf(id: string): AttemptEnd | undefined {
    return this.#runner.ends.get(id);
  }

  /** Waits for what is going on, unless it seems to wait for the clock itself. */
  async quiet(): Promise<void> {
    const startMs = busyMs();
    for (let turns = 0; ; turns += 1) {
      await turn();
      const going = [...this.#runner.going].filter((run) => this.#slow.get(run) !== run.attempt);
      if (going.length === 0 && !this.hooks.isBusy) return;
      if (turns < 10 || busyMs() - startMs < this.#patienceWith(going)) continue;
      for (const run of going) this.#giveUp(run);
      this.hooks.forget();
      return;
    }
  }

  #patienceWith(going: readonly Run[]): number {
    const all = going.map(({ job }) => this.#patience.get(job) ?? this.#patienceMs);
    return Math.max(this.hooks.isBusy ? this.#patienceMs : leastPatienceMs, ...all);
  }

  /** The next time its job is waited for half as long. */
  #giveUp(run: Run): void {
    this.#slow.set(run, run.attempt);
    this.#patience.set(run.job, (this.#patience.get(run.job) ?? this.#patienceMs) / 2);
  }

  /** Runs that go on are told to end; a command that does not is killed. */
  async close(): Promise<void> {
    this.scheduler.stop();
    let isOver = false;
    const ended = this.scheduler.dispatcher.endAll("stopping", "the test is over").then(() => {
      isOver = true;
    });
    this.#slow = new WeakMap();
    this.#patience.clear();
    await this.quiet();
    const graces = [...this.#runner.going].map(({ entry }) => entry.definition.policies.graceMs);
    if (!isOver) await this.clock.passNext(() => Math.max(0, ...graces));
    this.clock.restore();
    if (!isOver) await Promise.race([ended, Bun.sleep(closeMs)]);
    this.#runner.close();
    this.output.close();
  }

  get #recorder() {
    const noting = (hook: string) => (event: RunEvent) => void this.events.push({ hook, event });
    return {
      onSuccess: noting("onSuccess"),
      onFailure: noting("onFailure"),
      onSkip: noting("onSkip"),
      onRecovered: noting("onRecovered"),
    };
  }
}

/** A handler runs where the test is, which so sees and may replace what it uses. */
function here(work: Work): Work {
  return "handler" in work ? { type: "inline", handler: work.handler } : work;
}

/** Only djob's own executable makes a command another user or limits it: `djob test` tells which that is. */
const executable = process.env["DJOB_TEST_EXECUTABLE"];
delete process.env["DJOB_TEST_EXECUTABLE"];
const stage =
  executable === undefined ? null : { executable, argv0: "djob: test", environment: { DJOB_STAGE: "run" } };

const makeExecutor: ExecutorMaker = async (work) => {
  if (work.type !== "command") throw new Error(`a job of the kind ${work.type} is not for tests`);
  const { commandExecutor } = await import("../runtime/command/executor.ts");
  return commandExecutor(work, stage);
};

/** The one clock that bun:test's fake timers leave alone; whoever waits by turns of the event loop is busy all the while. */
function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

class EndsRunner extends Runner {
  readonly ends = new Map<string, AttemptEnd>();

  override start(run: Run, ended: (end: AttemptEnd) => void): void {
    super.start(run, (end) => {
      this.ends.set(run.id, end);
      ended(end);
    });
  }
}
