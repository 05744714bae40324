// Keeps a database open whatever the world does to it: a corrupt one is set aside and begun anew, one that can't be used at all
// is replaced by one in memory, and while writing fails it is tried again from time to time.
import type { Trouble } from "../store.ts";
import type { Connect, Connection } from "./connection.ts";
import { faultOf, reasonOf } from "./faults.ts";
import { checkFiles, claimFile, isSameFile, PlaceError, setAside } from "./place.ts";
import { fitnessOf, prepareDatabase, schemaVersion } from "./schema.ts";

/** How long nothing is tried after writing has failed. */
const retryAfterMs = 5_000;

export interface KeeperOptions {
  /** Without links on the way; ":memory:" for one that is of this process alone. */
  readonly path: string;
  readonly connect: Connect;
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Opens what a call opens where the modules' own descriptors are not. */
  readonly openAside: (<Result>(open: () => Result) => Result) | undefined;
  readonly onTrouble: (trouble: Trouble | null) => void;
  /** Puts what this process knows into a database that was begun anew. */
  readonly rebuild: (connection: Connection) => void;
}

export type Attempt<Result> = { readonly done: true; readonly value: Result } | { readonly done: false };

export class Keeper {
  readonly #options: KeeperOptions;
  #connection: Connection;
  #inode: number | null = null;
  /** Whether it was begun anew, and nothing could be put into it yet. */
  #isBare = false;
  /** What stays until the end. */
  #lasting: Trouble | null = null;
  #degraded: { readonly trouble: Trouble; readonly tryAgainMs: number } | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#connection = this.#open(true);
  }

  get trouble(): Trouble | null {
    return this.#degraded?.trouble ?? this.#lasting;
  }

  /** Whether the last attempt to write has failed. */
  get isFailing(): boolean {
    return this.#degraded !== null;
  }

  /** @param isUrgent try it even if it has just failed */
  attempt<Result>(call: (connection: Connection) => Result, isUrgent = false): Attempt<Result> {
    const { monotonic } = this.#options;
    if (this.#degraded !== null && !isUrgent && monotonic() < this.#degraded.tryAgainMs)
      return { done: false };
    if (this.#degraded !== null) this.#makeRoom();
    try {
      return this.#succeeded(this.#call(call));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === null) throw error;
      if (fault !== "corrupt") return this.#failed(error);
      return this.#beginAnew(error, call);
    }
  }

  /** Also while writing fails: what was written before can still be read. */
  read<Result>(call: (connection: Connection) => Result): Attempt<Result> {
    try {
      return { done: true, value: this.#call(call) };
    } catch (error) {
      const fault = faultOf(error);
      if (fault === null) throw error;
      return fault === "corrupt" ? this.#beginAnew(error, call) : { done: false };
    }
  }

  close(): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (faultOf(error) === null) throw error;
    }
  }

  #succeeded<Result>(value: Result): Attempt<Result> {
    if (this.#degraded !== null) {
      this.#degraded = null;
      this.#options.onTrouble(this.#lasting);
    }
    return { done: true, value };
  }

  /** What stands in the log moves into the file, and the next writes take its place. */
  #makeRoom(): void {
    try {
      this.#connection.rows("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (error) {
      if (faultOf(error) === null) throw error;
    }
  }

  #failed(error: unknown): { done: false } {
    const { monotonic, onTrouble } = this.#options;
    const isNew = this.#degraded === null;
    const reason = reasonOf(error);
    this.#degraded = {
      trouble: { kind: "degraded", reason },
      tryAgainMs: monotonic() + retryAfterMs,
    };
    if (isNew) onTrouble(this.trouble);
    return { done: false };
  }

  #beginAnew<Result>(error: unknown, call: (connection: Connection) => Result): Attempt<Result> {
    try {
      this.#connection.close();
    } catch {
      // It is corrupt.
    }
    this.#degraded = null;
    this.#isBare = true;
    try {
      this.#connection = this.#setAsideAndOpen(reasonOf(error));
    } catch (again) {
      if (faultOf(again) === null) throw again;
      this.#connection = this.#goOnInMemory(`${reasonOf(error)}, and no new one: ${reasonOf(again)}`);
    }
    this.#options.onTrouble(this.trouble);
    try {
      return this.#succeeded(this.#call(call));
    } catch (again) {
      const fault = faultOf(again);
      if (fault === null) throw again;
      if (fault === "failing") return this.#failed(again);
      this.#isBare = true;
      this.#connection = this.#goOnInMemory(reasonOf(again));
      this.#options.onTrouble(this.trouble);
      return { done: true, value: this.#call(call) };
    }
  }

  /** A database that was begun anew gets first what this process knows. */
  #call<Result>(call: (connection: Connection) => Result): Result {
    const connection = this.#connection;
    if (this.#isBare) connection.atomically(() => this.#options.rebuild(connection));
    this.#isBare = false;
    return call(connection);
  }

  #open(maySetAside: boolean): Connection {
    const { path } = this.#options;
    if (path === ":memory:") return this.#openInMemory();
    try {
      return this.#openFile();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === null) throw error;
      if (fault !== "corrupt" || !maySetAside) return this.#goOnInMemory(reasonOf(error));
      try {
        return this.#setAsideAndOpen(reasonOf(error));
      } catch (again) {
        if (faultOf(again) === null) throw again;
        return this.#goOnInMemory(`${reasonOf(error)}, and it can't be set aside: ${reasonOf(again)}`);
      }
    }
  }

  #openFile(): Connection {
    const { openAside } = this.#options;
    return openAside === undefined ? this.#openHere() : openAside(() => this.#openHere());
  }

  #openHere(): Connection {
    const { path } = this.#options;
    const inode = claimFile(path);
    const connection = this.#options.connect(path);
    try {
      const fitness = fitnessOf(connection);
      if (fitness === "foreign") throw new PlaceError("it is no database of djob's", true);
      if (fitness === "newer") {
        throw new PlaceError(
          `a newer djob made it (this one knows its tables up to version ${schemaVersion})`,
        );
      }
      prepareDatabase(connection, fitness === "new", true);
      checkFiles(path);
      this.#inode = inode;
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #setAsideAndOpen(reason: string): Connection {
    const { path, now } = this.#options;
    // Another process that uses it may have seen the same, and been first.
    const isStillThere = this.#inode === null || isSameFile(path, this.#inode);
    const where = isStillThere
      ? `it is kept as ${setAside(path, now())}`
      : "another process has set it aside";
    const connection = this.#openFile();
    this.#lasting = { kind: "set-aside", reason: `${reason}; ${where}` };
    return connection;
  }

  #goOnInMemory(reason: string): Connection {
    const connection = this.#openInMemory();
    this.#lasting = { kind: "memory", reason };
    this.#inode = null;
    return connection;
  }

  #openInMemory(): Connection {
    const connection = this.#options.connect(":memory:");
    prepareDatabase(connection, true, false);
    return connection;
  }
}
