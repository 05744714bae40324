// Showing the logs of daemons: opens what the flags ask for, and says where something is missing.
import { DjobError, worldError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { openLog } from "../logs/read/open-log.ts";
import { OutputError, ReaderGone } from "../logs/read/out.ts";
import { pourOut, readToEnd } from "../logs/read/read-logs.ts";
import type { OnDamage } from "../logs/read/records.ts";
import { damageOf } from "./log-damage.ts";
import { follow } from "./log-follow.ts";
import { nothingFound } from "./log-nothing.ts";
import { openAll, readingOf, type Session, type SourceRequest, wantedOf } from "./log-reading.ts";
import { findRun } from "./log-run.ts";
import { notRunning } from "./names.ts";

/** @returns the exit code: 1 if something could not be read, or nothing was found of what was asked for, which is told */
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
  let isFound = true;
  try {
    if (wishes.follows) await follow(session, requests, onDamage, warn);
    else isFound = showOnce(session, requests);
  } catch (error) {
    if (error instanceof OutputError) throw worldError("write to standard output", error.cause);
    if (!(error instanceof ReaderGone)) throw error;
  }
  if (!isFound && nothingFound(session)) return exitCode.failed;
  return isWhole ? exitCode.done : exitCode.failed;
}

/** @returns whether there was anything, or nothing was wanted */
function showOnce(session: Session, requests: readonly SourceRequest[]): boolean {
  const { logs: opened, refused } = openAll(requests, (request) => {
    const log = openLog(request);
    return log === null ? null : { ...log, source: request.source };
  });
  requireLogs(session, new Set([...refused, ...opened.map(({ source }) => source)]));
  const names = session.daemons.map(({ daemon }) => daemon.place.name);
  const reading = readingOf(session, names, opened);
  const [first, ...others] = opened;
  const isAsIs = reading.show.isAsIs && reading.skip === 0;
  const isAny =
    isAsIs && first?.records.isPourable === true && others.length === 0
      ? pourOut(first.records, reading.out)
      : readToEnd(opened, reading);
  return isAny || session.wishes.count === 0;
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
