// Reading several logs as one, by time: to their ends, or on and on as they grow.
import { DirectoryWatch } from "./directory-watch.ts";
import type { FollowedLog } from "./followed-log.ts";
import { Merge } from "./merge.ts";
import type { Out } from "./out.ts";
import type { Records } from "./records.ts";
import type { Show } from "./show-text.ts";

export interface Reading {
  readonly out: Out;
  readonly show: Show;
  /** So many of the first records are left out: of each log the last N were chosen, and N of all are wanted. */
  readonly skip: number;
  /** Whose log each of them is: an index into the names that are shown. */
  readonly sources: readonly number[];
}

/** @throws {ReaderGone} */
export function readToEnd(logs: readonly Records[], reading: Reading): void {
  const { out, show } = reading;
  const merge = new Merge(logs);
  const wanted = skipping(reading.skip);
  for (let index = merge.next(); index !== -1; index = merge.next()) {
    const reader = logs[index]?.reader;
    if (reader === undefined || !wanted(reader.isPart)) continue;
    show.record(reader, reading.sources[index] ?? 0);
    if (out.isFull) out.flushSync();
  }
  show.end();
  out.flushSync();
}

/** Goes on until the signal aborts. Without changes nothing wakes it. @throws {ReaderGone} */
export async function readOn(
  logs: readonly FollowedLog[],
  reading: Reading,
  alarm: Alarm,
  signal: AbortSignal,
): Promise<void> {
  const merge = new Merge(logs);
  const wanted = skipping(reading.skip);
  const changed = new Map<string, Set<string | null>>();
  const directories = new Set(logs.map(({ directory }) => directory));
  const watches = [...directories].map(
    (directory) =>
      new DirectoryWatch(directory, (name) => {
        if (!logs.some((log) => log.directory === directory && log.concerns(name))) return false;
        const names = changed.get(directory) ?? new Set();
        changed.set(directory, names.add(name));
        alarm.ring();
        return true;
      }),
  );
  signal.addEventListener("abort", () => alarm.ring(), { once: true });
  try {
    // What has changed before the watch began.
    for (const log of logs) log.look(null);
    for (;;) {
      await showAvailable(logs, merge, reading, wanted);
      if (signal.aborted) break;
      await alarm.wait();
      const news = new Map(changed);
      changed.clear();
      for (const log of logs) for (const name of news.get(log.directory) ?? []) log.look(name);
    }
    for (const log of logs) log.finish();
    await showAvailable(logs, merge, reading, wanted);
    reading.show.end();
    await reading.out.flush();
  } finally {
    for (const watch of watches) watch.close();
    for (const log of logs) log.close();
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
  logs: readonly FollowedLog[],
  merge: Merge,
  { out, show, sources }: Reading,
  wanted: (isPart: boolean) => boolean,
): Promise<void> {
  merge.wake();
  for (let index = merge.next(); index !== -1; index = merge.next()) {
    const reader = logs[index]?.reader;
    if (reader === undefined || !wanted(reader.isPart)) continue;
    show.record(reader, sources[index] ?? 0);
    if (out.isFull) await out.flush();
  }
  for (const log of logs) log.settle();
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
