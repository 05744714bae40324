// The way into a daemon's life that `run` and `restart` share: its directories, its lock, its launch.
import { dirname } from "node:path";
import { exitCode } from "../../exit-code.ts";
import { describeFailure } from "../../runtime/failure.ts";
import { missingModule } from "../../runtime/loading/loader.ts";
import type { Environment } from "../environment.ts";
import { DjobError } from "../error.ts";
import { takeLock } from "../finding/lock.ts";
import { prepareHistory } from "../history/history-directory.ts";
import { notePlace } from "../history/stored-history.ts";
import { outsidePath } from "../inside.ts";
import { type Directories, pathsFor } from "../paths.ts";
import { ownerOf } from "../privileges/privileges.ts";
import type { Spec } from "../spec.ts";
import { ignoreTerminalSignals } from "../terminal-signals.ts";
import { makeDirectory } from "../trust.ts";
import { type Launched, launch, launchInForeground } from "./launch.ts";
import type { Undertaking } from "./not-ready.ts";

const privateMode = 0o700;
/** A daemon that is another user reaches its log in there by name, and can list nothing. */
const passableMode = 0o711;
const rootLogMode = 0o755;

/**
 * Starts what the spec says, and returns when it is ready; in the foreground this process becomes the daemon.
 * @throws {DjobError} with exit code 8 if it is running already, 9 if it did not become ready
 */
export async function startDaemon(
  spec: Spec,
  environment: Environment,
  directories: Directories,
): Promise<Launched> {
  makeDirectories(spec, directories);
  // What is wrong with it is told by the worker, if it has anything to keep.
  if (spec.command === null) prepareHistory(spec.paths.history, spec.privileges);
  if (!spec.foreground) ignoreTerminalSignals();
  const lock = await takeLock(spec.name, spec.paths.pidfile);
  if (spec.command === null) notePlace(pathsFor(spec.name, directories).history, spec);
  if (spec.foreground) return launchInForeground(spec, environment, lock);
  // Relative paths are absolute by now; a process can't be started from a directory that was removed.
  process.chdir("/");
  return await launch(spec, environment, lock);
}

/** Finds what is no good before anything is started. @throws {DjobError} with exit code 9 for the first module */
export function requireModules({ name, modules, privileges }: Spec, what: Undertaking = "start"): void {
  for (const module of modules) {
    const missing = missingModule(outsidePath(privileges?.chroot ?? null, module));
    if (missing === null) continue;
    const why = describeFailure({ ...missing, hint: null });
    throw new DjobError(exitCode.notReady, `cannot ${what} ${name}: ${why}`, missing.hint);
  }
}

/** djob makes its own directories; one that a flag names must be there. */
function makeDirectories({ paths, privileges }: Spec, { runtime, logs }: Directories): void {
  const runtimeMode = logs === runtime && ownerOf(privileges) !== null ? passableMode : privateMode;
  for (const path of [paths.pidfile, paths.socket])
    if (dirname(path) === runtime) makeDirectory(runtime, runtimeMode);
  const isShared = process.geteuid?.() === 0 && logs !== runtime;
  if (paths.log !== null && dirname(paths.log) === logs)
    makeDirectory(logs, isShared ? rootLogMode : privateMode);
}
