// The supervisor: feeds what happens to `decide`, and does what comes of it. It loads no user code.
import type { DaemonStatus, ReloadReport, StopReport } from "../../control/messages.ts";
import type { ChildExit } from "../../libc/process.ts";
import { signalNumber } from "../../libc/signals.ts";
import type { FromWorker } from "../../runtime/link.ts";
import type { Environment } from "../environment.ts";
import type { Spec } from "../spec.ts";
import type { StopStep } from "../stop-schedule.ts";
import { decide, firstState } from "./decide.ts";
import { endWorker } from "./end-worker.ts";
import { endingOf, restartText } from "./ending.ts";
import { Handover } from "./handover.ts";
import { JobQuestions } from "./job-questions.ts";
import type { SupervisorPort } from "./port.ts";
import { reapOne } from "./reap.ts";
import { ReloadAnswers } from "./reload-answers.ts";
import type { Effect, Rules, SupervisorEvent, SupervisorState } from "./state.ts";
import { statusOf } from "./status.ts";
import type { WorkMemory } from "./successor.ts";
import { Sweep } from "./sweep.ts";
import { resumeWorker, startWorker, type WorkerProcess } from "./worker-process.ts";

/** How much longer than its launcher a worker may load, and than its stop timeout retire. */
const graceMs = 1_000;
/** A group's signal and one's own, as timeout(1) sends them, are one and the same. */
const sameSignalMs = 4;

export class Supervisor {
  readonly #spec: Spec;
  readonly #environment: Environment;
  readonly #port: SupervisorPort;
  readonly #rules: Rules;
  readonly #workers = new Map<number, WorkerProcess>();
  #state: SupervisorState = firstState;
  #jobs = 0;
  readonly #questions = new JobQuestions();
  readonly #handover = new Handover(this.#workers);
  readonly #sweep: Sweep;
  readonly #reloadAnswers = new ReloadAnswers();
  #stopReport: StopReport | null = null;
  readonly #ended = Promise.withResolvers<StopReport>();
  /** The last failure that a worker told while it loaded. */
  #failure: Extract<FromWorker, { type: "failed" }>["failure"] | null = null;
  #lastChildExit: Pick<ChildExit, "exitCode" | "signal"> = { exitCode: null, signal: null };
  #stopSchedule: readonly StopStep[];
  /** What a module has done to the descriptor through which its worker is heard. */
  #broken: string | null = null;
  #stopReason = "";
  #terminatedAtMs = 0;
  #waitTimer: Timer | undefined;

  constructor(spec: Spec, environment: Environment, port: SupervisorPort) {
    this.#spec = spec;
    this.#environment = environment;
    this.#port = port;
    this.#rules = { ...spec.restart, mirrorsExit: spec.foreground };
    this.#stopSchedule = spec.stopSchedule;
    const workers = () => new Set([...this.#workers.values()].map(({ pid }) => pid));
    this.#sweep = new Sweep(spec.killMode, workers, {
      reap: () => this.reap(),
      swept: () => this.#dispatch({ type: "swept" }),
    });
  }

  start(): void {
    this.#start(this.#state.generation);
  }

  /** For a successor of this supervisor in the same process. */
  get memory(): WorkMemory {
    const workers = [...this.#workers.values()].map((worker) => worker.handOver());
    return { state: this.#state, jobs: this.#jobs, heir: this.#handover.heir, workers };
  }

  /** In place of `start`. */
  resume({ state, jobs, heir, workers }: WorkMemory): void {
    this.#state = state;
    this.#jobs = jobs;
    this.#handover.heir = heir;
    for (const remembered of workers) this.#watch(resumeWorker(remembered));
    this.#port.phaseChanged(state, jobs);
    this.reap();
  }

  /** SIGCHLD: reaps whatever has ended, orphans too. */
  reap(): void {
    for (let ended = reapOne(); ended !== null; ended = reapOne()) {
      const { pid } = ended;
      const worker = [...this.#workers.values()].find((other) => other.pid === pid);
      if (worker !== undefined) this.#whenEnded(worker, ended);
      else this.#port.otherEnded(ended);
    }
    this.#sweep.look();
  }

  terminate(signal: string): void {
    const nowMs = performance.now();
    if (this.#state.phase !== "stopping") {
      this.#terminatedAtMs = nowMs;
      this.#beginStop(signal);
    } else if (nowMs - this.#terminatedAtMs > sameSignalMs) {
      this.#port.log("warn", `${signal} for the second time: ending now`);
      this.#dispatch({ type: "kill" });
    }
  }

  /** @param schedule null: what the spec says. @returns when nothing of the daemon is left */
  async stop(schedule: readonly StopStep[] | null): Promise<StopReport> {
    if (this.#state.phase !== "stopping") {
      this.#stopSchedule = schedule ?? this.#spec.stopSchedule;
      this.#beginStop("djob stop");
    }
    return await this.#ended.promise;
  }

  /** A worker that can will write that it is stopping. */
  #beginStop(reason: string): void {
    this.#stopReason = reason;
    if (this.#workers.size === 0) this.#port.log("info", `stopping (${reason})`);
    this.#dispatch({ type: "stop" });
  }

  async reload(): Promise<ReloadReport> {
    const answered = this.#reloadAnswers.wait();
    this.hangUp();
    return await answered;
  }

  hangUp(): void {
    this.#port.log("info", "reloading");
    this.#dispatch({ type: "reload" });
  }

  /** Hands a signal on to the workers. */
  handOn(signal: string): void {
    for (const worker of this.#workers.values()) worker.handOn(signal);
  }

  async status(): Promise<DaemonStatus> {
    const jobs = await this.#questions.ask(this.#newest());
    return statusOf(this.#state, this.#spec, this.#port, this.#newest()?.pid ?? null, jobs);
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
        this.#workers.get(effect.worker)?.signal("SIGKILL");
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
        this.#sweep.begin(effect.kill ? 0 : (this.#stopSchedule[0]?.waitMs ?? null));
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
    let worker: WorkerProcess;
    try {
      worker = startWorker(generation, this.#spec, this.#environment, this.#port.listening);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#port.log("error", message);
      const ending = { text: message, isClean: false, code: 1 };
      queueMicrotask(() => this.#exited(generation, ending));
      return;
    }
    this.#watch(worker);
    worker.after(this.#spec.readyTimeoutMs + graceMs, () => {
      worker.why ??= `it was not ready after ${this.#spec.readyTimeoutMs / 1000} s`;
      worker.signal("SIGKILL");
    });
  }

  #watch(worker: WorkerProcess): void {
    this.#workers.set(worker.generation, worker);
    worker.listen(
      (message) => this.#receive(worker, message),
      (why) => this.#break(worker, why),
    );
  }

  /** It can't be talked to any more. */
  #break(worker: WorkerProcess, message: string): void {
    if (!this.#state.everReady) this.#broken = message;
    worker.why ??= message;
    worker.signal("SIGKILL");
  }

  #receive(worker: WorkerProcess, message: FromWorker): void {
    switch (message.type) {
      case "ready":
        worker.settle();
        this.#jobs = message.jobs;
        if (!this.#state.everReady && this.#state.phase === "starting" && !this.#port.ready(message.jobs)) {
          this.#beginStop("whoever started it ended before it was ready");
          return;
        }
        this.#dispatch({ type: "ready", worker: worker.generation, nowMs: performance.now() });
        return;
      case "failed":
        this.#failure = message.failure;
        worker.why = `it could not be loaded: ${message.failure.message}`;
        return;
      case "crashed":
        worker.why = String(message.what);
        return;
      case "status":
        this.#questions.answer(message.id, message.jobs);
        return;
      case "yielded":
        this.#handover.complete(worker.generation, message.atMs, message.running);
        return;
      case "runEnded":
        this.#newest()?.tell({ type: "released", job: message.job });
        return;
      case "stopped":
        if (worker.generation === this.#state.current) this.#stopReport = message.report;
        return;
    }
  }

  #newest(): WorkerProcess | undefined {
    return this.#state.current === null ? undefined : this.#workers.get(this.#state.current);
  }

  #whenEnded(worker: WorkerProcess, exit: ChildExit): void {
    worker.forget();
    this.#workers.delete(worker.generation);
    this.#lastChildExit = exit;
    const ending = endingOf(exit, worker.why, this.#port.outOfMemory(), signalNumber);
    this.#exited(worker.generation, ending);
    this.#handover.complete(worker.generation, null, []);
    this.#newest()?.tell({ type: "released", job: null });
  }

  #exited(generation: number, ending: ReturnType<typeof endingOf>): void {
    this.#dispatch({
      type: "exited",
      worker: generation,
      ending,
      nowMs: performance.now(),
      chance: this.#port.chance(),
    });
  }

  #ask(generation: number): void {
    const worker = this.#workers.get(generation);
    if (worker === undefined) return;
    endWorker(worker, this.#stopSchedule, this.#stopReason, () => {
      this.#port.log("error", `killed: pid ${worker.pid} did not end in time`);
      this.#stopReport = { outcome: "killed", runs: this.#stopReport?.runs ?? [] };
    });
  }

  #answerReload(failure: string | null): void {
    const told = failure === null ? null : this.#port.describe(this.#failure, failure);
    if (told !== null && this.#state.phase === "running")
      this.#port.log("error", `not reloaded, going on with the old code: ${told.failure}`);
    this.#reloadAnswers.give(told);
    this.#failure = null;
  }

  #end(code: number): void {
    const { phase, reason } = this.#state;
    if (!this.#state.everReady) this.#port.failed(this.#failure, this.#broken, this.#lastChildExit);
    if (phase === "failed" && this.#state.everReady) this.#port.log("error", `giving up: ${reason}`);
    this.#port.removeFiles(this.#state);
    this.#ended.resolve(this.#stopReport ?? { outcome: "clean", runs: [] });
    this.#port.end(code);
  }
}
