// "There is no such daemon", with the names of those that there are.
import { DjobError } from "../daemon/error.ts";
import { type Found, type Place, runningNames } from "../daemon/finding/locate.ts";
import type { Directories } from "../daemon/paths.ts";
import { readFailure } from "../daemon/supervise/failure-file.ts";
import { exitCode } from "../exit-code.ts";
import { nearest } from "./strict.ts";

export function notRunning({ name, paths }: Place, found: Found, directories: Directories): DjobError {
  const running = runningNames(directories);
  const suggestion = nearest(name, running);
  const hint = suggestion === null ? null : `did you mean ${suggestion}?`;
  if (found.life === "dead") {
    const failure = readFailure(paths);
    const what =
      failure === null
        ? `${name} is not running: it died and left ${paths.pidfile}`
        : `${name} has failed: ${failure.reason}`;
    return new DjobError(exitCode.notRunning, `${what}; ${listOf(running)}`, hint);
  }
  return new DjobError(
    exitCode.notRunning,
    `no daemon named ${name}; ${listOf(running)}`,
    hint ?? hintFor(name, directories, running),
  );
}

/** The three ways to look in vain: by the file's name, as another user, in another directory. */
function hintFor(name: string, { runtime }: Directories, running: readonly string[]): string | null {
  const [, stem] = /^(.+)\.(?:[cm]?[jt]sx?|crontab|cron|tab)$/.exec(name) ?? [];
  if (stem !== undefined) return `a daemon is named without its module's ending: ${stem}`;
  if (running.length > 0) return null;
  return `looked in ${runtime}: each user has daemons of their own, and so has each --dir`;
}

function listOf(running: readonly string[]): string {
  return running.length === 0 ? "none is running" : `running: ${running.join(", ")}`;
}
