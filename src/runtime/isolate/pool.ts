// The threads or processes of one module: some are kept warm, which means started and loaded, so that a run begins at once. Whoever has
// run something is used again only if nothing of it is left there; otherwise another takes its place in the background.
import type { Level } from "../../logs/line.ts";
import { type How, Instance } from "./instance.ts";
import type { PlaceStarter } from "./place.ts";

/** A short run gives back what it took before this is over, and no other is started for nothing. */
const refillMs = 50;

export class Pool {
  readonly #how: How;
  readonly #module: string;
  readonly #start: PlaceStarter;
  readonly #tell: (level: Level, text: string) => void;
  readonly #idle: Instance[] = [];
  /** Those that have been started for nobody, and are not known to be of any use yet. */
  #warm = 0;
  #refill: Timer | null = null;
  #isClosed = false;
  /** One that waited has ended: the next is started by a run, and not before, or a broken module would be loaded for ever. */
  #isBroken = false;

  constructor(how: How, module: string, start: PlaceStarter, tell: (level: Level, text: string) => void) {
    this.#how = how;
    this.#module = module;
    this.#start = start;
    this.#tell = tell;
  }

  /** Of the module's jobs, the one that wants most decides. */
  want(warm: number): void {
    this.#warm = Math.max(this.#warm, warm);
  }

  /** @throws {Error} if none can be started */
  take(): Instance {
    this.#isBroken = false;
    const taken = this.#idle.shift() ?? this.#make();
    this.#refillLater(refillMs);
    return taken;
  }

  /** Starts those that are missing. */
  fill(): void {
    this.#refill = null;
    while (!this.#isClosed && !this.#isBroken && this.#idle.length < this.#warm) {
      try {
        this.#idle.push(this.#make());
      } catch (error) {
        this.#isBroken = true;
        const why = error instanceof Error ? error.message : String(error);
        this.#tell("error", `cannot start a ${this.#how} for isolated runs of ${this.#module}: ${why}`);
      }
    }
  }

  /** Those that wait end, and those that run do when their runs have. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#refill ?? undefined);
    for (const instance of this.#idle.splice(0)) instance.kill(null);
  }

  #make(): Instance {
    return new Instance(this.#how, this.#module, this.#start, {
      tell: this.#tell,
      idle: (instance) => {
        if (this.#isClosed || this.#idle.length >= this.#warm) instance.kill(null);
        // The latest comes first: its code and memory are warm in every sense.
        else this.#idle.unshift(instance);
      },
      gone: (instance) => {
        const at = this.#idle.indexOf(instance);
        if (at >= 0) this.#idle.splice(at, 1);
        if (at >= 0 || instance.isUnloadable) this.#isBroken = true;
        else this.#refillLater(0);
      },
    });
  }

  #refillLater(delayMs: number): void {
    if (this.#isClosed || this.#idle.length >= this.#warm) return;
    if (this.#refill !== null && delayMs > 0) return;
    clearTimeout(this.#refill ?? undefined);
    this.#refill = setTimeout(() => this.fill(), delayMs).unref();
  }
}
