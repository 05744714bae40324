// Hearing of changes in a directory without looking again and again: inotify, through fs.watch. A directory that is missing is waited
// for in the nearest one above it that is there, and one that is moved away or removed is found again under its path.
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { type Identity, identityOf, isSameFile } from "./log-file.ts";

/** Told of the name that something has happened to; null: anything may have. @returns whether it matters */
export type OnChange = (name: string | null) => boolean;

const pollMs = 500;
/** Bun drops an event that comes within a millisecond of one for the same name: so a while after the last one it is looked once more. */
const againMs = 10;

export class DirectoryWatch {
  readonly #path: string;
  readonly #onChange: OnChange;
  #watched = "";
  #identity: Identity | null = null;
  #watcher: FSWatcher | null = null;
  #poll: NodeJS.Timeout | null = null;
  #again: NodeJS.Timeout | null = null;

  constructor(path: string, onChange: OnChange) {
    this.#path = path;
    this.#onChange = onChange;
    this.#begin();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#poll !== null) clearInterval(this.#poll);
    if (this.#again !== null) clearTimeout(this.#again);
    this.#poll = this.#again = null;
  }

  #begin(): void {
    this.close();
    const { path, identity } = nearest(this.#path);
    this.#watched = path;
    this.#identity = identity;
    try {
      this.#watcher = watch(path, (_event, name) => this.#heard(name));
      this.#watcher.on("error", () => this.#pollInstead());
    } catch {
      this.#pollInstead();
    }
    // It may have been made between the look and the watch.
    if (path !== this.#path && nearest(this.#path).path !== path) this.#begin();
  }

  #heard(name: string | null): void {
    // What happens to the directory itself comes with its own name.
    const mayMove = name === null || name === basename(this.#watched) || this.#watched !== this.#path;
    const hasMoved = mayMove && this.#hasMoved();
    if (hasMoved) this.#begin();
    // Of one above it nothing else is of interest.
    else if (this.#watched !== this.#path) return;
    const matters = this.#onChange(hasMoved ? null : name);
    if (!matters) return;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      if (this.#hasMoved()) this.#begin();
      this.#onChange(null);
    }, againMs);
  }

  #hasMoved(): boolean {
    const { path, identity } = nearest(this.#path);
    if (path !== this.#watched || identity === null || this.#identity === null) return true;
    return !isSameFile(identity, this.#identity);
  }

  /** The kernel has no watch left for this user, or the file system has none at all. */
  #pollInstead(): void {
    this.close();
    this.#poll = setInterval(() => this.#onChange(null), pollMs);
  }
}

/** The directory, or the nearest one above it that is there. */
function nearest(path: string): { path: string; identity: Identity | null } {
  for (let current = path; ; current = dirname(current)) {
    const stats = statSync(current, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return { path: current, identity: identityOf(stats) };
    if (current === "/") return { path: "/", identity: null };
  }
}
