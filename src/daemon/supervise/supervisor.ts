// The supervisor: feeds what happens to `decide`, and does what comes of it. It loads no user code.
import {
  type DaemonStatus,
  type JobStatus,
  longestTimeoutMs,
  type ReloadReport,
  type StopReport,
} from "../../control/messages.ts";
import { anyChild, type ChildExit, waitFor } from "../../libc/process.ts";
import { signalNumber } from "../../libc/signals.ts";
import type { FromWorker } from "../../runtime/link.ts";
import { formatDuration } from "../../schedule/duration.ts";
import type { Environment } from "../environment.ts";
import { errorCode } from "../error.ts";
import type { Spec } from "../spec.ts";
import type { StopStep } from "../stop-schedule.ts";
import { decide, firstState } from "./decide.ts";
import { leftovers, signalAll } from "./descendants.ts";
import { endingOf } from "./ending.ts";
import type { SupervisorPort } from "./port.ts";
import type { Effect, Rules, SupervisorEvent, SupervisorState } from "./state.ts";
import { watch } from "./watch.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

/** How much longer than its launcher a worker may load, and than its stop timeout end. */
const graceMs = 1_000;
/** How long a leftover has between TERM and KILL. */
const longestSweepMs = 2_000;
const sweepPollMs = 5;
/** How long after its end of the channel a process may take to be gone. */
const closedMs = 100;
/** A group's signal and one's own, as timeout(1) sends them, are one and the same. */
const sameSignalMs = 4;
/** How long a worker may take to tell of its jobs. */
const statusPatienceMs = 1_000;

export class Supervisor {
  readonly #spec: Spec;
  readonly #environment: Environment;
  readonly #port: SupervisorPort;
  readonly #rules: Rules;
  readonly #workers = new Map<number, WorkerProcess>();
  #state: SupervisorState = firstState;
  #jobs = 0;
  #lastStatusId = 0;
  readonly #statusRequests = new Map<number, (jobs: readonly JobStatus[] | null) => void>();
  #reloadWaiters: ((report: ReloadReport) => void)[] = [];
  #stopReport: StopReport | null = null;
  readonly #ended = Promise.withResolvers<StopReport>();
  /** Who takes over as soon as the worker before has given up the schedule. */
  #heir: { readonly from: number; readonly to: number } | null = null;
  /** The last failure that a worker told while it loaded. */
  #failure: Extract<FromWorker, { type: "failed" }>["failure"] | null = null;
  #stopSchedule: readonly StopStep[];
  /** What a module has done to the descriptor through which its worker is heard. */
  #broken: string | null = null;
  #stopReason = "";
  #terminatedAtMs = 0;
  readonly #watch: ReturnType<typeof watch>;
  #sweepDeadlineMs: number | null = null;
  #sweepTimer: Timer | undefined;
  #waitTimer: Timer | undefined;

  constructor(spec: Spec, environment: Environment, port: SupervisorPort) {
    this.#spec = spec;
    this.#environment = environment;
    this.#port = port;
    this.#rules = { ...spec.restart, mirrorsExit: process.pid === 1 };
    this.#stopSchedule = spec.stopSchedule;
    this.#watch = watch(spec, {
      worker: () => this.#watched(),
      hangs: (worker, why, dump) => {
        this.#log("error", `${why}; what the kernel knows of pid ${worker.pid}:\n${dump}`);
        worker.why = why;
        this.#dispatch({ type: "recycle", worker: worker.generation, kill: true });
      },
      tooLarge: (worker, why) => {
        this.#log("warn", `${why}: putting a new worker in its place`);
        this.#dispatch({ type: "renew", worker: worker.generation, why });
      },
    });
  }

  start(): void {
    this.#start(this.#state.generation);
  }

  /** SIGCHLD: reaps whatever has ended, orphans too. */
  reap(): void {
    for (let ended = reapOne(); ended !== null; ended = reapOne()) {
      const { pid } = ended;
      const worker = [...this.#workers.values()].find((other) => other.pid === pid);
      if (worker !== undefined) this.#whenEnded(worker, ended);
    }
    if (this.#sweepDeadlineMs !== null) this.#sweep();
  }

  terminate(signal: string): void {
    const nowMs = performance.now();
    if (this.#state.phase !== "stopping") {
      this.#terminatedAtMs = nowMs;
      this.#beginStop(signal);
    } else if (nowMs - this.#terminatedAtMs > sameSignalMs) {
      this.#log("warn", `${signal} for the second time: ending now`);
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
    if (this.#workers.size === 0) this.#log("info", `stopping (${reason})`);
    this.#dispatch({ type: "stop" });
  }

  async reload(): Promise<ReloadReport> {
    const { promise, resolve } = Promise.withResolvers<ReloadReport>();
    this.#reloadWaiters.push(resolve);
    this.hangUp();
    return await promise;
  }

  hangUp(): void {
    this.#log("info", "reloading");
    this.#dispatch({ type: "reload" });
  }

  /** Hands a signal on to the workers. */
  handOn(signal: string): void {
    for (const worker of this.#workers.values()) worker.signal(signal);
  }

  get state(): SupervisorState {
    return this.#state;
  }

  async status(): Promise<DaemonStatus> {
    const jobs = await this.#askJobs();
    const { phase, restarts, lastExit, reason, current } = this.#state;
    const { name, modules, paths, foreground, stopTimeoutMs } = this.#spec;
    return {
      name,
      state: phase,
      pid: process.pid,
      workerPid: (current === null ? null : this.#workers.get(current)?.pid) ?? null,
      startedAt: new Date(this.#port.startedAtMs).toISOString(),
      restarts,
      lastExit,
      foreground,
      stopTimeoutMs,
      modules,
      paths,
      jobs: jobs ?? [],
      reason,
      responsive: jobs !== null || current === null,
    };
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
      case "start": {
        this.#start(effect.worker);
        return;
      }
      case "ask": {
        this.#ask(effect.worker);
        return;
      }
      case "kill":
        this.#workers.get(effect.worker)?.signal("SIGKILL");
        return;
      case "takeOver": {
        this.#takeOver(effect.from, effect.to);
        return;
      }
      case "reloaded": {
        this.#answerReload(effect.failure);
        return;
      }
      case "announceRestart": {
        const when = effect.delayMs === 0 ? "now" : `in ${formatDuration(effect.delayMs)}`;
        this.#log("error", `the worker ended (${effect.ending.text}): starting it again ${when}`);
        return;
      }
      case "sweep": {
        this.#beginSweep(effect.kill);
        return;
      }
      case "wait":
        clearTimeout(this.#waitTimer);
        this.#waitTimer = setTimeout(() => this.#dispatch({ type: "due" }), effect.delayMs);
        return;
      case "end": {
        this.#end(effect.code);
        return;
      }
    }
  }

  #lastChildExit: Pick<ChildExit, "exitCode" | "signal"> = { exitCode: null, signal: null };

  #start(generation: number): void {
    let worker: WorkerProcess;
    try {
      worker = startWorker(generation, this.#spec, this.#environment, this.#port.listening);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log("error", message);
      const ending = { text: message, isClean: false, code: 1 };
      queueMicrotask(() => this.#exited(generation, ending));
      return;
    }
    this.#workers.set(generation, worker);
    worker.listen({
      message: (message) => this.#receive(worker, message),
      garbage: (line) => this.#break(worker, `something else than djob wrote to descriptor 4: ${line}`),
      closed: () =>
        // As a rule it is the process that has ended, which SIGCHLD tells.
        worker.whenClosed(closedMs, () =>
          this.#break(worker, "it closed descriptor 4, through which djob tells that it is ready"),
        ),
    });
    worker.after(this.#spec.readyTimeoutMs + graceMs, () => {
      worker.why ??= `it was not ready after ${this.#spec.readyTimeoutMs / 1000} s`;
      worker.signal("SIGKILL");
    });
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
        worker.forget();
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
        this.#statusRequests.get(message.id)?.(message.jobs);
        return;
      case "pong":
        this.#watch.answered(worker, message.id);
        return;
      case "yielded":
        this.#handOver(worker.generation, message.atMs, message.running);
        return;
      case "runEnded":
        this.#newest()?.tell({ type: "released", job: message.job });
        return;
      case "stopped":
        if (worker.generation === this.#state.current) this.#stopReport = message.report;
        return;
    }
  }

  #watched(): WorkerProcess | null {
    const { phase } = this.#state;
    return phase === "running" || phase === "reloading" ? (this.#newest() ?? null) : null;
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
    if (this.#heir?.from === worker.generation) this.#handOver(worker.generation, null, []);
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

  #takeOver(from: number | null, to: number): void {
    const old = from === null ? undefined : this.#workers.get(from);
    if (old === undefined || from === null) {
      this.#workers.get(to)?.tell({ type: "takeOver", fromMs: null, running: [] });
      return;
    }
    this.#heir = { from, to };
    old.tell({ type: "yield" });
    old.after(this.#spec.stopTimeoutMs + 2 * graceMs, () => old.signal("SIGKILL"));
  }

  /** @param fromMs null: the worker before died, and took its last times with it */
  #handOver(from: number, fromMs: number | null, running: readonly string[]): void {
    const heir = this.#heir;
    if (heir?.from !== from) return;
    this.#heir = null;
    this.#workers.get(heir.to)?.tell({ type: "takeOver", fromMs, running });
  }

  /** The stop's steps, one after another, and KILL after the last. */
  #ask(generation: number): void {
    const worker = this.#workers.get(generation);
    if (worker !== undefined) this.#step(worker, this.#stopSchedule, true);
  }

  #step(worker: WorkerProcess, [step, ...rest]: readonly StopStep[], isFirst: boolean): void {
    if (step === undefined || step.signal === "SIGKILL") {
      this.#log("error", `killed: pid ${worker.pid} did not end in time`);
      this.#stopReport = { outcome: "killed", runs: this.#stopReport?.runs ?? [] };
      worker.signal("SIGKILL");
      return;
    }
    const { signal, waitMs } = step;
    // It knows how long it has, and tells what it gave up.
    if (isFirst)
      worker.tell({ type: "stop", reason: this.#stopReason, timeoutMs: waitMs ?? longestTimeoutMs });
    else worker.signal(signal);
    if (waitMs !== null)
      worker.after(waitMs + (isFirst ? graceMs : 0), () => this.#step(worker, rest, false));
  }

  #askJobs(): Promise<readonly JobStatus[] | null> {
    const worker = this.#newest();
    if (worker === undefined) return Promise.resolve([]);
    this.#lastStatusId += 1;
    const id = this.#lastStatusId;
    const { promise, resolve } = Promise.withResolvers<readonly JobStatus[] | null>();
    const timer = setTimeout(() => resolve(null), statusPatienceMs);
    this.#statusRequests.set(id, resolve);
    worker.tell({ type: "status", id });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#statusRequests.delete(id);
    });
  }

  #answerReload(failure: string | null): void {
    const told = failure === null ? null : this.#port.describe(this.#failure, failure);
    if (told !== null && this.#state.phase === "running")
      this.#log("error", `not reloaded, going on with the old code: ${told.failure}`);
    const report: ReloadReport =
      told === null ? { outcome: "reloaded", failure: null, hint: null } : { outcome: "failed", ...told };
    for (const waiter of this.#reloadWaiters.splice(0)) waiter(report);
    this.#failure = null;
  }

  #beginSweep(kill: boolean): void {
    const allowedMs = kill ? 0 : Math.min(longestSweepMs, this.#stopSchedule[0]?.waitMs ?? longestSweepMs);
    this.#sweepDeadlineMs = performance.now() + allowedMs;
    if (this.#spec.killMode === "all" && !kill) signalAll(this.#leftovers(), "SIGTERM");
    this.#sweep();
  }

  #sweep(): void {
    clearTimeout(this.#sweepTimer);
    const found = this.#leftovers();
    const deadlineMs = this.#sweepDeadlineMs;
    if (deadlineMs === null) return;
    if (found.length === 0) {
      this.#sweepDeadlineMs = null;
      this.#dispatch({ type: "swept" });
      return;
    }
    if (performance.now() >= deadlineMs) signalAll(found, "SIGKILL");
    this.#sweepTimer = setTimeout(() => this.reap(), sweepPollMs);
  }

  #leftovers() {
    if (this.#spec.killMode !== "all") return [];
    return leftovers(new Set([...this.#workers.values()].map(({ pid }) => pid)));
  }

  #end(code: number): void {
    const { phase, reason } = this.#state;
    if (!this.#state.everReady) this.#port.failed(this.#failure, this.#broken, this.#lastChildExit);
    if (phase === "failed" && this.#state.everReady) this.#log("error", `giving up: ${reason}`);
    this.#port.removeFiles(this.#state);
    this.#ended.resolve(this.#stopReport ?? { outcome: "clean", runs: [] });
    this.#port.end(code);
  }

  #log(level: "info" | "warn" | "error", message: string): void {
    this.#port.log(level, message);
  }
}

function reapOne(): ChildExit | null {
  try {
    return waitFor(anyChild, { wait: false });
  } catch (error) {
    if (errorCode(error) === "ECHILD") return null;
    throw error;
  }
}
