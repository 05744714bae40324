// Stopping a daemon: asks it, then sends TERM, then KILL, and waits on the lock, which is free as soon as the process
// is gone, reaped or not. No process gets a signal that does not hold the daemon's own pidfile open.
import { askStop } from "../control/client.ts";
import type { StopReport } from "../control/messages.ts";
import { removeSocket } from "../control/server.ts";
import { closeDescriptor } from "../libc/files.ts";
import { openPidfd, sendSignal, sendSignalThroughPidfd } from "../libc/signals.ts";
import { DjobError, errorCode, worldError } from "./error.ts";
import { exitCode } from "./exit-code.ts";
import { type Found, isProven, type Place } from "./locate.ts";
import { removePidfile, tryLock } from "./pidfile.ts";
import { defaults } from "./spec.ts";

export interface Stopped {
  readonly pid: number;
  /** "clean": its runs ended; "forced": it gave some up; "killed": it had to be killed from outside. */
  readonly how: "clean" | "forced" | "killed";
  readonly runs: readonly string[];
  readonly durationMs: number;
  /** The daemon's lock, which this process now holds: nobody else can have started it anew meanwhile. */
  readonly lock: number;
}

/** How much longer than the daemon itself its stopper waits. */
const graceMs = 1_000;
const shortestPollMs = 1;
const longestPollMs = 20;

/**
 * @param timeoutMs for its runs to end; null: what the daemon was started with
 * @throws {DjobError} if the process that holds the lock can't be proven to be the daemon, or can't be signalled
 */
export async function stop(
  place: Place,
  found: Extract<Found, { life: "alive" }>,
  timeoutMs: number | null,
): Promise<Stopped> {
  const startMs = performance.now();
  const { paths } = place;
  const pid = found.pid ?? found.status?.pid ?? null;
  if (pid === null) throw notStarted(place);
  const target = openTarget(place, pid);
  try {
    const patienceMs = (timeoutMs ?? found.status?.stopTimeoutMs ?? defaults.stopTimeoutMs) + graceMs;
    const asked = found.status === null ? null : askStop(paths.socket, patienceMs);
    if (asked === null) target.send("SIGTERM");
    let lock = await lockWithin(paths.pidfile, patienceMs);
    const killed = lock === null;
    if (lock === null) {
      target.send("SIGKILL");
      lock = await lockWithin(paths.pidfile, patienceMs);
      if (lock === null)
        throw new DjobError(exitCode.failed, `cannot end ${place.name}: pid ${pid} survived SIGKILL`);
    }
    removeSocket(paths.socket);
    const report: StopReport | null = killed || asked === null ? null : await asked;
    const how = killed ? "killed" : (report?.outcome ?? "clean");
    return { pid, how, runs: report?.runs ?? [], durationMs: performance.now() - startMs, lock };
  } finally {
    target.close();
  }
}

/** Lets go of the lock of a stopped daemon, and of its pidfile. */
export function releaseStopped({ paths }: Place, lock: number): void {
  removePidfile(paths.pidfile, lock);
  closeDescriptor(lock);
}

/** Takes away what a daemon left that died without a chance to clean up. */
export function clearDead(place: Place): void {
  const lock = tryLock(place.paths.pidfile);
  if (lock === null) return;
  removeSocket(place.paths.socket);
  releaseStopped(place, lock);
}

interface Target {
  send(signal: string): void;
  close(): void;
}

/** The pidfd is opened first and the proof read after it, so that the pid can't change hands in between. */
function openTarget({ name, paths }: Place, pid: number): Target {
  let pidfd: number | null = null;
  try {
    pidfd = openPidfd(pid);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
  const prove = () => {
    if (isProven(pid, paths.pidfile)) return;
    throw new DjobError(
      exitCode.failed,
      `cannot stop ${name}: the lock on ${paths.pidfile} is held, but pid ${pid} in it is not proven to be the daemon`,
      `see who holds the file open: fuser -v ${paths.pidfile}`,
    );
  };
  prove();
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
    close() {
      if (pidfd !== null) closeDescriptor(pidfd);
    },
  };
}

async function lockWithin(pidfile: string, patienceMs: number): Promise<number | null> {
  const deadlineMs = performance.now() + patienceMs;
  for (let pauseMs = shortestPollMs; ; pauseMs = Math.min(pauseMs * 2, longestPollMs)) {
    const lock = tryLock(pidfile);
    if (lock !== null || performance.now() > deadlineMs) return lock;
    await Bun.sleep(pauseMs);
  }
}

function notStarted({ name }: Place): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot stop ${name}: it is being started, and its process is not known yet`,
    "try again in a moment",
  );
}
