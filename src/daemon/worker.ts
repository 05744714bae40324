// The last stage: makes its process what the spec says, and lets the worker of src/runtime live in it.
import { hostname } from "node:os";
import { removeSocket } from "../control/server.ts";
import { exitCode } from "../exit-code.ts";
import { closeDescriptor, duplicate, isTerminal, setCloseOnExec } from "../libc/files.ts";
import { exitImmediately } from "../libc/process.ts";
import { formatLine } from "../logs/form/text.ts";
import { errDescriptor, writeText } from "../logs/sink.ts";
import { describeFailure, failure } from "../runtime/failure.ts";
import type { FromWorker, ToWorker } from "../runtime/link.ts";
import type { WorkerLog, WorkerPort } from "../runtime/port.ts";
import { Worker } from "../runtime/worker.ts";
import { crontabPort } from "./crontab-file.ts";
import { lockDescriptor, readinessDescriptor, supervisorVariable } from "./descriptors.ts";
import type { Environment } from "./environment.ts";
import { DjobError, errorCode, shownError } from "./error.ts";
import { isStillAt, removePidfile, writePid } from "./finding/pidfile.ts";
import { holdSignals, stopSignals } from "./heard-signals.ts";
import { bootId, openHistory } from "./history/history.ts";
import { historyOutside } from "./history/stored-history.ts";
import { type Isolation, isolationFor } from "./isolated/isolation.ts";
import { DaemonLog, isEnclosed } from "./log/log.ts";
import { redactedFailure, specReport } from "./log/redaction.ts";
import { holdOutOfReach, moveOutOfReach, OwnDescriptor, openOutOfReach } from "./own-descriptor.ts";
import { ownerOf } from "./privileges/privileges.ts";
import { makeRunningFile } from "./running-file.ts";
import { type Service, takeService } from "./service-manager/service.ts";
import { type Exit, endWith, killedCode, settleIn, takeSpec } from "./settle.ts";
import type { Spec } from "./spec.ts";
import { commandStage } from "./stage.ts";
import { becomeDaemon } from "./starting/become.ts";
import { endDescendants } from "./starting/end-started.ts";
import { leaveDescriptors, loadGraceMs, type Message, tell, tellIfPossible } from "./starting/readiness.ts";
import { Channel, nothingInTransit } from "./supervise/channel.ts";
import { childrenOf } from "./supervise/descendants.ts";
import { takeVariable } from "./take-variable.ts";

/**
 * @param stage "worker" has a launcher that waits at the other end of the readiness pipe, "supervised" a supervisor
 * @param entry the script that a thread of this executable begins with
 */
export async function work(
  stage: "worker" | "alone" | "supervised",
  exit: Exit,
  entry: string,
): Promise<void> {
  const isSupervised = stage === "supervised";
  const supervisor = isSupervised ? Number(takeVariable(supervisorVariable)) : null;
  if (supervisor !== null) endWith(supervisor);
  const spec = takeSpec();
  const service = takeService(spec.foreground);
  // A dropped worker has no hold of the lock.
  if (!isSupervised || ownerOf(spec.privileges) === null) setCloseOnExec(lockDescriptor, true);
  if (stage !== "alone") setCloseOnExec(readinessDescriptor, true);
  if (!isSupervised) writePid(lockDescriptor, process.pid);
  const lock = isSupervised ? lockDescriptor : holdOutOfReach(lockDescriptor);
  const readiness = isSupervised
    ? linkReadiness(supervisor, isEnclosed(spec) ? (files) => own.log.takeHandedIn(files) : null)
    : { ...(stage === "worker" ? pipeReadiness(spec) : aloneReadiness(spec, service)), ...noSupervisor };
  // Inside another root directory it can't be told any more.
  const history = historyOutside(spec);
  const environment = settleInOrTell(spec, readiness);
  const isolation = isolationFor(spec, entry);
  const send = (message: FromWorker) => readiness.supervisor?.send(message);
  const held = { history, lock };
  const own = portFor(spec, held, environment ?? {}, service, supervisor, exit, isolation, send);
  const { redact } = own.log;
  const port: WorkerPort = {
    ...own,
    ...readiness,
    failed: (failure) => readiness.failed(redactedFailure(failure, redact)),
    crashed: (what) => readiness.crashed(redact?.(what) ?? what),
  };
  if (environment === null) {
    port.removeFiles();
    return exit(exitCode.notReady);
  }
  // Becoming another user clears the parent-death signal (prctl(2)).
  if (supervisor !== null) endWith(supervisor);
  await new Worker(port).start();
}

/** @returns null if it can't be done; whoever waits has been told why */
function settleInOrTell(spec: Spec, readiness: Readiness): Environment | null {
  try {
    return settleIn(spec);
  } catch (error) {
    const { message, hint } = shownError(error);
    readiness.failed(failure(null, message, null, { hint }));
    return null;
  }
}

/** A process that is no longer root can't change root's directory; a pidfile that nobody holds is never believed. */
function removeIfPermitted(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (!["EACCES", "EPERM"].includes(errorCode(error) ?? "")) throw error;
  }
}

type Readiness = Pick<WorkerPort, "loadGraceMs" | "ready" | "failed">;
type Supervision = Pick<WorkerPort, "supervisor" | "crashed">;

const noSupervisor: Supervision = { supervisor: null, crashed: () => {} };

/** How long a supervisor may take to end a worker that it can't hear any more. */
const closedGraceMs = 2_000;

/** A supervised worker tells its supervisor, which keeps the files. */
function linkReadiness(
  supervisor: number | null,
  takeFiles: ((files: readonly number[]) => void) | null,
): Readiness & Supervision & Pick<WorkerPort, "removeFiles"> {
  const channel = new Channel(moveOutOfReach(readinessDescriptor), nothingInTransit, takeFiles);
  return {
    loadGraceMs,
    supervisor: {
      send: (message) => channel.send(message),
      listen: (receive) =>
        channel.listen({
          message: (message: ToWorker) => receive(message),
          garbage: () => {},
          closed() {
            const end = () => exitImmediately(killedCode);
            // A module has closed its end: the supervisor, which lives, is to say so.
            if (process.ppid === supervisor) setTimeout(end, closedGraceMs);
            // Where there is no parent-death signal.
            else end();
          },
        }),
    },
    ready(jobs) {
      channel.send({ type: "ready", jobs });
      return true;
    },
    failed: (failure) => channel.send({ type: "failed", failure }),
    crashed: (what) => channel.send({ type: "crashed", what }),
    removeFiles: () => {},
  };
}

function pipeReadiness({ name }: Spec): Readiness {
  const pipe = new OwnDescriptor(moveOutOfReach(readinessDescriptor));
  return {
    loadGraceMs,
    ready(jobs) {
      const told = tellOrRefuse(pipe, { type: "ready", pid: process.pid, jobs });
      if (told) closeDescriptor(pipe.number);
      return told;
    },
    failed(failure) {
      if (!pipe.isOurs || !tellIfPossible(pipe.number, { type: "failed", failure })) {
        const message = `cannot start ${name}: ${describeFailure(failure)}`;
        writeText(errDescriptor, formatLine({ timeMs: Date.now(), level: "error", job: null, message }));
      }
      endDescendants();
    },
  };
}

function aloneReadiness({ name }: Spec, service: Service): Readiness {
  return {
    loadGraceMs: 0,
    ready: () => true,
    failed(failure) {
      writeText(errDescriptor, `djob: cannot start ${name}: ${describeFailure(failure)}\n`);
      service.failed(failure.message);
      endDescendants();
    },
  };
}

/** @returns false if the launcher is gone */
function tellOrRefuse(pipe: OwnDescriptor, message: Message): boolean {
  if (pipe.isOurs) return tell(pipe.number, message);
  const what = "the descriptor through which djob tells that it is ready was closed by a module";
  throw new DjobError(exitCode.notReady, what, leaveDescriptors);
}

function workerLog(
  spec: Spec,
  environment: Environment,
  send: (message: FromWorker) => void,
): DaemonLog & WorkerLog {
  const log = new DaemonLog(spec, true, environment, {
    now: Date.now,
    stateChanged: (state) => send({ type: "logState", state }),
    fileChanged: () => send({ type: "logChanged" }),
    fileTaken() {},
  });
  const { level, linesPerSecond } = spec.log;
  return Object.assign(log, { level, linesPerSecond });
}

function portFor(
  spec: Spec,
  { history, lock }: { readonly history: string; readonly lock: number },
  environment: Environment,
  service: Service,
  supervisor: number | null,
  exit: Exit,
  isolation: Isolation,
  send: (message: FromWorker) => void,
): Omit<WorkerPort, keyof Readiness | keyof Supervision> & { readonly log: DaemonLog } {
  const { name, modules, paths, foreground, stopTimeoutMs } = spec;
  const log = workerLog(spec, environment, send);
  const stopsOnHangUp = foreground && [0, 1, 2].some(isTerminal);
  return {
    identity: {
      name,
      pid: supervisor ?? process.pid,
      workerPid: process.pid,
      startedAtMs: Date.now(),
      foreground,
      stopTimeoutMs,
      modules,
      paths: { ...paths, history },
      log: { target: spec.log.target.type, format: spec.log.form },
    },
    readyTimeoutMs: spec.readyTimeoutMs,
    stopsOnHangUp,
    sockets: service.sockets,
    host: hostname(),
    crontabs: crontabPort(spec),
    commandStage: commandStage(spec),
    bootId,
    openStore: (onTrouble) => openHistory(spec, onTrouble),
    openAside: openOutOfReach,
    runWatch: spec.watchdogMs === null ? null : makeRunningFile(),
    stateChanged(state, jobs) {
      if (state === "running") log.begin();
      service.stateChanged(state, jobs);
    },
    spec: (withSecrets) => specReport(spec, environment, withSecrets),
    removeFiles() {
      const remove = () => {
        // Once the pidfile is gone or another's, the socket may be a successor's, too.
        if (!isStillAt(paths.pidfile, lock)) return;
        removeSocket(paths.socket);
        removePidfile(paths.pidfile, lock);
      };
      if (spec.privileges === null) remove();
      else removeIfPermitted(remove);
    },
    isolation,
    exit(code) {
      isolation.endAll();
      return exit(code);
    },
    kill() {
      isolation.endAll();
      return exitImmediately(killedCode);
    },
    log,
    children: () => childrenOf("self"),
    async replace(isStopping) {
      const letGo = await holdSignals(stopsOnHangUp ? ["SIGHUP", ...stopSignals] : stopSignals);
      if (isStopping()) return letGo();
      isolation.endAll();
      duplicate(lock, lockDescriptor);
      becomeDaemon("alone", spec, { ...environment, ...service.handOver() });
    },
  };
}
