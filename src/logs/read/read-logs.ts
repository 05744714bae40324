// Reading several logs as one, by time: to their ends, or on and on as they grow.
import { DirectoryWatch } from "./directory-watch.ts";
import type { FollowedLog } from "./followed-log.ts";
import { Merge } from "./merge.ts";
import type { Out } from "./out.ts";
import type { Records, SegmentRecords } from "./records.ts";
import type { Show } from "./show-text.ts";

export interface Reading {
  readonly out: Out;
  readonly show: Show;
  /** So many of the first records are left out: of each log the last N were chosen, and N of all are wanted. */
  readonly skip: number;
}

export interface Source<R extends Records> {
  readonly records: R;
  /** Whose log it is: an index into the names that are shown. */
  readonly source: number;
}

/** @returns whether there was any record @throws {ReaderGone} */
export function readToEnd(logs: ReadonlyArray<Source<Records>>, { out, show, skip }: Reading): boolean {
  const merge = new Merge(logs.map(({ records }) => records));
  const wanted = skipping(skip);
  let isAny = false;
  for (let log = logs[merge.next()]; log !== undefined; log = logs[merge.next()]) {
    const { reader } = log.records;
    if (!wanted(reader.isPart)) continue;
    show.record(reader, log.source);
    isAny = true;
    if (out.isFull) out.flushSync();
  }
  show.end();
  out.flushSync();
  return isAny;
}

/** All of one log as it is, where nothing has to be found in it or made of it. @returns whether there was any @throws {ReaderGone} */
export function pourOut(records: SegmentRecords, out: Out): boolean {
  let isAny = false;
  records.pour((bytes, length) => {
    isAny = true;
    out.through(bytes, length);
  });
  return isAny;
}

/** Logs that may appear and are to be followed as well. */
export interface Growth {
  /** Where they may, besides the directories of the logs that are followed. */
  readonly directories: readonly string[];
  /** Something has happened to a name in a directory; null: any may have appeared. @returns whether it may be of such a log */
  heard(directory: string, name: string | null): boolean;
  /** Opens those that are there by now and were not before. */
  take(): Source<FollowedLog>[];
}

/** Goes on until the signal aborts. Without changes nothing wakes it. @throws {ReaderGone} */
export async function readOn(
  first: ReadonlyArray<Source<FollowedLog>>,
  growth: Growth,
  reading: Reading,
  alarm: Alarm,
  signal: AbortSignal,
): Promise<void> {
  const logs = [...first];
  const merge = new Merge(logs.map(({ records }) => records));
  const wanted = skipping(reading.skip);
  const changes = new Changes(logs, growth, alarm);
  signal.addEventListener("abort", () => alarm.ring(), { once: true });
  try {
    for (;;) {
      for (const log of growth.take()) {
        logs.push(log);
        merge.add(log.records);
      }
      changes.watchAll();
      await showAvailable(logs, merge, reading, wanted);
      if (signal.aborted) break;
      await alarm.wait();
      changes.tell();
    }
    for (const { records } of logs) records.finish();
    await showAvailable(logs, merge, reading, wanted);
    reading.show.end();
    await reading.out.flush();
  } finally {
    changes.close();
    for (const { records } of logs) records.close();
  }
}

/** What has changed in the directories of logs since they were told. */
class Changes {
  readonly #logs: ReadonlyArray<Source<FollowedLog>>;
  readonly #growth: Growth;
  readonly #alarm: Alarm;
  readonly #names = new Map<string, Set<string | null>>();
  readonly #watches = new Map<string, DirectoryWatch>();

  /** @param logs may grow */
  constructor(logs: ReadonlyArray<Source<FollowedLog>>, growth: Growth, alarm: Alarm) {
    this.#logs = logs;
    this.#growth = growth;
    this.#alarm = alarm;
    this.watchAll();
  }

  /** What is there already when a watch begins is as if it had just come. */
  watchAll(): void {
    const directories = this.#logs.map(({ records }) => records.directory);
    for (const directory of [...directories, ...this.#growth.directories]) {
      if (this.#watches.has(directory)) continue;
      this.#watches.set(directory, new DirectoryWatch(directory, (name) => this.#heard(directory, name)));
      this.#heard(directory, null);
    }
  }

  tell(): void {
    const names = new Map(this.#names);
    this.#names.clear();
    for (const { records } of this.#logs) {
      for (const name of names.get(records.directory) ?? []) records.look(name);
    }
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
  }

  #heard(directory: string, name: string | null): boolean {
    const concerns = this.#logs.some(
      ({ records }) => records.directory === directory && records.concerns(name),
    );
    const isGrowth = this.#growth.heard(directory, name);
    if (!concerns && !isGrowth) return false;
    if (concerns) this.#names.set(directory, (this.#names.get(directory) ?? new Set()).add(name));
    this.#alarm.ring();
    return true;
  }
}

/** Rung from anywhere, heard by one who waits, also if it was rung before. */
export class Alarm {
  #isRung = false;
  #hear: (() => void) | null = null;

  ring(): void {
    this.#isRung = true;
    this.#hear?.();
  }

  async wait(): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        this.#hear = resolve;
      });
    }
    this.#isRung = false;
    this.#hear = null;
  }
}

async function showAvailable(
  logs: ReadonlyArray<Source<FollowedLog>>,
  merge: Merge,
  { out, show }: Reading,
  wanted: (isPart: boolean) => boolean,
): Promise<void> {
  merge.wake();
  for (let log = logs[merge.next()]; log !== undefined; log = logs[merge.next()]) {
    const { reader } = log.records;
    if (!wanted(reader.isPart)) continue;
    show.record(reader, log.source);
    if (out.isFull) await out.flush();
  }
  for (const { records } of logs) records.settle();
  await out.flush();
}

/** Of every record and its parts, whether it is behind the first `count`. */
function skipping(count: number): (isPart: boolean) => boolean {
  let left = count;
  let isWanted = true;
  return (isPart) => {
    if (isPart) return isWanted;
    isWanted = left === 0;
    if (left > 0) left -= 1;
    return isWanted;
  };
}
