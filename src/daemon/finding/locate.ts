// Finding a daemon by its name, and what is true of it: the lock first, then the pid that the pidfile names, proven by
// the locked file that the process holds open, then its own words over the socket.
import { closeSync, fstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { askStatus } from "../../control/client.ts";
import type { DaemonStatus } from "../../control/messages.ts";
import { allWell } from "../../logs/trouble.ts";
import { lockDescriptor, titlePrefix } from "../descriptors.ts";
import { errorCode, worldError } from "../error.ts";
import { historyOutside, storedHistory } from "../history/stored-history.ts";
import { type Directories, type Paths, pathsFor } from "../paths.ts";
import { defaults, isName, type Spec } from "../spec.ts";
import { readFailure } from "../supervise/failure-file.ts";
import { lookAtLock, openPidfile } from "./pidfile.ts";
import { dyingMs, hasEnded } from "./process-table.ts";
import { specOfProcess } from "./silent.ts";

export interface Place {
  readonly name: string;
  readonly paths: Paths;
}

export type Found =
  | { readonly life: "absent" | "dead" }
  | {
      readonly life: "alive";
      /** null: it is being started, and has not written it yet. */
      readonly pid: number | null;
      /** It answered, or its process is known to be the daemon. */
      readonly proven: boolean;
      /** null: it did not answer. */
      readonly status: DaemonStatus | null;
      /** What it was started with, where it did not answer and that can be read. */
      readonly spec: Spec | null;
    };

const answerMs = 2_000;
const execveTries = 50;

export function placeOf(name: string, directories: Directories, pidfile: string | null): Place {
  const paths = pathsFor(name, directories);
  return { name, paths: pidfile === null ? paths : { ...paths, pidfile } };
}

const dyingPollMs = 2;

/** @throws {DjobError} if the pidfile may not be read */
export async function find(place: Place): Promise<Found> {
  const deadlineMs = performance.now() + dyingMs;
  for (;;) {
    const found = await look(place);
    if (found.life !== "alive" || found.proven || found.pid === null || !hasEnded(found.pid)) return found;
    // Whoever it was, it is no more.
    if (performance.now() > deadlineMs) return { ...found, pid: null };
    await Bun.sleep(dyingPollMs);
  }
}

async function look({ paths }: Place): Promise<Found> {
  const lock = lookAtLock(paths.pidfile);
  if (lock.state !== "held") return { life: lock.state === "absent" ? "absent" : "dead" };
  const status = await askStatus(paths.socket, answerMs);
  const own = status !== null && (lock.pid === null || status.pid === lock.pid);
  if (own) return { life: "alive", pid: lock.pid, proven: true, status, spec: null };
  const proven = lock.pid !== null && isProvenAt(lock.pid, paths.pidfile);
  return {
    life: "alive",
    pid: lock.pid,
    proven,
    status: null,
    spec: proven ? specOfProcess(lock.pid) : null,
  };
}

/**
 * Whether a process is the daemon of an open pidfile: it has the title that djob gives, and holds that very file open. One of
 * the two would not do. Without /proc there is no such proof, and the lock and the pid in it are all there is.
 */
export function isProven(pid: number, pidfile: number): boolean {
  if (process.platform !== "linux") return true;
  try {
    return titleOf(pid).startsWith(titlePrefix) && holds(pid, pidfile);
  } catch {
    return false;
  }
}

/** At the chain's number or, in a worker whose modules have closed that, at another. */
function holds(pid: number, pidfile: number): boolean {
  const file = fstatSync(pidfile);
  const isFile = (descriptor: string | number) => {
    const held = statSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false });
    return held !== undefined && held.dev === file.dev && held.ino === file.ino;
  };
  return isFile(lockDescriptor) || readdirSync(`/proc/${pid}/fd`).some(isFile);
}

/** For an instant of its execve, which a reload is, a process has no command line. */
function titleOf(pid: number): string {
  for (let tries = 0; tries < execveTries; tries += 1) {
    const title = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    if (title !== "") return title;
    Bun.sleepSync(1);
  }
  return "";
}

/**
 * Whether some other process holds the lock of a daemon's pidfile: nobody answers, and the process that the file names
 * lives and is not proven to be the daemon. What is true of the daemon can't be told then.
 */
export function isHeldByAnother({ paths }: Place, found: Found): boolean {
  if (found.life !== "alive" || found.proven || found.pid === null || hasEnded(found.pid)) return false;
  return lookAtLock(paths.pidfile).state === "held";
}

function isProvenAt(pid: number, path: string): boolean {
  const pidfile = openPidfile(path);
  if (pidfile === null) return false;
  try {
    return isProven(pid, pidfile);
  } finally {
    closeSync(pidfile);
  }
}

/** The names that have a pidfile, in order. */
export function knownNames({ runtime }: Directories): string[] {
  try {
    return readdirSync(runtime)
      .filter((file) => file.endsWith(".pid"))
      .map((file) => file.slice(0, -".pid".length))
      .filter(isName)
      .sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw worldError(`look for daemons in ${runtime}`, error);
  }
}

/** The names of the daemons that live. */
export function runningNames(directories: Directories): string[] {
  return knownNames(directories).filter((name) => {
    try {
      return lookAtLock(join(directories.runtime, `${name}.pid`)).state === "held";
    } catch {
      return false;
    }
  });
}

/** What can be said of a daemon, also of one that does not answer. */
export function statusOrGuess({ name, paths }: Place, found: Found): DaemonStatus {
  if (found.life === "alive" && found.status !== null) return found.status;
  const pid = found.life === "alive" ? found.pid : null;
  const spec = found.life === "alive" ? found.spec : null;
  const failure = found.life === "dead" ? readFailure(paths) : null;
  const history = spec === null ? storedHistory(paths.history) : historyOutside(spec);
  return {
    name,
    state:
      failure !== null
        ? "failed"
        : found.life !== "alive"
          ? "stopped"
          : pid === null
            ? "starting"
            : "running",
    pid,
    workerPid: pid,
    startedAt: null,
    restarts: failure?.restarts ?? 0,
    lastExit: failure?.lastExit ?? null,
    foreground: spec?.foreground ?? false,
    stopTimeoutMs: spec?.stopTimeoutMs ?? defaults.stopTimeoutMs,
    modules: spec?.modules ?? [],
    log: {
      target: spec?.log.target.type ?? "file",
      format: spec?.log.form ?? defaults.logForm,
      ...allWell,
    },
    paths: { ...(spec?.paths ?? paths), history },
    history: { path: history, state: null, reason: null },
    jobs: [],
    version: null,
    commit: null,
    upgrades: 0,
    command: spec?.command?.argv ?? null,
    reason: failure?.reason ?? null,
    responsive: false,
  };
}
