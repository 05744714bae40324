// The log as a process inside another root directory writes it: it holds the file open, and no path leads there. Another process, outside,
// looks at the path, rotates, and hands the new file in; a directory that was held open instead would be a way out of the root directory.
import { fstatSync } from "node:fs";
import { closeDescriptor, duplicate } from "../libc/files.ts";
import type { FileWatch } from "./stream.ts";

export interface EnclosedFileOptions {
  /** All that are this file. */
  readonly descriptors: readonly number[];
  /** How large it may become at the moment. */
  readonly largest: () => number;
  /** Whoever is outside is to look, and to hand in what is at the path then. */
  wanted(): void;
}

const lookEveryMs = 1_000;
const looksAFile = 16;
/** Between two requests: what comes of one takes some milliseconds. */
const wantedMs = 20;

export class EnclosedFile implements FileWatch {
  readonly blocked = null;
  readonly #options: EnclosedFileOptions;
  readonly #descriptor: number;
  #dueMs = 0;
  #bytes = 0;
  #sinceLook = 0;
  #notBeforeMs = 0;

  constructor(options: EnclosedFileOptions) {
    this.#options = options;
    this.#descriptor = options.descriptors[0] ?? 1;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  look(nowMs: number): void {
    this.#dueMs = nowMs + lookEveryMs;
    this.#sinceLook = 0;
    if (nowMs < this.#notBeforeMs || !this.#isOver()) return;
    this.#notBeforeMs = nowMs + wantedMs;
    this.#options.wanted();
  }

  #isOver(): boolean {
    try {
      const { size, nlink } = fstatSync(this.#descriptor);
      this.#bytes = size;
      return size >= this.#options.largest() || nlink === 0;
    } catch {
      // A module has closed it: the write itself will say so.
      return false;
    }
  }

  grown(bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    this.#sinceLook += bytes;
    const most = this.#options.largest();
    if (nowMs < this.#notBeforeMs) return;
    // Others write to it as well, whom nobody counts.
    if (this.#bytes >= most || this.#sinceLook >= most / looksAFile) this.look(nowMs);
  }

  /** Writes to this one from now on, and closes the descriptor. */
  take(handedIn: number, nowMs: number): void {
    try {
      for (const descriptor of this.#options.descriptors) duplicate(handedIn, descriptor);
    } finally {
      closeDescriptor(handedIn);
    }
    this.#notBeforeMs = 0;
    this.look(nowMs);
  }
}
