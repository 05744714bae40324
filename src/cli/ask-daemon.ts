// Asking a running daemon about its jobs, and its refusals as errors for a person.
import type { ParsedArgs } from "citty";
import { askJobs, type Question } from "../control/client.ts";
import { DjobError } from "../daemon/error.ts";
import { type Found, find, type Place } from "../daemon/finding/locate.ts";
import type { Directories } from "../daemon/paths.ts";
import { type ExitCode, exitCode } from "../exit-code.ts";
import { directoriesOf, placeIn } from "./flags.ts";
import { notRunning } from "./names.ts";
import { visible } from "./output.ts";

export interface Daemon {
  readonly place: Place;
  readonly found: Found;
  readonly directories: Directories;
}

/** There is a daemon, and at this moment no worker that could answer. */
export class WorkerAway extends DjobError {}

/** Longer than a supervisor waits for its worker. */
const patienceMs = 8_000;

export async function daemonOf(args: ParsedArgs, name: string): Promise<Daemon> {
  const directories = directoriesOf(args);
  const place = placeIn(directories, args, name);
  return { place, found: await find(place), directories };
}

/** @throws {DjobError} with exit code 7 */
export function requireRunning({ place, found, directories }: Daemon): void {
  if (found.life !== "alive") throw notRunning(place, found, directories);
}

/** @param what for messages: "trigger poll" @throws {DjobError} if the daemon does not run, does not answer, or refuses */
export async function askDaemon<T>(daemon: Daemon, what: string, question: Question): Promise<T> {
  requireRunning(daemon);
  const { name, paths } = daemon.place;
  const answered = await askJobs(paths.socket, question, patienceMs);
  if (answered === null) throw silent(daemon.place, what);
  if (answered.status === 200) return answered.value as T;
  const error = refused(name, what, answered.value);
  throw answered.status === 503 ? new WorkerAway(error.code, error.message, error.hint) : error;
}

export function silent({ name }: Place, what: string): DjobError {
  const hint = `it is being started or stopped, or a job blocks its event loop: djob status ${name}`;
  return new DjobError(exitCode.failed, `cannot ${what}: ${name} does not answer`, hint);
}

/** @param value an ErrorReport */
export function refused(name: string, what: string, value: unknown): DjobError {
  const { error } = value as { readonly error?: { code?: unknown; message?: unknown; hint?: unknown } };
  const code: ExitCode = error?.code === 400 ? exitCode.usage : exitCode.failed;
  const message = typeof error?.message === "string" ? error.message : "its answer is none";
  const hint = typeof error?.hint === "string" ? error.hint : null;
  return new DjobError(code, `cannot ${what}: ${name} says: ${visible(message)}`, hint && visible(hint));
}

/**
 * Path and segments: names may hold "/" and "@".
 * @throws {DjobError} with exit code 2 for a name that is no segment: URLs resolve "..", also encoded, so that it would mean all jobs
 */
export function pathTo(first: string, name: string, last: string): string {
  if (["", ".", ".."].includes(name))
    throw new DjobError(
      exitCode.usage,
      `cannot ask about ${JSON.stringify(name)}: no job or run can be asked for by that name`,
      "the names of jobs: djob jobs; the ids of runs: djob runs --json",
    );
  return `/${first}/${encodeURIComponent(name)}${last === "" ? "" : `/${last}`}`;
}
