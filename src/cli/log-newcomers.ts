// What djob logs -f goes on with besides what there was when it began: the files of jobs that log for the first time, logs of daemons that
// are only started now, or log somewhere else since a restart and, with --all, daemons that nobody knew.
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { find, type Place, placeOf } from "../daemon/finding/locate.ts";
import { jobsDirectory } from "../logs/job-file-names.ts";
import { jobLogs } from "../logs/job-files.ts";
import type { WantedRun } from "../logs/read/filter.ts";
import type { FollowedLog } from "../logs/read/followed-log.ts";
import type { Growth, Source } from "../logs/read/read-logs.ts";
import type { OnDamage } from "../logs/read/records.ts";
import type { Daemon } from "./ask-daemon.ts";
import { type Session, type SourceRequest, wantedOf } from "./log-reading.ts";
import { findRun } from "./log-run.ts";
import { allNames, type DaemonLogs, logsOf } from "./log-sources.ts";

export interface NewcomersPort {
  open(request: SourceRequest): Source<FollowedLog>;
  readonly onDamage: OnDamage;
  /** There is something to take. */
  ring(): void;
}

export class Newcomers implements Growth {
  /** Of all daemons, those that have come included. */
  readonly names: string[];
  readonly directories: string[] = [];
  readonly #session: Session;
  readonly #port: NewcomersPort;
  readonly #beganMs = Date.now();
  readonly #places = new Map<string, Place>();
  /** Names of daemons that have not said yet where they log to. */
  readonly #silent = new Set<string>();
  readonly #known: Set<string>;
  /** Logs whose jobs may get files of their own. */
  readonly #logs = new Map<string, SourceRequest>();
  #jobsMayHaveCome = false;
  /** Names of daemons that are to be asked, one after the other. */
  readonly #toAsk = new Set<string>();
  #isAsking = false;
  #found: SourceRequest[] = [];

  constructor(session: Session, requests: readonly SourceRequest[], port: NewcomersPort) {
    const { daemons, directories, isAll } = session;
    this.#session = session;
    this.#port = port;
    this.names = daemons.map(({ daemon }) => daemon.place.name);
    this.#known = new Set(requests.map(({ path }) => path));
    for (const [source, logs] of daemons.entries()) {
      const { place, found } = logs.daemon;
      this.#places.set(place.name, place);
      if (found.life !== "alive" || found.status === null) this.#silent.add(place.name);
      this.directories.push(dirname(place.paths.pidfile));
      const request = requests.find((one) => one.source === source);
      if (request !== undefined) this.#expectJobs(logs, request);
    }
    if (isAll) this.directories.push(directories.runtime, directories.logs);
  }

  heard(directory: string, name: string | null): boolean {
    const isJobs = [...this.#logs.keys()].some((log) => mayHoldJobs(log, directory, name));
    if (isJobs) this.#jobsMayHaveCome = true;
    for (const daemon of this.#mayHaveCome(directory, name)) this.#toAsk.add(daemon);
    if (this.#toAsk.size > 0 && !this.#isAsking) void this.#askAll();
    return isJobs;
  }

  take(): Source<FollowedLog>[] {
    const found = this.#found;
    this.#found = [];
    if (this.#jobsMayHaveCome) {
      this.#jobsMayHaveCome = false;
      for (const [log, request] of this.#logs)
        for (const path of jobLogs(log)) this.#add(found, { ...request, path, count: null });
    }
    return found.flatMap((request) => {
      try {
        return [this.#port.open(request)];
      } catch (error) {
        request.onDamage(request.path, error, null);
        return [];
      }
    });
  }

  /** Names of daemons of which there may be something new. */
  #mayHaveCome(directory: string, name: string | null): readonly string[] {
    if (name === null) return [...this.#waking(directory), ...this.#unknown(directory)];
    const path = join(directory, name);
    const ending = /\.(?:pid|sock|log)$/.exec(name)?.[0];
    if (ending === undefined || this.#known.has(path)) return [];
    // What a daemon logs to may have changed.
    const started = [...this.#places.values()].find(
      ({ paths: { pidfile, socket } }) => pidfile === path || socket === path,
    );
    return started === undefined ? this.#unknown(directory) : [started.name];
  }

  #waking(directory: string): readonly string[] {
    return [...this.#silent].filter((name) => {
      const pidfile = this.#places.get(name)?.paths.pidfile ?? "";
      return dirname(pidfile) === directory && existsSync(pidfile);
    });
  }

  #unknown(directory: string): readonly string[] {
    const { isAll, directories } = this.#session;
    if (!isAll || (directory !== directories.runtime && directory !== directories.logs)) return [];
    return allNames(directories).filter((name) => !this.#places.has(name));
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    try {
      for (const name of this.#toAsk) {
        this.#toAsk.delete(name);
        await this.#ask(name);
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(name: string): Promise<void> {
    const { directories, wishes } = this.#session;
    const place = this.#places.get(name) ?? placeOf(name, directories, null);
    try {
      const daemon = { place, found: await find(place), directories };
      const logs = logsOf(daemon, wishes.job);
      if (logs === null) return;
      const run = wishes.run === null ? null : await findRun(daemon, wishes.run);
      this.#expect(logs, run?.wanted ?? null);
    } catch (error) {
      this.#port.onDamage(place.paths.log ?? name, error, null);
    }
  }

  #expect(logs: DaemonLogs, run: WantedRun | null): void {
    const { daemon, isOfOneJob } = logs;
    const { name } = daemon.place;
    const isSaid = daemon.found.life === "alive" && daemon.found.status !== null;
    if (isSaid) this.#silent.delete(name);
    const before = this.#found.length;
    for (const path of logs.paths) {
      // One that has not said where it logs to may log elsewhere.
      const bornMs = bornAt(path);
      if (bornMs === null && !isSaid) continue;
      const source = this.#sourceOf(daemon, isSaid);
      const wanted = wantedOf(this.#session.wishes, run, isOfOneJob);
      const isOlder = bornMs !== null && bornMs < this.#beganMs;
      const sinceMs = isOlder ? Math.max(wanted.sinceMs, startOf(daemon) ?? this.#beganMs) : wanted.sinceMs;
      const { onDamage } = this.#port;
      const request = { source, path, wanted: { ...wanted, sinceMs }, count: null, onDamage };
      this.#add(this.#found, request);
      if (path === logs.paths[0]) this.#expectJobs(logs, request);
    }
    if (this.#found.length > before) this.#port.ring();
  }

  #sourceOf({ place }: Daemon, isSaid: boolean): number {
    const known = this.names.indexOf(place.name);
    if (known !== -1) return known;
    this.#places.set(place.name, place);
    if (!isSaid) this.#silent.add(place.name);
    return this.names.push(place.name) - 1;
  }

  #add(to: SourceRequest[], request: SourceRequest): void {
    if (this.#known.has(request.path)) return;
    this.#known.add(request.path);
    to.push(request);
  }

  #expectJobs({ isOfOneJob, paths: [log] }: DaemonLogs, request: SourceRequest): void {
    if (isOfOneJob || log === undefined || this.#logs.has(log)) return;
    this.#logs.set(log, request);
    this.directories.push(jobsDirectory(log));
    this.#jobsMayHaveCome = true;
  }
}

function mayHoldJobs(log: string, directory: string, name: string | null): boolean {
  const jobs = jobsDirectory(log);
  return directory === jobs || (directory === dirname(jobs) && (name === null || name === basename(jobs)));
}

/** Null: it is not there. */
function bornAt(path: string): number | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : stats.birthtimeMs;
}

/** Null: it has not said. */
function startOf({ found }: Daemon): number | null {
  const startedAt = found.life === "alive" ? (found.status?.startedAt ?? null) : null;
  return startedAt === null ? null : Date.parse(startedAt);
}
