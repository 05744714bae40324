// The last stage: makes its process what the spec says, and lets the worker of src/runtime live in it.
import { constants, openSync, readFileSync, writeFileSync } from "node:fs";
import { removeSocket } from "../control/server.ts";
import { exitCode } from "../exit-code.ts";
import {
  closeDescriptor,
  duplicate,
  isTerminal,
  memoryFile,
  setCloseOnExec,
  writeAll,
} from "../libc/files.ts";
import { exitImmediately, setParentDeathSignal } from "../libc/process.ts";
import { setDisposition } from "../libc/signals.ts";
import { formatLine } from "../logs/line.ts";
import { errDescriptor, writeText } from "../logs/sink.ts";
import { handDownProcessEnvironment } from "../runtime/child-environment.ts";
import { describeFailure, failure } from "../runtime/failure.ts";
import type { ToWorker } from "../runtime/link.ts";
import type { WorkerPort } from "../runtime/port.ts";
import { Worker } from "../runtime/worker.ts";
import { applyLimits } from "./attributes.ts";
import { becomeDaemon } from "./become.ts";
import {
  lockDescriptor,
  readinessDescriptor,
  specDescriptor,
  specFileName,
  stageVariable,
  supervisorVariable,
} from "./descriptors.ts";
import { dropPrivileges } from "./drop.ts";
import { endDescendants } from "./end-started.ts";
import { type Environment, quietCollector } from "./environment.ts";
import { DjobError, errorCode, shownError, worldError } from "./error.ts";
import { reopenLogs } from "./log-files.ts";
import { isStillAt, removePidfile, writePid } from "./pidfile.ts";
import { ownerOf } from "./privileges.ts";
import { leaveDescriptors, loadGraceMs, type Message, tell, tellIfPossible } from "./readiness.ts";
import { makeRunningFile } from "./running-file.ts";
import { type Service, takeService } from "./service.ts";
import { decodeSpec, type Spec } from "./spec.ts";
import { Channel } from "./supervise/channel.ts";
import { takeVariable } from "./take-variable.ts";
import { restoreTerminalSignals } from "./terminal-signals.ts";

/** The part of main.ts that may end the process. */
export type Exit = (code: number) => never;

/** What `kill -9` makes of a process, as a shell tells it. */
const killedCode = 137;

/** @param stage "worker" has a launcher that waits at the other end of the readiness pipe, "supervised" a supervisor */
export async function work(stage: "worker" | "alone" | "supervised", exit: Exit): Promise<void> {
  const isSupervised = stage === "supervised";
  const supervisor = isSupervised ? Number(takeVariable(supervisorVariable)) : null;
  if (supervisor !== null) endWith(supervisor);
  const spec = takeSpec();
  const service = takeService(spec.foreground);
  // A dropped worker has no hold of the lock.
  if (!isSupervised || ownerOf(spec.privileges) === null) setCloseOnExec(lockDescriptor, true);
  if (stage !== "alone") setCloseOnExec(readinessDescriptor, true);
  if (!isSupervised) writePid(lockDescriptor, process.pid);
  const readiness = isSupervised
    ? linkReadiness()
    : { ...(stage === "worker" ? pipeReadiness(spec) : aloneReadiness(spec, service)), ...noSupervisor };
  const environment = settleInOrTell(spec, readiness);
  const port = { ...portFor(spec, environment ?? {}, service, exit), ...readiness };
  if (environment === null) {
    port.removeFiles();
    return exit(exitCode.notReady);
  }
  // Becoming another user clears the parent-death signal (prctl(2)).
  if (supervisor !== null) endWith(supervisor);
  await new Worker(port).start();
}

/** The parent-death signal; a supervisor that ended before it was set is another parent than the one that told its pid. */
function endWith(supervisor: number): void {
  setParentDeathSignal("SIGKILL");
  if (process.platform === "linux" && process.ppid !== supervisor) exitImmediately(killedCode);
}

/**
 * Reads the spec that this stage was started with. The descriptor's number stays taken: a reload puts the next spec there,
 * and a file that a thread of the runtime had under this number would be closed by that thread in its place. Until then it
 * holds the spec for `djob stop`, `status` and `restart` to read when the daemon itself does not answer.
 */
export function takeSpec(): Spec {
  const text = readFileSync(specDescriptor, "utf8");
  const kept = memoryFile(specFileName);
  const placeholder = kept ?? openSync("/dev/null", constants.O_RDONLY);
  if (kept !== null) writeAll(kept, Buffer.from(text));
  duplicate(placeholder, specDescriptor);
  closeDescriptor(placeholder);
  setCloseOnExec(specDescriptor, true);
  return decodeSpec(text);
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

/**
 * User, directory, umask, signals and environment as the spec says. @returns the environment that modules see
 * @throws {DjobError} if the process may not be left as it is then
 */
export function settleIn({ privileges, workingDirectory, umask, foreground }: Spec): Environment {
  nameProcess();
  if (privileges !== null) applyLimits(privileges.attributes);
  dropPrivileges(privileges);
  if (workingDirectory !== null) enterDirectory(workingDirectory);
  if (umask !== null) process.umask(umask);
  if (!foreground) restoreTerminalSignals();
  const environment: Record<string, string> = {};
  for (const name of [stageVariable, ...ownSettings()]) takeVariable(name);
  handDownProcessEnvironment();
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return environment;
}

/** As its new user, who may be the only one that may, or the one that may not. */
function enterDirectory(path: string): void {
  try {
    process.chdir(path);
  } catch (error) {
    throw worldError(`use the working directory ${path}`, error);
  }
}

/** Started through /proc/self/exe, the process would be "exe" to top, ps -e and killall (proc_pid_comm(5)). */
export function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", "djob");
  } catch {
    // Without /proc there was no such link either.
  }
}

/** What a daemon is told while it works. Until the new process listens, one of them would end it. */
const reloadSignals = ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

/** Runtime settings that djob made for itself; one that the user chose stays. */
function ownSettings(): readonly string[] {
  const [name, value] = quietCollector;
  return process.env[name] === value ? [name] : [];
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

/** A supervised worker tells its supervisor, which keeps the files. */
function linkReadiness(): Readiness & Supervision & Pick<WorkerPort, "removeFiles"> {
  const channel = new Channel(readinessDescriptor);
  return {
    loadGraceMs,
    supervisor: {
      send: (message) => channel.send(message),
      listen: (receive) =>
        channel.listen(
          {
            message: (message: ToWorker) => receive(message),
            garbage: () => {},
            // Where there is no parent-death signal.
            closed: () => exitImmediately(killedCode),
          },
          false,
        ),
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
  return {
    loadGraceMs,
    ready(jobs) {
      const told = tellOrRefuse({ type: "ready", pid: process.pid, jobs });
      if (told) closeDescriptor(readinessDescriptor);
      return told;
    },
    failed(failure) {
      if (!tellIfPossible(readinessDescriptor, { type: "failed", failure })) {
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
function tellOrRefuse(message: Message): boolean {
  try {
    return tell(readinessDescriptor, message);
  } catch {
    const what = "descriptor 4, through which djob tells that it is ready, was closed by a module";
    throw new DjobError(exitCode.notReady, what, leaveDescriptors);
  }
}

function portFor(
  spec: Spec,
  environment: Environment,
  service: Service,
  exit: Exit,
): Omit<WorkerPort, keyof Readiness | keyof Supervision> {
  const { name, modules, paths, foreground, stopTimeoutMs } = spec;
  return {
    identity: { name, modules, paths, foreground, stopTimeoutMs, pid: process.pid, startedAtMs: Date.now() },
    readyTimeoutMs: spec.readyTimeoutMs,
    stopsOnHangUp: spec.foreground && [0, 1, 2].some(isTerminal),
    sockets: service.sockets,
    runWatch: spec.watchdogMs === null ? null : makeRunningFile(),
    stateChanged: service.stateChanged,
    spec: () => ({ spec, environment }),
    removeFiles() {
      const remove = () => {
        // Once the pidfile is gone or another's, the socket may be a successor's, too.
        if (!isStillAt(paths.pidfile, lockDescriptor)) return;
        removeSocket(paths.socket);
        removePidfile(paths.pidfile, lockDescriptor);
      };
      if (spec.privileges === null) remove();
      else removeIfPermitted(remove);
    },
    exit,
    kill: () => exitImmediately(killedCode),
    reopenLogs: () => reopenLogs(paths, spec.privileges),
    replace() {
      for (const signal of reloadSignals) setDisposition(signal, "ignore");
      return becomeDaemon("alone", spec, { ...environment, ...service.handOver() });
    },
  };
}
