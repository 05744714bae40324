// A daemon's own process, to be signalled: held by a pidfd, and proven to be the daemon's by the pidfile that it holds open.
// No other process ever gets a signal in its place.
import { exitCode } from "../../exit-code.ts";
import { closeDescriptor, flock } from "../../libc/files.ts";
import { openPidfd, sendSignal, sendSignalThroughPidfd } from "../../libc/signals.ts";
import { DjobError, errorCode, goneAlready, worldError } from "../error.ts";
import { isProven, type Place } from "../finding/locate.ts";
import { readPid } from "../finding/pidfile.ts";
import { dyingMs, hasEnded } from "../finding/process-table.ts";

const pollMs = 1;

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
export async function openTarget(place: Place, pid: number, pidfile: number, verb: string): Promise<Target> {
  const { name, paths } = place;
  const prove = () => {
    if (isProven(pid, pidfile)) return;
    if (isFree(pidfile)) throw goneAlready(name);
    throw new DjobError(
      exitCode.failed,
      `cannot ${verb} ${name}: the lock on ${paths.pidfile} is held, but pid ${pid} in it is not proven to be the daemon`,
      `see who holds the file open: fuser -v ${paths.pidfile}`,
    );
  };
  for (;;) {
    await untilProven(place, pid, pidfile, verb);
    try {
      return holdProcess(name, pid, prove);
    } catch (error) {
      // It was killed right after it had been proven: its workers, which hold the lock, are about to follow it.
      if (!hasEnded(pid)) throw error;
    }
  }
}

/**
 * Gives one that ends a moment: it closes what it has open before it is dead, and its workers are about to follow it.
 * @throws {DjobError} if it is gone then, or a launcher holds the lock, which has just begun, or cleans up
 */
async function untilProven(place: Place, pid: number, pidfile: number, verb: string): Promise<void> {
  const deadlineMs = performance.now() + dyingMs;
  while (!isProven(pid, pidfile)) {
    if (isFree(pidfile)) throw goneAlready(place.name);
    if (readPid(pidfile) !== pid) throw notStarted(place, verb);
    if (performance.now() > deadlineMs) {
      if (hasEnded(pid)) throw notStarted(place, verb);
      return;
    }
    await Bun.sleep(pollMs);
  }
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

export function notStarted({ name }: Place, verb: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot ${verb} ${name}: it is being started, and its process is not known yet`,
    "try again in a moment",
  );
}
