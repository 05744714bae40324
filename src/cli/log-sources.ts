// Which files the log of a daemon is made of: its own, that of its standard error, and one for each job.
import { existsSync, readdirSync } from "node:fs";
import { DjobError } from "../daemon/error.ts";
import { knownNames, statusOrGuess } from "../daemon/finding/locate.ts";
import { type Directories, pathsFor } from "../daemon/paths.ts";
import { isName } from "../daemon/spec.ts";
import { exitCode } from "../exit-code.ts";
import { jobLog, jobLogs } from "../logs/job-files.ts";
import type { Daemon } from "./ask-daemon.ts";
import { splitPath } from "./log-flags.ts";

export interface DaemonLogs {
  readonly daemon: Daemon;
  /** Its own, where it has one, then those that it is split into. */
  readonly paths: readonly string[];
  /** Whether a path holds one job's records alone. */
  readonly isOfOneJob: boolean;
}

/**
 * @param job whose records are wanted; where that job has a file of its own they are all in it
 * @returns null: it writes to no file
 */
export function logsOf(daemon: Daemon, job: string | null): DaemonLogs | null {
  const { place, found, directories } = daemon;
  const { log, logErr } = statusOrGuess(place, found).paths;
  if (log === null) return null;
  const ofJob = job === null ? null : jobLog(log, job);
  if (ofJob !== null) return { daemon, paths: [ofJob], isOfOneJob: true };
  const err = logErr ?? (found.life === "alive" ? null : splitLog(log, place.name, directories));
  return { daemon, paths: [log, ...(err === null ? [] : [err]), ...jobLogs(log)], isOfOneJob: false };
}

export function noLogFile({ place, found }: Daemon): DjobError {
  const { foreground, log } = statusOrGuess(place, found);
  if (log.target === "journald")
    return new DjobError(
      exitCode.failed,
      `${place.name} logs to systemd's journal`,
      `read it with: journalctl SYSLOG_IDENTIFIER=${place.name}`,
    );
  const why = foreground ? "runs in the foreground and has no log" : "has no log file";
  return new DjobError(exitCode.failed, `${place.name} ${why}`, "start it with --log FILE");
}

/** The names of all daemons of a directory that have a pidfile or a log. */
export function allNames(directories: Directories): string[] {
  const logs = filesIn(directories.logs)
    .filter((file) => file.endsWith(".log"))
    .map((file) => file.slice(0, -".log".length))
    .filter(isName);
  const split = new Set(logs.map((name) => `${name}.err`));
  return [...new Set([...knownNames(directories), ...logs.filter((name) => !split.has(name))])].sort();
}

/** Of a daemon that can't be asked: NAME.err.log, unless another daemon is called that. */
function splitLog(log: string, name: string, directories: Directories): string | null {
  const path = splitPath(log);
  if (knownNames(directories).includes(`${name}.err`)) return null;
  return pathsFor(name, directories).log === log && existsSync(path) ? path : null;
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
