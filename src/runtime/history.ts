// The worker's run history: opened when there is a job, and not before.
import type { HistoryState } from "../control/messages.ts";
import type { Store, Trouble } from "../store/store.ts";
import { quietClock } from "./clock.ts";
import type { Journal } from "./journal.ts";
import type { WorkerPort } from "./port.ts";

/** After writing has failed. */
const retryAfterMs = 5_000;

export class History {
  readonly #port: Pick<WorkerPort, "openStore">;
  readonly #journal: Journal;
  readonly #settle: () => void;
  #opening: Promise<void> | null = null;
  #store: Store | null = null;
  /** Until it is tried again. */
  #isWaiting = false;

  /** Called when it can be written again: what could not be taken over then can be. */
  onRecovered: () => void = () => {};

  /** @param settle has what is to be recorded told to the store */
  constructor(port: Pick<WorkerPort, "openStore">, journal: Journal, settle: () => void) {
    this.#settle = settle;
    this.#port = port;
    this.#journal = journal;
  }

  get isOpen(): boolean {
    return this.#store !== null;
  }

  /** null: it has not been opened. */
  get storeIfAny(): Store | null {
    return this.#store;
  }

  get store(): Store {
    if (this.#store === null) throw new Error("the run history was asked for before it was opened");
    return this.#store;
  }

  get state(): HistoryState {
    if (this.#store === null) return { state: null, reason: null };
    const { trouble } = this.#store;
    return trouble === null ? { state: "ok", reason: null } : { state: trouble.kind, reason: trouble.reason };
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /**
   * What it was given is written. Nothing is closed at the end of a process: SQLite would move its log into the file then, and wait
   * some 20 ms for the disk, which the next start does as well.
   */
  flush(): void {
    this.#settle();
    this.#store?.flush();
  }

  async #open(): Promise<void> {
    this.#store = await this.#port.openStore((trouble) => this.#tell(trouble));
    if (this.#store.trouble !== null) this.#tell(this.#store.trouble);
  }

  /** The store itself does so only when there is more to write. */
  #tryLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    quietClock.after(retryAfterMs, () => {
      this.#isWaiting = false;
      this.#store?.flush();
      if (this.#store?.trouble?.kind === "degraded") this.#tryLater();
    });
  }

  #tell(trouble: Trouble | null): void {
    if (trouble === null) {
      this.#journal.write("info", "run history: it is written again", null);
      // Not in the middle of a call to the store.
      quietClock.after(0, () => this.onRecovered());
      return;
    }
    this.#journal.write("error", `run history: ${trouble.reason}`, null);
    if (trouble.kind === "degraded") this.#tryLater();
  }
}
