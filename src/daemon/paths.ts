// Where a daemon's files are: DIR when --dir or DJOB_DIR says so, the system's directories for root, the XDG base
// directories for everybody else, and systemd's own when a unit sets them. Pure but for `existing`, which the caller gives.
import { join, resolve } from "node:path";
import { exitCode } from "../exit-code.ts";
import { DjobError } from "./error.ts";

export interface Paths {
  readonly pidfile: string;
  readonly socket: string;
  /** null: standard output, in the foreground. */
  readonly log: string | null;
  /** Standard error's own file; null: the same as `log`. */
  readonly logErr: string | null;
  /** As the worker sees it: after a chroot, inside. */
  readonly history: string;
}

export interface Directories {
  /** Pidfiles and sockets. */
  readonly runtime: string;
  readonly logs: string;
  readonly state: string;
}

export interface Surroundings {
  readonly uid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the user's runtime directory outlives a logout (systemd removes it unless the user lingers). */
  readonly runtimeDirectoryLasts: (path: string) => boolean;
}

/** @param dir what --dir said, already absolute, or null */
export function directoriesFor(dir: string | null, surroundings: Surroundings): Directories {
  const { uid, environment } = surroundings;
  const chosen = dir ?? absoluteOrNull(environment["DJOB_DIR"]);
  if (chosen !== null) return { runtime: chosen, logs: chosen, state: chosen };
  const base = uid === 0 ? rootDirectories : userDirectories(surroundings);
  return {
    runtime: firstOf(environment["RUNTIME_DIRECTORY"]) ?? base.runtime,
    logs: firstOf(environment["LOGS_DIRECTORY"]) ?? base.logs,
    state: firstOf(environment["STATE_DIRECTORY"]) ?? base.state,
  };
}

/**
 * What one daemon's files are called, where no flag says otherwise.
 * @param isOthers whether its worker is another user than who starts it: that user makes files beside its run history, and has
 * a directory of its own for them
 */
export function pathsFor(
  name: string,
  { runtime, logs, state }: Directories,
  isOthers = false,
): Paths & { log: string } {
  return {
    pidfile: join(runtime, `${name}.pid`),
    socket: join(runtime, `${name}.sock`),
    log: join(logs, `${name}.log`),
    logErr: null,
    history: isOthers ? join(state, `${name}.history`, `${name}.db`) : join(state, `${name}.db`),
  };
}

/** A socket's address holds 107 bytes on Linux and 103 on macOS (unix(7)). */
export const maximumSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/** @throws {DjobError} if the path does not fit into a socket's address */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= maximumSocketPathBytes) return;
  throw new DjobError(
    exitCode.usage,
    `cannot use the socket ${path}: its path has ${length} bytes, a socket's may have ${maximumSocketPathBytes}`,
    "choose a shorter directory with --dir, or a shorter --name",
  );
}

const rootDirectories: Directories = {
  runtime: "/run/djob",
  logs: "/var/log/djob",
  state: "/var/lib/djob",
};

function userDirectories({ uid, environment, runtimeDirectoryLasts }: Surroundings): Directories {
  const home = absoluteOrNull(environment["HOME"]);
  const state = absoluteOrNull(environment["XDG_STATE_HOME"]) ?? (home && join(home, ".local/state"));
  if (state === null) {
    throw new DjobError(
      exitCode.usage,
      "cannot tell where to keep the daemon's files: neither HOME nor XDG_STATE_HOME is set",
      "set HOME, or name a directory with --dir or DJOB_DIR",
    );
  }
  const own = join(state, "djob");
  const runtime = absoluteOrNull(environment["XDG_RUNTIME_DIR"]) ?? `/run/user/${uid}`;
  const lasting = runtimeDirectoryLasts(runtime) ? join(runtime, "djob") : own;
  return { runtime: lasting, logs: own, state: own };
}

/** systemd.exec(5): several directories are separated by colons. */
function firstOf(list: string | undefined): string | null {
  return absoluteOrNull(list?.split(":")[0]);
}

/** The XDG specification: a path that is not absolute is to be ignored. */
function absoluteOrNull(path: string | undefined): string | null {
  return path?.startsWith("/") ? resolve(path) : null;
}
