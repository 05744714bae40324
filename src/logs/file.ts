// One log file that this process writes to: notices when another file is at its path, or none, and rotates it. Rename, open, dup2:
// nothing is copied, and whoever else holds the old file goes on writing to that.
import type { FileWatch } from "./stream.ts";
import type { Trouble } from "./trouble.ts";

export interface FileStats {
  readonly inode: string;
  readonly bytes: number;
  readonly names: number;
  /** When it was made (wall clock); null: the file system does not tell. */
  readonly bornMs: number | null;
}

/** What is done with files: the calls that a test may want to fail. */
export interface LogFileSystem {
  /** For append; makes the file if it is missing. @throws if it can't be opened, or is not to be trusted */
  open(path: string): number;
  /** Of what the path leads to, no link followed; null: nothing is there. */
  statsOf(path: string): FileStats | null;
  statsOfOpen(descriptor: number): FileStats;
  /**
   * Does something while no other process rotates the file at the path.
   * @returns false if another one holds the lock, or the path has another file by now
   */
  locked(path: string, inode: string, action: () => void): boolean;
  /** Whether what is open has the name of a rotated file of that path by now. */
  isRotated(descriptor: number, path: string): boolean;
  /** A free name for the file to rotate. */
  nextPath(path: string, nowMs: number): string;
  rename(from: string, to: string): void;
  /** Two files change places at once. @returns false where that can't be done */
  exchange(one: string, other: string): boolean;
  /** Removes a file that was opened and is to be as if it had not been. */
  discard(path: string, descriptor: number): void;
  /** Gives a new file the old one's mode and owner. */
  resemble(descriptor: number, old: number): void;
  duplicate(from: number, to: number): void;
  /** Takes what was written to a file that has no name any more, from an offset on, out of it. */
  salvage(descriptor: number, from: number): Uint8Array;
  append(descriptor: number, bytes: Uint8Array): void;
  close(descriptor: number): void;
}

export interface LogFileOptions {
  readonly path: string;
  /** All that are this file. */
  readonly descriptors: readonly number[];
  readonly maximumAgeMs: number | null;
  /** How large it may become at the moment. */
  readonly largest: () => number;
  /** "other": a process that has the right to, and is asked; "never": whoever else writes to it does. */
  readonly rotates: "self" | "other" | "never";
  /** Looks before each write: for who writes little. */
  readonly isEager: boolean;
  /** For what fails without losing a line. */
  readonly trouble: Trouble;
  readonly system: LogFileSystem;
  rotated(path: string): void;
  /** Its descriptors are another file now. */
  taken(): void;
  /** Another process is to rotate it, or to make it. */
  wanted(): void;
}

const lookEveryMs = 1_000;
const looksAFile = 16;
/** Another process has been asked to rotate: it takes some milliseconds. */
const wantedMs = 20;
/** Whoever renames the file is about to make a new one, as logrotate does. */
const renamedGraceMs = 2_000;

export class LogFile implements FileWatch {
  readonly #options: LogFileOptions;
  readonly #descriptor: number;
  #dueMs = 0;
  #bytes = 0;
  /** What this process has written since it last looked how large the file is. */
  #sinceLook = 0;
  #bornMs = 0;
  /** How large it was when it was last seen at its path. */
  #knownBytes = 0;
  #blocked: string | null = null;
  /** When another process was last asked to make it. */
  #wantedMs = 0;
  #missingSinceMs: number | null = null;
  /** No rotation before that, because one has just failed. */
  #notBeforeMs = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#descriptor = options.descriptors[0] ?? 1;
  }

  get dueMs(): number {
    return this.#options.isEager ? 0 : this.#dueMs;
  }

  get path(): string {
    return this.#options.path;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When it becomes too old (wall clock); null: never, or there is nothing in it. */
  get tooOldMs(): number | null {
    const { maximumAgeMs, rotates } = this.#options;
    if (maximumAgeMs === null || rotates === "never" || this.#bytes === 0) return null;
    return this.#bornMs + maximumAgeMs;
  }

  get blocked(): string | null {
    return this.#blocked;
  }

  look(nowMs: number): void {
    this.#dueMs = nowMs + lookEveryMs;
    this.#sinceLook = 0;
    const { system, path } = this.#options;
    try {
      const own = system.statsOfOpen(this.#descriptor);
      const there = system.statsOf(path);
      this.#bytes = own.bytes;
      this.#bornMs = own.bornMs ?? (this.#bornMs || nowMs);
      if (there?.inode !== own.inode) {
        this.#replaced(there, own, nowMs);
        return;
      }
      this.#missingSinceMs = null;
      this.#knownBytes = own.bytes;
      this.#blocked = null;
      this.#rotateIfDue(nowMs);
    } catch (error) {
      // The descriptor was closed by a module: the write itself will say so.
      this.#options.trouble.begin(messageOf(error), 0, nowMs);
    }
  }

  grown(bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    this.#sinceLook += bytes;
    const { rotates, largest } = this.#options;
    if (rotates === "never" || nowMs < this.#notBeforeMs) return;
    const most = largest();
    // Others write to it as well, whom nobody counts.
    if (this.#bytes >= most || this.#sinceLook >= most / looksAFile) this.look(nowMs);
  }

  /** Opens it anew under its name. @throws if it can't be opened: then it goes on with the old one */
  reopen(nowMs: number): void {
    this.take(this.open(), nowMs);
  }

  /** What is at its path now, made if it is missing. @throws if it can't be opened, or is not to be trusted */
  open(): number {
    return this.#options.system.open(this.#options.path);
  }

  /** Writes to this one from now on, and closes the descriptor. */
  take(opened: number, nowMs: number): void {
    const { system, descriptors } = this.#options;
    try {
      for (const descriptor of descriptors) system.duplicate(opened, descriptor);
    } finally {
      system.close(opened);
    }
    const own = system.statsOfOpen(this.#descriptor);
    this.#bytes = own.bytes;
    this.#bornMs = own.bornMs ?? nowMs;
    this.#missingSinceMs = null;
    this.#blocked = null;
    this.#options.trouble.end();
    this.#options.taken();
  }

  #replaced(there: FileStats | null, own: FileStats, nowMs: number): void {
    const isGone = own.names === 0;
    // One that djob has renamed has a successor at once, or its renamer was killed in between.
    if (there === null && !isGone && !this.#options.system.isRotated(this.#descriptor, this.#options.path)) {
      this.#missingSinceMs ??= nowMs;
      if (nowMs - this.#missingSinceMs < renamedGraceMs) return;
    }
    try {
      const opened = this.open();
      // It had a name at the last look: what came since is in no file that anybody can read.
      const { system, rotates } = this.#options;
      if (isGone && rotates !== "never")
        system.append(opened, system.salvage(this.#descriptor, this.#knownBytes));
      this.take(opened, nowMs);
    } catch (error) {
      if (nowMs - this.#wantedMs >= lookEveryMs) {
        this.#wantedMs = nowMs;
        this.#options.wanted();
      }
      const why = messageOf(error);
      const reason = isGone ? `the log was removed, and can't be made again: ${why}` : why;
      this.#options.trouble.begin(reason, 0, nowMs);
      // It would be in a file that nobody can read.
      this.#blocked = isGone ? reason : null;
    }
  }

  #rotateIfDue(nowMs: number): void {
    const { largest, maximumAgeMs, rotates, trouble, wanted } = this.#options;
    if (rotates === "never" || nowMs < this.#notBeforeMs) return;
    const isOld = maximumAgeMs !== null && this.#bytes > 0 && nowMs - this.#bornMs >= maximumAgeMs;
    if (!isOld && this.#bytes < largest()) {
      trouble.end();
      return;
    }
    if (rotates === "other") {
      this.#notBeforeMs = nowMs + wantedMs;
      this.#dueMs = nowMs + wantedMs;
      wanted();
      return;
    }
    try {
      this.#rotate(nowMs);
      trouble.end();
    } catch (error) {
      this.#notBeforeMs = nowMs + lookEveryMs;
      trouble.begin(`cannot rotate the log: ${messageOf(error)}`, 0, nowMs);
    }
  }

  #rotate(nowMs: number): void {
    const { system, path, descriptors } = this.#options;
    const old = system.statsOfOpen(this.#descriptor);
    const target = system.nextPath(path, nowMs);
    let renamed = target;
    const isDone = system.locked(path, old.inode, () => {
      // The new one has the old one's name to be until it takes its place: what can't be opened leaves all as it was.
      const opened = system.open(target);
      try {
        renamed = this.#putInPlace(opened, target, nowMs);
        for (const descriptor of descriptors) system.duplicate(opened, descriptor);
      } finally {
        system.close(opened);
      }
    });
    // Another process was quicker: its new file is taken at the next look.
    if (!isDone) {
      this.#dueMs = nowMs + wantedMs;
      return;
    }
    const now = system.statsOfOpen(this.#descriptor);
    this.#bytes = now.bytes;
    this.#bornMs = now.bornMs ?? nowMs;
    this.#options.rotated(renamed);
    this.#options.taken();
  }

  /** @returns what the old file is called now */
  #putInPlace(opened: number, target: string, nowMs: number): string {
    const { system, path } = this.#options;
    try {
      system.resemble(opened, this.#descriptor);
      if (system.exchange(target, path)) return target;
      // For an instant nothing is at the path; whoever is killed then is finished by the next look.
      const instead = system.nextPath(path, nowMs);
      system.rename(path, instead);
      try {
        system.rename(target, path);
      } catch (error) {
        if (system.statsOf(path) === null) system.rename(instead, path);
        throw error;
      }
      return instead;
    } catch (error) {
      system.discard(target, opened);
      throw error;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
