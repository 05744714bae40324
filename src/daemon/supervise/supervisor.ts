// The supervisor: feeds what happens to `decide`, and does what comes of it. It loads no user code.
import type { DaemonStatus, ReloadReport, StopReport } from "../../control/messages.ts";
import type { ChildExit } from "../../libc/process.ts";
import { signalNumber } from "../../libc/signals.ts";
import { notInTime } from "../../runtime/failure.ts";
import type { FromWorker } from "../../runtime/link.ts";
import type { Environment } from "../environment.ts";
import type { Spec } from "../spec.ts";
import type { StopStep } from "../stopping/stop-schedule.ts";
import { decide, firstState, isOver } from "./decide.ts";
import { deniedText, endingOf, restartText } from "./ending.ts";
import { Handover } from "./handover.ts";
import { hear } from "./hear.ts";
import { JobQuestions } from "./job-questions.ts";
import type { SupervisorPort } from "./port.ts";
import { reapOne } from "./reap.ts";
import { ReloadAnswers } from "./reload-answers.ts";
import type { Effect, Rules, SupervisorEvent, SupervisorState } from "./state.ts";
import { statusOf } from "./status.ts";
import { StopRequest } from "./stop-request.ts";
import type { WorkMemory } from "./successor.ts";
import { Sweep } from "./sweep.ts";
import { type Watchdog, watchWorker } from "./watch.ts";
import { resumeWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

/** How much longer than its launcher a worker may load, and than its stop timeout retire. */
const graceMs = 1_000;

export class Supervisor {
  readonly #spec: Spec;
  readonly #environment: Environment;
  readonly #port: SupervisorPort;
  readonly #rules: Rules;
  readonly workers = new Map<number, WorkerProcess>();
  #state: SupervisorState = firstState;
  #jobs = 0;
  /** What the workers' jobs are asked through. */
  readonly jobs = new JobQuestions(() => ({ ...this.#state, workers: this.workers }));
  readonly #handover = new Handover(this.workers);
  readonly #sweep: Sweep;
  readonly #reloadAnswers = new ReloadAnswers();
  readonly #stop: StopRequest;
  /** The last failure that a worker told while it loaded. */
  #failure: Extract<FromWorker, { type: "failed" }>["failure"] | null = null;
  #lastChildExit: Pick<ChildExit, "exitCode" | "signal"> = { exitCode: null, signal: null };
  /** What a module has done to the descriptor through which its worker is heard. */
  #broken: string | null = null;
  readonly #watchdog: Watchdog;
  #waitTimer: Timer | undefined;

  constructor(spec: Spec, environment: Environment, port: SupervisorPort) {
    this.#spec = spec;
    this.#environment = environment;
    this.#port = port;
    this.#rules = { ...spec.restart, mirrorsExit: spec.foreground };
    this.#stop = new StopRequest(spec.stopSchedule);
    const workers = () => new Set([...this.workers.values()].map(({ pid }) => pid));
    const swept = (left: readonly number[]) => {
      for (const pid of left) port.log("error", deniedText("SIGKILL", pid));
      this.#dispatch({ type: "swept" });
    };
    this.#sweep = new Sweep(spec.killMode, workers, { reap: () => this.reap(), swept });
    const dispatch = (event: SupervisorEvent) => this.#dispatch(event);
    this.#watchdog = watchWorker(spec, port.log, () => this.#watched(), dispatch);
  }

  start(): void {
    this.#start(this.#state.generation);
  }

  /** For a successor of this supervisor in the same process. */
  get memory(): WorkMemory {
    const workers = [...this.workers.values()].map((worker) => worker.handOver());
    return { state: this.#state, jobs: this.#jobs, handover: this.#handover.memory, workers };
  }

  /** In place of `start`. */
  resume({ state, jobs, handover, workers }: WorkMemory): void {
    this.#state = state;
    this.#jobs = jobs;
    this.#handover.resume(handover);
    for (const remembered of workers) this.#listen(resumeWorker(remembered));
    this.#port.phaseChanged(state, jobs);
    this.reap();
  }

  /** SIGCHLD: reaps whatever has ended, orphans too. */
  reap(): void {
    for (let ended = reapOne(); ended !== null; ended = reapOne()) {
      const { pid } = ended;
      const worker = [...this.workers.values()].find((other) => other.pid === pid);
      this.#sweep.reaped(pid);
      if (worker !== undefined) this.#whenEnded(worker, ended);
      else this.#port.otherEnded(ended);
    }
    this.#sweep.look();
  }

  terminate(signal: string): void {
    if (!this.#stop.isMade) {
      this.#beginStop(signal);
    } else if (this.#stop.isOld) {
      this.#port.log("warn", `${signal} for the second time: ending now`);
      this.#dispatch({ type: "kill" });
    }
  }

  /** @param schedule null: what the spec says. @returns when nothing of the daemon is left */
  async stop(schedule: readonly StopStep[] | null): Promise<StopReport> {
    if (!this.#stop.isMade) {
      this.#stop.steps = schedule ?? this.#spec.stopSchedule;
      this.#beginStop("djob stop");
    }
    return await this.#stop.ended;
  }

  /** A worker that can will write that it is stopping. */
  #beginStop(reason: string): void {
    this.#stop.make(reason);
    if (this.workers.size === 0 || this.#spec.command !== null)
      this.#port.log("info", `stopping (${reason})`);
    this.#dispatch({ type: "stop" });
  }

  async reload(): Promise<ReloadReport> {
    const answered = this.#reloadAnswers.wait();
    this.hangUp();
    return await answered;
  }

  hangUp(): void {
    if (this.#spec.command !== null) {
      // What it means is the program's own business.
      for (const worker of this.workers.values()) worker.signal("SIGHUP");
      this.#reloadAnswers.give(null, true);
      return;
    }
    this.#port.log("info", "reloading");
    this.#dispatch({ type: "reload" });
  }

  handOn(signal: string): void {
    // To a program that does not listen to it, it is the end.
    if (this.#spec.command !== null) return;
    for (const worker of this.workers.values()) worker.handOn(signal);
  }

  async status(): Promise<DaemonStatus> {
    const report = await this.jobs.report();
    return statusOf(this.#state, this.#spec, this.#port, this.#newest(), report);
  }

  #dispatch(event: SupervisorEvent): void {
    const before = this.#state.phase;
    const { state, effects } = decide(this.#state, event, this.#rules);
    this.#state = state;
    if (state.phase !== before) this.#port.phaseChanged(state, this.#jobs);
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "start":
        this.#start(effect.worker);
        return;
      case "ask":
        this.#ask(effect.worker);
        return;
      case "kill":
        this.workers.get(effect.worker)?.signal("SIGKILL");
        return;
      case "takeOver":
        this.#handover.begin(effect.from, effect.to, this.#spec.stopTimeoutMs + 2 * graceMs);
        return;
      case "reloaded":
        this.#answerReload(effect.failure);
        return;
      case "announceRestart":
        this.#port.log("error", restartText(effect.ending, effect.delayMs));
        return;
      case "sweep":
        this.#sweep.begin(effect.kill ? 0 : (this.#stop.steps[0]?.waitMs ?? null));
        return;
      case "wait":
        clearTimeout(this.#waitTimer);
        this.#waitTimer = setTimeout(() => this.#dispatch({ type: "due" }), effect.delayMs);
        return;
      case "end":
        this.#end(effect.code);
        return;
    }
  }

  #start(generation: number): void {
    this.#reloadAnswers.started();
    this.#failure = null;
    let worker: WorkerProcess;
    try {
      worker = startWorker(generation, this.#spec, this.#environment, this.#port.listening);
    } catch (error) {
      const text = String(error instanceof Error ? error.message : error);
      this.#port.log("error", text);
      queueMicrotask(() => this.#exited(generation, { text, isClean: false, code: 1 }));
      return;
    }
    this.#listen(worker);
    // It ends itself a grace earlier, and names the module, unless that blocks the event loop.
    worker.after(this.#spec.readyTimeoutMs + 2 * graceMs, () => {
      const late = notInTime(null, this.#spec.readyTimeoutMs);
      if (!worker.isCommand) this.#failure = late;
      worker.why ??= late.message;
      worker.signal("SIGKILL");
    });
  }

  #listen(worker: WorkerProcess): void {
    this.workers.set(worker.generation, worker);
    worker.denied = (signal) => this.#port.log("error", deniedText(signal, worker.pid));
    hear(worker, {
      ready: (ready, jobs) => this.#whenReady(ready, jobs),
      failed: (failure) => {
        this.#failure = failure;
      },
      broken: (message) => {
        if (!this.#state.everReady) this.#broken = message;
      },
      asked: (asked, message) => this.jobs.hear(asked.generation, message),
      pong: (living, id) => this.#watchdog.answered(living, id),
      yielded: ({ generation }, atMs, running) => this.#handover.yielded(generation, atMs, running),
      runEnded: ({ generation }, job) => this.#handover.runEnded(generation, job, this.#state.current),
      stopped: (_worker, report) => {
        if (this.#stop.isMade) this.#stop.reported(report);
      },
      logChanged: () => this.#port.lookAtLog(this.workers.values()),
    });
  }

  #whenReady(worker: WorkerProcess, jobs: number): void {
    // What is being ended keeps its deadline.
    if (worker.generation !== (this.#state.candidate ?? this.#state.current) || isOver(this.#state)) return;
    worker.settle();
    if (worker.isCommand) this.#port.log("info", `${this.#spec.name} is ready: pid ${worker.pid}`);
    this.#jobs = jobs;
    if (!this.#state.everReady && this.#state.phase === "starting" && !this.#port.ready(jobs)) {
      this.#beginStop("whoever started it ended before it was ready");
      return;
    }
    this.#dispatch({ type: "ready", worker: worker.generation, nowMs: performance.now() });
  }

  #watched(): WorkerProcess | null {
    const { phase } = this.#state;
    return phase === "running" || phase === "reloading" ? (this.#newest() ?? null) : null;
  }

  #newest(): WorkerProcess | undefined {
    return this.#state.current === null ? undefined : this.workers.get(this.#state.current);
  }

  #whenEnded(worker: WorkerProcess, exit: ChildExit): void {
    worker.hearLast();
    worker.forget();
    this.jobs.gone(worker.generation);
    this.workers.delete(worker.generation);
    this.#lastChildExit = exit;
    this.#sweep.ended(worker.pid);
    if (this.#state.retiring.includes(worker.generation)) this.#sweep.retired(worker, this.#stop.steps[0]);
    this.#exited(worker.generation, endingOf(exit, worker.why, this.#port.outOfMemory(), signalNumber));
    this.#handover.gone(worker.generation, this.#state.current);
  }

  #exited(generation: number, ending: ReturnType<typeof endingOf>): void {
    const draw = { nowMs: performance.now(), chance: this.#port.chance() };
    this.#dispatch({ type: "exited", worker: generation, ending, ...draw });
  }

  #ask(generation: number): void {
    const worker = this.workers.get(generation);
    if (worker === undefined) return;
    this.#stop.end(worker, () => this.#port.log("error", `killed: pid ${worker.pid} did not end in time`));
  }

  #answerReload(failure: string | null): void {
    const told = failure === null ? null : this.#port.describe(this.#failure, failure);
    if (told !== null && this.#state.phase === "running")
      this.#port.log("error", `not reloaded, going on with the old code: ${told.failure}`);
    this.#reloadAnswers.give(told, isOver(this.#state));
  }

  #end(code: number): void {
    const { phase, reason } = this.#state;
    const failure = this.#failure ?? this.#stop.failure;
    if (!this.#state.everReady) this.#port.failed(failure, this.#broken, this.#lastChildExit);
    if (phase === "failed" && this.#state.everReady) this.#port.log("error", `giving up: ${reason}`);
    else if (this.#spec.command !== null) this.#port.log("info", "stopped");
    this.#port.removeFiles(this.#state);
    this.#stop.settle();
    this.#port.end(code);
  }
}
