// Stopping a daemon: asks it, then sends TERM, then KILL, and waits on the lock, which is free as soon as the process
// is gone, reaped or not. No process gets a signal that does not hold the daemon's own pidfile open.
import { type Answer, askStop, askStopBySteps } from "../../control/client.ts";
import { longestTimeoutMs, type StopReport } from "../../control/messages.ts";
import { removeSocket } from "../../control/server.ts";
import { exitCode } from "../../exit-code.ts";
import { closeDescriptor } from "../../libc/files.ts";
import { DjobError, goneAlready } from "../error.ts";
import type { Found, Place } from "../finding/locate.ts";
import { isStillAt, openPidfile, readPid, removePidfile, tryLock } from "../finding/pidfile.ts";
import { hasEnded } from "../finding/process-table.ts";
import { defaults, isSupervised } from "../spec.ts";
import { clearFailure } from "../supervise/failure-file.ts";
import { formatSchedule, type StopStep, scheduleMs } from "./stop-schedule.ts";
import { isFree, notStarted, openTarget, type Target } from "./target.ts";

export interface Stopped {
  readonly pid: number;
  /** "clean": its runs ended; "forced": it gave some up; "killed": it had to be killed from outside. */
  readonly how: "clean" | "forced" | "killed";
  readonly runs: readonly string[];
  readonly durationMs: number;
  /**
   * The daemon's own pidfile, locked by this process now: nobody else can have started it anew meanwhile. null: the
   * daemon took its pidfile away itself, and whoever comes first has the next one.
   */
  readonly lock: number | null;
}

/** How much longer than the daemon itself its stopper waits: a supervisor also ends what its worker left. */
const graceMs = 1_000;
const supervisorGraceMs = 6_000;
const afterKillMs = 10_000;
const shortestPollMs = 1;
const longestPollMs = 20;

/**
 * @param timeoutMs for its runs to end; null: what the daemon was started with
 * @param schedule how to end it instead, step by step; null: as usual
 * @throws {DjobError} if the process that holds the lock can't be proven to be the daemon, or can't be signalled
 */
export async function stop(
  place: Place,
  found: Extract<Found, { life: "alive" }>,
  timeoutMs: number | null,
  schedule: readonly StopStep[] | null = null,
): Promise<Stopped> {
  const startMs = performance.now();
  const { paths } = place;
  const pid = found.pid ?? found.status?.pid ?? null;
  if (pid === null) throw notStarted(place, "stop");
  const pidfile = openPidfile(paths.pidfile);
  if (pidfile === null) throw goneAlready(place.name);
  let target: Target | null = null;
  try {
    target = await openTarget(place, pid, pidfile, "stop");
    const patienceMs = patienceWith(found, timeoutMs, schedule);
    const asked = ask(paths.socket, found, timeoutMs, schedule, patienceMs);
    let killed = false;
    const goneWithin = (waitMs: number) => whenGone(pidfile, pid, waitMs);
    if (asked === null && schedule !== null) killed = await goThrough(schedule, target, goneWithin);
    else if (asked === null) target.send("SIGTERM");
    let gone = await goneWithin(asked === null && schedule !== null ? 0 : patienceMs);
    if (gone === null) {
      killed = true;
      target.send("SIGKILL");
      gone = await goneWithin(afterKillMs);
      if (gone === null)
        throw new DjobError(exitCode.failed, `cannot end ${place.name}: pid ${pid} survived SIGKILL`);
    }
    const lock = gone === "free" && isStillAt(paths.pidfile, pidfile) ? pidfile : null;
    // Without the lock, a socket there is a successor's.
    if (lock === null) closeDescriptor(pidfile);
    else removeSocket(paths.socket);
    const report: StopReport | null = killed || asked === null ? null : await asked;
    const how = killed ? "killed" : (report?.outcome ?? "clean");
    return { pid, how, runs: report?.runs ?? [], durationMs: performance.now() - startMs, lock };
  } catch (error) {
    closeDescriptor(pidfile);
    throw error;
  } finally {
    target?.close();
  }
}

function patienceWith(
  found: Extract<Found, { life: "alive" }>,
  timeoutMs: number | null,
  schedule: readonly StopStep[] | null,
): number {
  const { status, spec } = found;
  const usualMs = timeoutMs ?? status?.stopTimeoutMs ?? spec?.stopTimeoutMs ?? defaults.stopTimeoutMs;
  const allMs = schedule === null ? usualMs : (scheduleMs(schedule) ?? longestTimeoutMs);
  return Math.min(allMs, longestTimeoutMs) + (hasSupervisor(found) ? supervisorGraceMs : graceMs);
}

/** @returns null if it has to be done from here */
function ask(
  socket: string,
  found: Extract<Found, { life: "alive" }>,
  timeoutMs: number | null,
  schedule: readonly StopStep[] | null,
  patienceMs: number,
): Answer<StopReport> | null {
  if (found.status === null) return null;
  if (schedule === null) return askStop(socket, timeoutMs, patienceMs);
  return hasSupervisor(found) ? askStopBySteps(socket, formatSchedule(schedule), patienceMs) : null;
}

/** @returns whether it came to KILL */
async function goThrough(
  steps: readonly StopStep[],
  target: Target,
  goneWithin: (waitMs: number) => Promise<Gone | null>,
): Promise<boolean> {
  let killed = false;
  for (const { signal, waitMs } of steps) {
    killed ||= signal === "SIGKILL";
    target.send(signal);
    if ((await goneWithin(waitMs ?? longestTimeoutMs)) !== null) break;
  }
  return killed;
}

function hasSupervisor({ status, spec }: Extract<Found, { life: "alive" }>): boolean {
  if (status !== null) return status.workerPid !== status.pid;
  return spec !== null && isSupervised(spec, 0);
}

/** Lets go of the lock of a stopped daemon, and of its pidfile. */
export function releaseStopped({ paths }: Place, lock: number | null): void {
  if (lock === null) return;
  removePidfile(paths.pidfile, lock);
  closeDescriptor(lock);
}

/** Takes away what a daemon left that died without a chance to clean up. */
export function clearDead(place: Place): void {
  const lock = tryLock(place.paths.pidfile);
  if (lock === null) return;
  removeSocket(place.paths.socket);
  clearFailure(place.paths);
  releaseStopped(place, lock);
}

/** The lock is this process's now, or that of a daemon that was started after the one that was meant had died. */
type Gone = "free" | "taken";

/**
 * Waits on the lock of this very file, which the daemon holds to its last moment, also after it removed the file.
 * @returns null if it lives on
 */
async function whenGone(pidfile: number, pid: number, patienceMs: number): Promise<Gone | null> {
  const startMs = performance.now();
  for (;;) {
    if (isFree(pidfile)) return "free";
    // Whoever starts one in the place of a daemon that was killed locks the same file, and forgets its pid.
    if (readPid(pidfile) !== pid && hasEnded(pid)) return "taken";
    const waitedMs = performance.now() - startMs;
    if (waitedMs > patienceMs) return null;
    // An idle daemon ends within some milliseconds, and is not to be noticed late.
    await Bun.sleep(Math.max(shortestPollMs, Math.min(waitedMs / 20, longestPollMs)));
  }
}
