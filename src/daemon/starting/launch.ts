// Starting a daemon: opens the log, starts the session leader, and waits until the worker says that it is ready. If it
// never does, everything that was started ends before the launcher does. The lock is held all the while.
import { constants, openSync } from "node:fs";
import { removeSocket } from "../../control/server.ts";
import { closeDescriptor, duplicate, pipe } from "../../libc/files.ts";
import { becomeSubreaper } from "../../libc/process.ts";
import { spawn } from "../../libc/spawn.ts";
import { firstFreeDescriptor, lockDescriptor, readinessDescriptor, specDescriptor } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { isStillAt, removePidfile } from "../finding/pidfile.ts";
import { openLogsOf, prepareJobLogs, sizeOf } from "../log/log-files.ts";
import type { OpenLogs } from "../log/log-remote.ts";
import { redactedError } from "../log/redaction.ts";
import { applyProcessAttributes } from "../privileges/attributes.ts";
import { attributesOf } from "../privileges/privileges.ts";
import { moveListenSockets } from "../service-manager/activation.ts";
import { encodeSpec, isSupervised, type Spec } from "../spec.ts";
import { leaderEnvironment, ownExecutable, processTitle } from "../stage.ts";
import { clearFailure } from "../supervise/failure-file.ts";
import { terminalSignals } from "../terminal-signals.ts";
import { becomeDaemon, pipeWith } from "./become.ts";
import { endStarted, reapLeader, type Started } from "./end-started.ts";
import { notReady } from "./not-ready.ts";
import { waitForVerdict } from "./verdict.ts";

export interface Launched {
  readonly pid: number;
  readonly jobs: number;
}

/**
 * Starts the daemon in the background. The lock goes to it; the launcher's own hold of it ends here in any case.
 * @param lock the locked pidfile, taken with the terminal's signals ignored
 * @throws {DjobError} with exit code 9 if it did not become ready; then nothing of it is left
 */
export async function launch(spec: Spec, environment: Environment, lock: number): Promise<Launched> {
  try {
    removeSocket(spec.paths.socket);
    clearFailure(spec.paths);
    prepareJobLogs(spec);
    return await startAndWait(spec, environment, lock);
  } catch (error) {
    // The supervisor may have removed them already, and then what is there now is a successor's.
    if (isStillAt(spec.paths.pidfile, lock)) {
      removeSocket(spec.paths.socket);
      removePidfile(spec.paths.pidfile, lock);
    }
    throw redactedError(error, spec, environment);
  } finally {
    closeDescriptor(lock);
  }
}

/** Becomes the daemon itself, in the foreground. */
export function launchInForeground(spec: Spec, environment: Environment, lock: number): never {
  try {
    const handedDown = moveListenSockets(environment);
    removeSocket(spec.paths.socket);
    clearFailure(spec.paths);
    prepareJobLogs(spec);
    const logs = openLogsOf(spec);
    if (logs !== null) {
      duplicate(logs.out, 1);
      duplicate(logs.err, 2);
    }
    duplicate(lock, lockDescriptor);
    applyProcessAttributes(attributesOf(spec.privileges));
    const stage = isSupervised(spec, process.pid) ? "lone-supervisor" : "alone";
    return becomeDaemon(stage, spec, handedDown);
  } catch (error) {
    removePidfile(spec.paths.pidfile, lock);
    throw error;
  }
}

async function startAndWait(spec: Spec, environment: Environment, lock: number): Promise<Launched> {
  // When the leader ends, the worker becomes the launcher's child, and how it died can be told.
  becomeSubreaper(true);
  const logs = openLogsOf(spec) ?? { out: 1, err: 2 };
  const logStart = sizeOf(logs.out);
  const readiness = pipe();
  let started: Started = {
    leader: startLeader(spec, environment, lock, logs, readiness.writeEnd),
    worker: null,
  };
  closeDescriptor(readiness.writeEnd);
  const verdict = await waitForVerdict(readiness.readEnd, spec.readyTimeoutMs, (pid) => {
    started = { ...started, worker: pid };
  });
  if (verdict.type === "ready") {
    await reapLeader(started.leader);
    return { pid: verdict.pid, jobs: verdict.jobs };
  }
  const isDying = verdict.type === "closed" || verdict.type === "failed" || verdict.type === "broken";
  const ended = await endStarted(started, isDying);
  throw notReady(spec, verdict, verdict.type === "ended" ? verdict : ended, logStart);
}

function startLeader(
  spec: Spec,
  environment: Environment,
  lock: number,
  logs: OpenLogs,
  readinessEnd: number,
): number {
  const specEnd = pipeWith(encodeSpec(spec));
  const devNull = openSync("/dev/null", constants.O_RDONLY);
  try {
    return spawn({
      path: ownExecutable(),
      argv: [processTitle(spec)],
      environment: leaderEnvironment(
        isSupervised(spec, 0) ? "leader-of-supervisor" : "leader-of-worker",
        environment,
        attributesOf(spec.privileges),
      ),
      descriptors: [
        { from: devNull, to: 0 },
        { from: logs.out, to: 1 },
        { from: logs.err, to: 2 },
        { from: lock, to: lockDescriptor },
        { from: readinessEnd, to: readinessDescriptor },
        { from: specEnd, to: specDescriptor },
      ],
      newSession: true,
      defaultSignals: { allBut: terminalSignals },
      blockedSignals: [],
      closeFrom: firstFreeDescriptor,
    });
  } finally {
    closeDescriptor(specEnd);
    closeDescriptor(devNull);
  }
}
