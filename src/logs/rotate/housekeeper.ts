// Looks after rotated logs: removes those that are too many or too much, compresses the others when nobody writes to them any more,
// and finishes what a process before was killed at. It touches regular files of its own alone, by the exact names that it gives.
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RotationRules } from "../rules.ts";
import { compressRotated, finishCompression, removeEmpty } from "./compress.ts";
import { byTime, logOf, parseRotated, temporaryEnding } from "./names.ts";
import { chooseRemovals, type RotatedFile } from "./retention.ts";

export interface HousekeeperOptions {
  readonly rules: RotationRules;
  /** The logs that are written. */
  paths(): readonly string[];
  /** How many bytes these may take together. */
  room(): number;
  now(): number;
  /** Something could not be done. */
  failed(what: string): void;
}

const firstDelayMs = 1_000;
const longestDelayMs = 60_000;

export class Housekeeper {
  readonly #options: HousekeeperOptions;
  #timer: Timer | undefined;
  #delayMs = firstDelayMs;
  #isBusy = false;

  constructor(options: HousekeeperOptions) {
    this.#options = options;
  }

  /** A file was rotated, or this process has just begun. */
  wake(): void {
    try {
      this.#remove();
    } catch (error) {
      this.#fail(error);
    }
    // One rotation after another must not put it off for ever.
    if (this.#timer !== undefined && this.#delayMs === firstDelayMs) return;
    this.#delayMs = firstDelayMs;
    this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#work();
    }, this.#delayMs);
    this.#timer.unref();
  }

  async #work(): Promise<void> {
    if (this.#isBusy) {
      this.#later();
      return;
    }
    this.#isBusy = true;
    try {
      const isDone = await this.#compressAll();
      this.#remove();
      if (!isDone) {
        this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2);
        this.#later();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** A rotation that was done is none that failed, and a daemon starts also where old logs can't be removed. */
  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : error;
    this.#options.failed(`cannot look after rotated logs: ${why}`);
  }

  /** @returns false if some have to wait */
  async #compressAll(): Promise<boolean> {
    const { compression } = this.#options.rules;
    const files = [...this.#files()].sort(byTime);
    const plain = new Set<string>();
    for (const { path, name, isTemporary, compression: has } of files) {
      const whole = join(dirname(path), name);
      if (isTemporary) plain.add(whole.slice(0, -temporaryEnding.length).replace(/\.(gz|zst)$/, ""));
      else if (has === "none") plain.add(whole);
    }
    let isDone = true;
    for (const path of plain) {
      if (!removeEmpty(path, this.#options.now()) || !finishCompression(path)) isDone = false;
      else if (compression !== "none")
        isDone = (await compressRotated(path, compression, this.#options.now())) !== "later" && isDone;
    }
    return isDone;
  }

  #remove(): void {
    const { rules, room } = this.#options;
    // An empty one is in nobody's way, and may be about to become the log.
    const files = this.#files().filter(({ bytes }) => bytes > 0);
    for (const { path, name } of chooseRemovals(files, rules, room()))
      rmSync(join(dirname(path), name), { force: true });
  }

  #files(): readonly RotatedFile[] {
    const paths = this.#options.paths();
    const known = new Set(paths);
    const directories = new Set(paths.map(dirname));
    return [...directories].flatMap((directory) =>
      namesIn(directory).flatMap((name) => {
        const log = logOf(name);
        const path = join(directory, log ?? "");
        if (log === null || !known.has(path)) return [];
        const parsed = parseRotated(log, name);
        const bytes = ownSize(join(directory, name), path);
        return parsed === null || bytes === null ? [] : [{ ...parsed, path, bytes }];
      }),
    );
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** @returns null for what is no regular file of one name, and belongs to neither the log's owner nor this process' user */
function ownSize(path: string, log: string): number | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile() || stats.nlink !== 1) return null;
  const owner = lstatSync(log, { throwIfNoEntry: false })?.uid;
  return stats.uid === owner || stats.uid === process.geteuid?.() ? stats.size : null;
}
