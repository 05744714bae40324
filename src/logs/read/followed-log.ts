// One log that is followed: the file that was open is read to its end first, then each one that was rotated since, then the current one.
// A renamed file is held open for a while beside its successor, because it takes the daemon a moment to open that (all of
// logrotate's postrotate, where logrotate makes it). Then it is let go of, and opened again when it changes: a child may
// hold it for as long as it lives.
import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { beforeFile, rotatedOf } from "./choose.ts";
import type { Filter } from "./filter.ts";
import { FollowedFile } from "./followed-file.ts";
import {
  entriesOf,
  type Identity,
  identityOf,
  isAt,
  isSameFile,
  type LogFile,
  openIfThere,
} from "./log-file.ts";
import { belongsTo, original, type RotatedName } from "./log-names.ts";
import { RecordReader } from "./record-reader.ts";
import type { OnDamage, Records } from "./records.ts";
import { isSame, openNamed, placeAfter } from "./rotated-file.ts";

const usualHeldMs = 10_000;
/** Of renamed files that may be opened again. */
const mostKnown = 64;

export interface Following {
  readonly path: string;
  readonly wants: Filter;
  /** Records from before those of the current file. */
  readonly before: Records | null;
  /** The current file and where to begin in it; null: it is waited for. */
  readonly current: { readonly file: LogFile; readonly start: number; readonly timeBeforeMs: number } | null;
  readonly onDamage: OnDamage;
  /** How long a renamed file is held open without need; a test does not wait for ten seconds. */
  readonly heldMs?: number;
  /** There is something to do besides what changes in its directory. */
  readonly onWake: () => void;
}

export class FollowedLog implements Records {
  readonly directory: string;
  readonly #base: string;
  readonly #following: Following;
  /** The oldest first; the last one is the current one, or was. */
  #files: FollowedFile[] = [];
  /** Let go of, and opened again when they change. */
  #known: FollowedFile[] = [];
  #before: Records | null;
  #active: Records | null = null;
  readonly #none = new RecordReader(1);
  /** Rotated names that there were when the last file was the current one, without their compression. */
  #seen: ReadonlySet<string> = new Set();
  /** The moment of the latest rotation among them: a listing may miss a name that changes meanwhile. */
  #seenToMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #lastTimeMs = Number.NaN;

  constructor(following: Following) {
    const { path, before, current } = following;
    this.#following = following;
    this.directory = dirname(path);
    this.#base = basename(path);
    this.#before = before;
    if (current !== null) this.#adopt(current.file, current.start, current.timeBeforeMs);
    this.#remember();
  }

  /** Of the file that has the current record. */
  get reader(): RecordReader {
    return this.#active?.reader ?? this.#none;
  }

  next(): boolean {
    if (this.#before !== null) {
      if (this.#take(this.#before)) return true;
      this.#before = null;
    }
    for (const file of this.#files) if (this.#take(file)) return true;
    this.#active = null;
    return false;
  }

  /** Whether something that happened to a name in the log's directory may be of this log. */
  concerns(name: string | null): boolean {
    return name === null || belongsTo(this.#base, name);
  }

  /** Looks for what has become of its files. @param changed the name of one that has changed; null: any may have */
  look(changed: string | null): void {
    try {
      if (changed !== this.#base) this.#wakeKnown(changed);
      this.#lookForCopy();
      this.#lookForSuccessors();
    } catch (error) {
      this.#following.onDamage(this.#following.path, error, null);
    }
  }

  /** All that there was has been taken: what nothing more is expected of is closed. */
  settle(): void {
    const done = this.#files.filter((file, index) => file.isFinal && index < this.#files.length - 1);
    if (done.length === 0) return;
    for (const file of done) {
      const isThere = file.file.compression === "none" && file.file.measure().names > 0;
      file.close();
      if (isThere) this.#known.push(file);
    }
    this.#files = this.#files.filter((file) => !done.includes(file));
    this.#known = this.#known.slice(-mostKnown);
  }

  /** Nothing more will be read: lines that have not ended are given as they are. */
  finish(): void {
    for (const file of this.#files) file.isFinal = true;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const file of this.#files) file.close();
    this.#before?.close();
  }

  #take(records: Records): boolean {
    if (!records.next()) return false;
    this.#active = records;
    this.#lastTimeMs = records.reader.header.timeMs;
    return true;
  }

  /** Truncated: what came since the last look is in the copy that logrotate's copytruncate has made, if it is that. */
  #lookForCopy(): void {
    const last = this.#files.at(-1);
    if (last === undefined || last.isFinal) return;
    const { readTo } = last.reader;
    // One of which nothing has been read seems intact: that a copy is larger tells, while it is the current one.
    if (last.isIntact() && (readTo > 0 || !isAt(this.#following.path, last.file))) return;
    const copy = this.#openNewest((file, name) => {
      if (this.#isKnown(file) || !last.isCopiedIn(file)) return false;
      return readTo > 0 || (!this.#seen.has(name) && file.size > last.file.size);
    });
    // Others have taken its place meanwhile: what was found is one of those.
    if (copy !== null && readTo === 0 && !isAt(this.#following.path, last.file)) {
      copy.close();
      return;
    }
    if (copy !== null) this.#files.splice(-1, 0, last.continuedIn(copy));
    else if (readTo > 0) last.startAgain();
    else return;
    this.#remember();
  }

  #lookForSuccessors(): void {
    const { path } = this.#following;
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there === undefined || this.#isOpen(identityOf(there))) return;
    const current = openIfThere(path);
    if (current === null) return;
    if (this.#isKnown(current)) {
      current.close();
      return;
    }
    const rotated = rotatedOf(this.directory, this.#base);
    const { files, seen } = this.#between(rotated, current);
    for (const file of files) this.#adopt(file, 0, this.#lastTimeMs);
    this.#adopt(current, 0, this.#lastTimeMs);
    this.#see(seen);
    this.#holdForAWhile();
  }

  /**
   * Files that were the current one before this one, and have been rotated between two looks, the oldest first; and the names of those that are
   * older than this one: it may have been rotated itself by now, and others after it, which are for the next look.
   */
  #between(
    rotated: readonly RotatedName[],
    current: LogFile,
  ): { readonly files: readonly LogFile[]; readonly seen: readonly RotatedName[] } {
    const last = this.#files.at(-1);
    const opened = rotated.flatMap((entry) => {
      const isNew = !this.#seen.has(original(entry.name)) && entry.endMs >= this.#seenToMs;
      // What logrotate has renamed is known by its inode alone.
      if (entry.isStamped ? !isNew : last === undefined) return [];
      const file = openNamed(this.directory, this.#base, entry, this.#following.onDamage);
      return file === null ? [] : [{ file, entry }];
    });
    const after = last === undefined ? 0 : placeAfter(opened, last);
    const at = opened.findIndex(({ file }) => isSame(file, current));
    const before = at === -1 ? opened.length : at;
    const found = opened.slice(after, before).map(({ file }) => file);
    const isKnown = (file: LogFile) =>
      this.#isKnown(file) || this.#files.some((one) => isSame(file, one.file));
    const files = found.filter((file) => !isKnown(file));
    for (const { file } of opened) if (!files.includes(file)) file.close();
    const cut = opened[at]?.entry;
    return { files, seen: cut === undefined ? rotated : rotated.slice(0, rotated.indexOf(cut)) };
  }

  #adopt(file: LogFile, start: number, timeBeforeMs: number): void {
    const { wants, onDamage } = this.#following;
    const followed = new FollowedFile(file, start, wants, onDamage);
    followed.reader.header.timeMs = timeBeforeMs;
    this.#files.push(followed);
  }

  #isOpen(identity: Identity): boolean {
    return this.#files.some(({ file }) => isSameFile(file.identity, identity));
  }

  #isKnown(file: LogFile): boolean {
    return this.#isOpen(file.identity) || this.#knownAs(file) !== undefined;
  }

  /** Of one that is not held open the inode may have been given to another file since: its content decides. */
  #knownAs(file: LogFile): FollowedFile | undefined {
    return this.#known.find((one) => isSameFile(one.file.identity, file.identity) && one.isCopiedIn(file));
  }

  /** What there is at the moment has been seen. */
  #remember(): void {
    const rotated = rotatedOf(this.directory, this.#base);
    const last = this.#files.at(-1);
    this.#see(last === undefined ? rotated : beforeFile(rotated, this.directory, last.file));
  }

  #see(rotated: readonly RotatedName[]): void {
    this.#seen = new Set(rotated.map(({ name }) => original(name)));
    for (const { isStamped, endMs } of rotated)
      if (isStamped && endMs > this.#seenToMs) this.#seenToMs = endMs;
  }

  /** The newest rotated file, not compressed, that will do. */
  #openNewest(willDo: (file: LogFile, name: string) => boolean): LogFile | null {
    const rotated = rotatedOf(this.directory, this.#base);
    for (const { name, compression } of rotated.reverse()) {
      if (compression !== "none") continue;
      const file = openIfThere(join(this.directory, name));
      if (file !== null && willDo(file, name)) return file;
      file?.close();
    }
    return null;
  }

  #holdForAWhile(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const file of this.#files.slice(0, -1)) file.isFinal = true;
      this.#following.onWake();
    }, this.#following.heldMs ?? usualHeldMs);
  }

  #wakeKnown(changed: string | null): void {
    if (this.#known.length === 0) return;
    const names =
      changed === null ? entriesOf(this.directory, this.#base).map(({ name }) => name) : [changed];
    for (const name of names) {
      const file = openIfThere(join(this.directory, name));
      const known = file === null ? undefined : this.#knownAs(file);
      if (file === null || known === undefined || file.size <= known.reader.readTo) file?.close();
      else {
        known.reopen(file);
        this.#known = this.#known.filter((one) => one !== known);
        this.#files.unshift(known);
        this.#holdForAWhile();
      }
    }
  }
}
