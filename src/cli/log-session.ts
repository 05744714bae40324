// Showing the logs of daemons: opens what the flags ask for, and says where something is missing.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { jobsDirectory } from "../logs/job-file-names.ts";
import { jobLogs } from "../logs/job-files.ts";
import type { Wanted, WantedRun } from "../logs/read/filter.ts";
import type { FollowedLog } from "../logs/read/followed-log.ts";
import { type LogRequest, openFollowedLog, openLog } from "../logs/read/open-log.ts";
import { Out, ReaderGone } from "../logs/read/out.ts";
import {
  Alarm,
  type Growth,
  pourOut,
  type Reading,
  readOn,
  readToEnd,
  type Source,
} from "../logs/read/read-logs.ts";
import type { OnDamage } from "../logs/read/records.ts";
import { showJson } from "../logs/read/show-json.ts";
import { showText } from "../logs/read/show-text.ts";
import { isTerminal, outDescriptor } from "../logs/sink.ts";
import { damageOf, readError } from "./log-damage.ts";
import { findRun } from "./log-run.ts";
import type { DaemonLogs } from "./log-sources.ts";
import type { Wishes } from "./log-wishes.ts";
import { notRunning } from "./names.ts";
import { hasColour, type Output } from "./output.ts";

export interface Session {
  readonly wishes: Wishes;
  readonly daemons: readonly DaemonLogs[];
  readonly output: Output;
  /** Of those that have no log nothing is said, if one has. */
  readonly isAll: boolean;
}

interface SourceRequest extends LogRequest {
  /** An index into the daemons. */
  readonly source: number;
}

/** How long an interrupted reader may take to show what has come. */
const lastWordsMs = 200;

/** @returns the exit code: 1 if something could not be read, which is told */
export async function showLogs(session: Session): Promise<number> {
  const { daemons, wishes, output } = session;
  const warned = new Set<string>();
  const warn = (text: string) => {
    if (!warned.has(text)) output.people.warn(text);
    warned.add(text);
  };
  let isWhole = true;
  const onDamage: OnDamage = (path, error, reached) => {
    isWhole = false;
    warn(`cannot read all of the log: ${damageOf(path, error, reached)}`);
  };
  const requests: SourceRequest[] = [];
  for (const [source, { daemon, paths, isOfOneJob }] of daemons.entries()) {
    const found = wishes.run === null ? null : await findRun(daemon, wishes.run);
    if (found?.note != null) warn(found.note);
    const wanted = wantedOf(wishes, found?.wanted ?? null, isOfOneJob);
    for (const path of paths) requests.push({ source, path, wanted, count: wishes.count, onDamage });
  }
  try {
    if (wishes.follows) await follow(session, requests, warn);
    else showOnce(session, requests);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
  return isWhole ? exitCode.done : exitCode.failed;
}

function wantedOf(
  { sinceMs, untilMs, level, job, grep }: Wishes,
  run: WantedRun | null,
  isOfOneJob: boolean,
): Wanted {
  // Nothing of a run is written before its scheduled time.
  const from = run === null ? sinceMs : Math.max(sinceMs, Date.parse(run.id.slice(run.job.length + 1)));
  return { sinceMs: from, untilMs, level, job: isOfOneJob ? null : job, run, grep };
}

function showOnce(session: Session, requests: readonly SourceRequest[]): void {
  const opened = requests.flatMap((request) => {
    const log = opening(request.path, () => openLog(request));
    return log === null ? [] : [{ ...log, source: request.source }];
  });
  requireLogs(session, new Set(opened.map(({ source }) => source)));
  const reading = readingOf(session, opened);
  const [first, ...others] = opened;
  const isAsIs = reading.show.isAsIs && reading.skip === 0;
  if (isAsIs && first?.records.isPourable === true && others.length === 0)
    pourOut(first.records, reading.out);
  else readToEnd(opened, reading);
}

async function follow(
  session: Session,
  requests: readonly SourceRequest[],
  warn: (text: string) => void,
): Promise<void> {
  const end = new AbortController();
  const ended = new Promise<void>((resolve) => {
    end.signal.addEventListener("abort", () => setTimeout(resolve, lastWordsMs), { once: true });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  const alarm = new Alarm();
  const open = (request: SourceRequest) => ({
    ...opening(request.path, () => openFollowedLog(request, () => alarm.ring())),
    source: request.source,
  });
  const opened = requests.map(open);
  for (const [source, { daemon, paths }] of session.daemons.entries()) {
    if (opened.some((log) => log.source === source && log.isThere)) continue;
    const { message, hint } = notRunning(daemon.place, daemon.found, daemon.directories);
    const suggestion = hint === null ? "" : ` (${hint})`;
    warn(`waiting for ${paths[0]}: ${message}${suggestion}`);
  }
  const reading = readOn(
    opened,
    growthOf(session, requests, open),
    readingOf(session, opened),
    alarm,
    end.signal,
  );
  // Whoever does not read on holds the writing up: that is no reason not to end.
  await Promise.race([reading, ended]);
}

/** A job gets its own file, where it is to have one, with its first line. */
function growthOf(
  { daemons }: Session,
  requests: readonly SourceRequest[],
  open: (request: SourceRequest) => Source<FollowedLog>,
): Growth {
  const known = new Set(requests.map(({ path }) => path));
  const logs = daemons.flatMap(({ isOfOneJob, paths: [log] }, source) =>
    isOfOneJob || log === undefined ? [] : [{ log, request: requests.find((one) => one.source === source) }],
  );
  return {
    directories: logs.map(({ log }) => jobsDirectory(log)),
    find: () =>
      logs.flatMap(({ log, request }) => {
        if (request === undefined) return [];
        const found = jobLogs(log).filter((path) => !known.has(path));
        for (const path of found) known.add(path);
        return found.map((path) => open({ ...request, path, count: null }));
      }),
  };
}

function readingOf(
  { wishes, daemons, output }: Session,
  opened: ReadonlyArray<{ readonly count: number }>,
): Reading {
  const out = new Out(outDescriptor);
  const names = daemons.map(({ daemon }) => daemon.place.name);
  const isShownOnTerminal = isTerminal(outDescriptor);
  const style = {
    names: names.length > 1 ? names : null,
    isTerminal: isShownOnTerminal,
    hasColour: hasColour(outDescriptor),
  };
  const held = opened.reduce((sum, { count }) => sum + count, 0);
  return {
    out,
    show: output.json ? showJson(out, names) : showText(out, style),
    skip: wishes.count === null ? 0 : Math.max(0, held - wishes.count),
  };
}

/** @throws {DjobError} for the first daemon that has no log */
function requireLogs({ daemons, isAll }: Session, found: ReadonlySet<number>): void {
  if (isAll && found.size > 0) return;
  for (const [source, { daemon, paths }] of daemons.entries()) {
    if (found.has(source)) continue;
    if (daemon.found.life !== "alive") throw notRunning(daemon.place, daemon.found, daemon.directories);
    throw new DjobError(
      exitCode.failed,
      `cannot read the log ${paths[0]}: no such file or directory`,
      `was it moved away? djob signal ${daemon.place.name} USR1 has it opened anew`,
    );
  }
}

function opening<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw readError(path, error);
  }
}
