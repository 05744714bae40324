// The worker: loads the user's modules, says that it is ready, runs their jobs, and ends in good order.
import type { RemoteJobs } from "../control/calls.ts";
import type { DaemonState, DaemonStatus, ReloadReport, StopReport } from "../control/messages.ts";
import { type ControlServer, serveControl } from "../control/server.ts";
import { exitCode } from "../exit-code.ts";
import { statusOf } from "./answers/status.ts";
import { longestTimerMs, systemClock } from "./clock.ts";
import { failure, failureOf, type ModuleFailure, nothingToDo, notInTime } from "./failure.ts";
import { errorText, Journal, thrownTitle } from "./journal.ts";
import type { SupervisorLink } from "./link.ts";
import { afterLastTurn, staysAlive } from "./loading/event-loop.ts";
import { type ExitWatch, LoadError, watchExit } from "./loading/loader.ts";
import type { WorkerPort } from "./port.ts";
import { findBroken, refuseUpgrade, reopenLogs } from "./reload.ts";
import { type RunningServer, startServers } from "./serving/servers.ts";
import { listenToSignals, type SignalListeners } from "./signals.ts";
import { drain, letListenersEnd, retire, type Work } from "./stopping.ts";
import { obey } from "./supervised.ts";
import { takeOverOutput } from "./take-over.ts";
import { WorkRoom } from "./work-room.ts";

/** How long an answer may take to leave the control socket. */
const answerGraceMs = 200;

export class Worker {
  readonly #port: WorkerPort;
  readonly #journal: Journal;
  readonly #room: WorkRoom;
  readonly #exits: ExitWatch = watchExit();
  #state: DaemonState = "starting";
  /** The module that is being loaded. */
  #module: string | null = null;
  #servers: readonly RunningServer[] = [];
  #control: ControlServer | null = null;
  #signals: SignalListeners | null = null;
  #stopping: Promise<StopReport> | null = null;
  #retiring = false;
  #stopSignal: NodeJS.Signals = "SIGTERM";
  #hold: Timer | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    this.#journal = new Journal(systemClock.now, port.log);
    this.#room = new WorkRoom(port, this.#journal);
  }

  async start(): Promise<void> {
    takeOverOutput(this.#journal);
    this.#room.provide(this.#port, () => this.#state === "starting");
    this.#watchEnds();
    this.#signals = listenToSignals({
      terminate: (signal) => void this.#stop(signal, true),
      endNow: (signal) => this.#endNow(signal),
      hangUp: (signal) => this.#hangUp(signal),
      reopenLogs: () => reopenLogs(this.#port, this.#journal),
      dump: () => this.#dump(),
    });
    await this.#load().catch((error: unknown) =>
      this.#fail(error instanceof LoadError ? error.failure : failureOf(error, this.#module)),
    );
  }

  async #load(): Promise<void> {
    const { readyTimeoutMs, loadGraceMs, supervisor } = this.#port;
    if (supervisor === null) this.#serve();
    else this.#obey(supervisor);
    // The launcher has the same bound; this one also holds when there is none. It keeps the loop alive meanwhile.
    const late = () => this.#fail(notInTime(this.#module, readyTimeoutMs));
    const timer = setTimeout(late, readyTimeoutMs + loadGraceMs);
    const modules = await this.#room.declare(this.#port, (path) => {
      this.#module = path;
    });
    this.#servers = startServers(modules, this.#port.sockets);
    timer.unref();
    // A plain script may declare its first job while this waits.
    if (this.#isPlainScript() && !(await staysAlive()) && this.#isPlainScript())
      throw new LoadError(nothingToDo(this.#module));
    if (this.#room.registry.jobs.length > 0) await this.#room.history.open();
    clearTimeout(timer);
    this.#exits.stop();
    afterLastTurn(() => this.#nothingLeft());
    this.#becomeReady();
  }

  /** What is asked of its jobs, by a supervisor or on its own socket. */
  readonly #jobs = (): RemoteJobs => this.#room.jobs(() => this.#state === "starting");

  #serve(): void {
    const { identity } = this.#port;
    const handlers = {
      status: () => this.#status(),
      spec: (withSecrets: boolean) => this.#port.spec(withSecrets),
      stop: (timeoutMs: number | null) => this.#stop("djob stop", false, timeoutMs),
      reload: () => this.#reload(),
      upgrade: () => refuseUpgrade(identity.name),
      jobs: this.#jobs(),
    };
    this.#control = this.#port.openAside(() => serveControl(identity.paths.socket, handlers));
  }

  #status(): DaemonStatus {
    const { identity, log } = this.#port;
    return statusOf(this.#state, identity, log.state, this.#room.control.report());
  }

  #obey(supervisor: SupervisorLink): void {
    this.#room.scheduler.whenJobFree((job) => {
      if (!this.#retiring) return;
      // Whoever runs the job next is to find what this run has left.
      this.#room.history.flush();
      supervisor.send({ type: "runEnded", job });
    });
    obey(supervisor, this.#room.scheduler, this.#jobs(), this.#port.log, {
      stop: (reason, timeoutMs, signal) => {
        // Old code may finish its runs beside the new, but does not hold up the end of both.
        if (this.#retiring) void this.#room.scheduler.dispatcher.endAll("stopping", reason);
        this.#stopSignal = signal;
        return this.#stop(reason, false, timeoutMs);
      },
      retire: () => this.#retire(supervisor),
      takeOver: (fromMs, running, workers) => {
        clearTimeout(this.#hold);
        if (this.#state === "running") this.#room.start(fromMs, running, workers);
      },
    });
  }

  /** The new worker is ready: hands the schedule over, finishes its runs, and ends. */
  async #retire(supervisor: SupervisorLink): Promise<void> {
    this.#retiring = true;
    const { atMs, running } = this.#room.scheduler.yield();
    this.#room.history.storeIfAny?.releaseRetries();
    supervisor.send({ type: "yielded", atMs, running });
    if (this.#stopping !== null) return;
    this.#enter("stopping");
    const { stopTimeoutMs } = this.#port.identity;
    this.#stopping = this.#isPlainScript()
      ? this.#letListenersEnd(false, stopTimeoutMs)
      : retire(this.#work(), "the daemon is reloading", stopTimeoutMs);
    const report = await this.#stopping;
    if (report.outcome !== "clean")
      this.#journal.write("error", `old code was killed: ${report.runs.join(", ")} did not end`);
    supervisor.send({ type: "stopped", report });
    this.#room.history.storeIfAny?.releaseRetries();
    supervisor.send({ type: "retired", children: this.#port.children() });
    this.#port.exit(exitCode.done);
  }

  #becomeReady(): void {
    if (this.#state !== "starting") return;
    this.#enter("running");
    const { name, pid, workerPid } = this.#port.identity;
    const jobs = this.#room.registry.jobs.length;
    const pids = pid === workerPid ? `pid ${pid}` : `pid ${pid}, worker ${workerPid}`;
    this.#journal.write("info", `${name} is ready: ${pids}, ${jobs === 1 ? "1 job" : `${jobs} jobs`}`);
    for (const { place } of this.#servers) this.#journal.write("info", `serving ${place}`);
    if (this.#port.ready(jobs)) {
      // A supervisor says when, and until then jobs alone would hold no event loop.
      if (this.#port.supervisor === null) this.#room.start();
      else if (jobs > 0) this.#hold = setTimeout(() => {}, longestTimerMs);
    } else {
      void this.#stop("whoever started it ended before it was ready", false);
    }
  }

  #enter(state: DaemonState): void {
    this.#state = state;
    this.#port.stateChanged(state, this.#room.registry.jobs.length);
  }

  #fail(reason: ModuleFailure): never {
    this.#enter("failed");
    this.#port.failed(reason);
    this.#port.removeFiles();
    return this.#port.exit(exitCode.notReady);
  }

  #watchEnds(): void {
    process.on("exit", (code) => {
      this.#room.history.flush();
      if (this.#state === "starting") {
        this.#port.failed(this.#exits.failureOf(code, this.#module));
        process.exitCode = exitCode.notReady;
      }
      if (this.#state === "running") {
        this.#journal.write(code === 0 ? "info" : "error", `ending: process.exit(${code}) was called`);
      }
      this.#port.removeFiles();
    });
    process.on("uncaughtException", (error) => this.#crash("uncaught exception", error));
    process.on("unhandledRejection", (error) => this.#crash("unhandled rejection", error));
  }

  #nothingLeft(): void {
    if (this.#state !== "running") return;
    this.#journal.write("info", "ending: nothing is left to do");
    this.#enter("stopped");
    this.#port.exit(exitCode.done);
  }

  #crash(what: string, error: unknown): void {
    if (this.#state === "starting") this.#fail(failureOf(error, this.#module));
    this.#journal.write("error", `ending after an ${what}: ${errorText(error)}`);
    this.#port.crashed(`${what}: ${thrownTitle(error)}`);
    this.#enter("failed");
    this.#port.exit(exitCode.failed);
  }

  #stop(reason: string, listenersTold: boolean, timeoutMs: number | null = null): Promise<StopReport> {
    const stopTimeoutMs = timeoutMs ?? this.#port.identity.stopTimeoutMs;
    this.#stopping ??= this.#stopOnce(reason, listenersTold, stopTimeoutMs);
    return this.#stopping;
  }

  async #stopOnce(reason: string, listenersTold: boolean, timeoutMs: number): Promise<StopReport> {
    if (this.#state === "starting") {
      this.#fail(failure(this.#module, `it was stopped (${reason}) while it was being loaded`, null));
    }
    this.#enter("stopping");
    const going = this.#room.scheduler.dispatcher.running;
    const waiting = going.length > 0 ? `, waiting for ${going.join(", ")}` : "";
    this.#journal.write("info", `stopping (${reason})${waiting}`);
    const report = await this.#end(`the daemon is stopping: ${reason}`, listenersTold, timeoutMs);
    const given = report.runs.length > 0 ? report.runs.join(", ") : "it";
    if (report.outcome === "clean") this.#journal.write("info", "stopped");
    else this.#journal.write("error", `killed: ${given} did not end within ${timeoutMs / 1000} s`);
    setImmediate(() => this.#leave(report));
    return report;
  }

  #end(reason: string, listenersTold: boolean, timeoutMs: number): Promise<StopReport> {
    if (this.#isPlainScript()) return this.#letListenersEnd(listenersTold, timeoutMs);
    return drain(this.#work(), reason, timeoutMs);
  }

  #letListenersEnd(told: boolean, timeoutMs: number): Promise<StopReport> {
    return letListenersEnd(this.#signals?.others(this.#stopSignal) ?? [], told, timeoutMs, this.#stopSignal);
  }

  #isPlainScript(): boolean {
    return this.#room.registry.jobs.length === 0 && this.#servers.length === 0;
  }

  #work(): Work {
    const { scheduler, observers } = this.#room;
    return { scheduler, dispatcher: scheduler.dispatcher, servers: this.#servers, observers };
  }

  /** Whoever asked for the stop gets the answer first; the files go before that, so that the asker finds none. */
  #leave({ outcome }: StopReport): void {
    this.#room.history.flush();
    this.#port.removeFiles();
    const end = () => (outcome === "forced" ? this.#port.kill() : this.#port.exit(exitCode.done));
    if (this.#control === null || this.#control.pending === 0) end();
    setTimeout(end, answerGraceMs);
  }

  #hangUp(signal: string): void {
    // A supervisor is who reloads.
    if (this.#port.supervisor !== null) return;
    void (this.#port.stopsOnHangUp ? this.#stop(signal, false) : this.#reload());
  }

  #endNow(signal: string): void {
    this.#journal.write("warn", `${signal} for the second time: ending now`);
    this.#room.history.flush();
    this.#port.removeFiles();
    this.#port.kill();
  }

  /** In place: under the same pid, when the runs have ended. */
  async #reload(): Promise<ReloadReport> {
    if (this.#state !== "running") return { outcome: "failed", failure: `it is ${this.#state}`, hint: null };
    this.#journal.write("info", "reloading");
    this.#enter("reloading");
    const broken = await findBroken(this.#port, this.#room.registry);
    if (this.#stopping !== null) return { outcome: "failed", failure: "it is stopping", hint: null };
    if (broken !== null) {
      this.#enter("running");
      this.#journal.write("error", `not reloaded, going on with the old code: ${broken}`);
      return { outcome: "failed", failure: broken, hint: null };
    }
    void this.#replace();
    return { outcome: "replacing", failure: null, hint: null };
  }

  async #replace(): Promise<void> {
    await this.#end("the daemon is reloading", true, this.#port.identity.stopTimeoutMs);
    if (this.#stopping !== null) return;
    this.#control?.close();
    this.#room.history.flush();
    await this.#port.replace(() => this.#stopping !== null);
  }

  #dump(): void {
    const state = { ...this.#status(), running: this.#room.runner.runs };
    this.#journal.write("info", `state: ${JSON.stringify(state, null, 2)}`);
  }
}
