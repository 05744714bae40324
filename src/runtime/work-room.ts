// What runs jobs, put together: what modules declare, when it comes, how it runs, what is kept of it, and what may be asked of it.
import { provideApi } from "../api/module.ts";
import type { RemoteJobs } from "../control/calls.ts";
import { directJobs } from "../control/direct.ts";
import { Control } from "./answers/control.ts";
import { quietClock, systemClock } from "./clock.ts";
import { History } from "./history.ts";
import type { Journal } from "./journal.ts";
import { declareModules } from "./loading/declare-modules.ts";
import type { LoadedModule } from "./loading/loader.ts";
import type { WorkerPort } from "./port.ts";
import { Registry } from "./registry.ts";
import { watchForBlocks } from "./running/blocking.ts";
import { executorMaker } from "./running/executors.ts";
import { Observers } from "./running/observers.ts";
import { Ping } from "./running/ping.ts";
import { Runner } from "./running/runner.ts";
import { Scheduler } from "./running/scheduler.ts";

/** What the declaration of so many has left is worth collecting, when they have been entered. */
const manyJobs = 2_000;
const garbageAfterMs = 1_000;

export class WorkRoom {
  readonly registry: Registry;
  readonly runner: Runner;
  readonly scheduler: Scheduler;
  readonly history: History;
  readonly control: Control;
  readonly #journal: Journal;
  readonly observers: Observers;
  readonly #start = Promise.withResolvers<void>();

  constructor(port: WorkerPort, journal: Journal) {
    this.#journal = journal;
    const history = new History(port, journal, () => this.scheduler.dispatcher.settle());
    this.history = history;
    this.registry = new Registry(port.host);
    this.runner = new Runner(systemClock, journal, executorMaker(port.commandStage, port.isolation, journal));
    this.observers = new Observers(
      systemClock,
      journal,
      () => this.registry.hooks,
      new Ping(systemClock, journal),
      () => history.store.flush(),
    );
    this.scheduler = new Scheduler({
      clock: systemClock,
      runner: this.runner,
      journal,
      get store() {
        return history.store;
      },
      host: port.host,
      bootId: () => port.bootId(),
      observers: this.observers,
    });
    history.onRecovered = () => this.scheduler.adoptAgain();
    this.control = new Control(this.scheduler, journal, history, systemClock.now);
    watchForBlocks(this.runner, journal);
    if (port.runWatch !== null) this.runner.watch(port.runWatch);
  }

  /** Loads the modules, which declare their jobs. @param onModule called before each */
  declare(
    { identity, crontabs }: WorkerPort,
    onModule: (path: string) => void,
  ): Promise<readonly LoadedModule[]> {
    const warn = (message: string) => this.#journal.write("warn", message);
    return declareModules(identity.modules, { registry: this.registry, crontabs, onModule, warn });
  }

  /** Its jobs run from now on (Scheduler.start); what isolated jobs need is made now, so that nobody has waited for it. */
  start(...from: Parameters<Scheduler["start"]>): void {
    this.scheduler.start(...from);
    this.runner.prepare(this.registry.jobs);
    // Nothing else would for minutes, and then while a job is due.
    if (this.registry.jobs.length >= manyJobs) quietClock.after(garbageAfterMs, () => Bun.gc(false));
    this.#start.resolve();
  }

  /** What is asked of its jobs: answered when they run. */
  jobs(isLoading: () => boolean): RemoteJobs {
    return directJobs(this.control, isLoading, () => (this.scheduler.isWaiting ? this.#start.promise : null));
  }

  /** From now on modules can import "djob". @param isLoading whether modules are being loaded at the moment */
  provide(port: WorkerPort, isLoading: () => boolean): void {
    provideApi({
      job: (...given: unknown[]) => this.registry.add(...given),
      hooks: (given) => this.registry.addHooks(given),
      sockets: port.sockets,
    });
    this.registry.whenAdded((job) => {
      if (isLoading() || this.history.isOpen) this.scheduler.add(job);
      else void this.history.open().then(() => this.scheduler.add(job));
    });
  }
}
