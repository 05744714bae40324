// A daemon's own process, to be signalled: held by a pidfd, and proven to be the daemon's by the pidfile that it holds open.
// No other process ever gets a signal in its place.
import { exitCode } from "../exit-code.ts";
import { closeDescriptor, flock } from "../libc/files.ts";
import { openPidfd, sendSignal, sendSignalThroughPidfd } from "../libc/signals.ts";
import { DjobError, errorCode, worldError } from "./error.ts";
import { isProven, type Place } from "./locate.ts";
import { hasEnded } from "./process-table.ts";

export interface Target {
  send(signal: string): void;
  close(): void;
}

/**
 * The pidfd is opened first and the proof read after it, so that the pid can't change hands in between.
 * @param pidfile the open pidfile
 * @param verb for messages: "stop"
 * @throws {DjobError} if it can't be proven
 */
export function openTarget(place: Place, pid: number, pidfile: number, verb: string): Target {
  const { name, paths } = place;
  const prove = () => {
    if (isProven(pid, pidfile)) return;
    if (isFree(pidfile)) throw goneAlready(place);
    // The pid's process is dead, and a launcher still holds the lock: it has just begun, or cleans up.
    if (hasEnded(pid)) throw notStarted(place, verb);
    throw new DjobError(
      exitCode.failed,
      `cannot ${verb} ${name}: the lock on ${paths.pidfile} is held, but pid ${pid} in it is not proven to be the daemon`,
      `see who holds the file open: fuser -v ${paths.pidfile}`,
    );
  };
  return holdProcess(name, pid, prove);
}

/**
 * @param prove throws unless the pid is that of the process that is meant
 * @throws what `prove` throws
 */
export function holdProcess(name: string, pid: number, prove: () => void): Target {
  let pidfd: number | null = null;
  try {
    pidfd = openPidfd(pid);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
  const close = () => {
    if (pidfd !== null) closeDescriptor(pidfd);
  };
  try {
    prove();
  } catch (error) {
    close();
    throw error;
  }
  return {
    send(signal) {
      try {
        if (pidfd !== null) sendSignalThroughPidfd(pidfd, signal);
        else {
          prove();
          sendSignal(pid, signal);
        }
      } catch (error) {
        if (errorCode(error) !== "ESRCH") throw worldError(`send ${signal} to ${name} (pid ${pid})`, error);
      }
    },
    close,
  };
}

/** Whether nobody holds the lock; then it is ours. */
export function isFree(pidfile: number): boolean {
  return flock(pidfile, { exclusive: true, wait: false });
}

export function goneAlready({ name }: Place): DjobError {
  return new DjobError(exitCode.notRunning, `${name} is not running any more: it has just ended`);
}

export function notStarted({ name }: Place, verb: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot ${verb} ${name}: it is being started, and its process is not known yet`,
    "try again in a moment",
  );
}
