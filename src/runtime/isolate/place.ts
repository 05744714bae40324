// Where a run lives apart from the worker: a thread of its process, or a process. How either is started, spoken to and ended.
import type { ToHost } from "./messages.ts";

/** How a thread or process ended: of a thread only the exit code is known. */
export interface PlaceEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What was seen of its end besides, and is the better reason. */
  readonly why?: string | null;
  /** CPU time that it has had, as far as that is known. */
  readonly cpuMs?: number | null;
}

export interface PlaceListener {
  /** A message, which may be anything. */
  heard(text: string): void;
  /** A line that a process wrote past djob, such as a child of it, or the runtime that crashed. */
  line(text: string): void;
  /** Once, after all that it had to say; null: it was told to end, and has not yet: it is in a call that can't be ended. */
  ended(end: PlaceEnd | null): void;
}

export interface Place {
  send(message: ToHost): void;
  /** Ends it by force, with all that it has started. */
  kill(): void;
  /**
   * Looks at its memory until it is told not to.
   * @param over called once when it is more than the limit, with how much it is
   */
  watchMemory(limitBytes: number, over: (what: string) => void): () => void;
  /** What it answered to "measure". */
  measured(id: number, bytes: number): void;
}

/** @throws {Error} if none can be started */
export type PlaceStarter = (listener: PlaceListener) => Place;

/** Where threads and processes come from. */
export interface IsolationPort {
  /** The script that a thread begins with. */
  readonly threadEntry: string;
  /** What a thread is to find in its environment besides the modules' own, and takes away again. */
  readonly threadEnvironment: Readonly<Record<string, string>>;
  /** Loads what starts processes. */
  processes(): Promise<PlaceStarter>;
}
