// A thread of the worker's process. It can be ended while it spins, and its exceptions, exits and heap are its own; a native crash
// in it is one of the whole process.
import type { ToHost } from "./messages.ts";
import type { IsolationPort, Place, PlaceListener } from "./place.ts";
import { ThreadMemory } from "./thread-memory.ts";

/** What a thread says first of all, before any code of a user's runs there. */
export interface ThreadHello {
  readonly port: MessagePort;
  /** Of the kernel; null: nobody knows. */
  readonly threadId: number | null;
  /** [0]: the characters that are on their way here; with more than `highCharacters` the thread waits for few enough. */
  readonly flow: SharedArrayBuffer;
}

/** A flood of lines is taken in portions of that much, between which others have their turn. */
export const highCharacters = 16_384;
export const lowCharacters = 4_096;

/** How long a thread that was told to end may take before nobody waits for it any more. */
const endMs = 1_000;

export function startThread(
  { threadEntry, threadEnvironment }: Pick<IsolationPort, "threadEntry" | "threadEnvironment">,
  listener: PlaceListener,
): Place {
  return new Thread(threadEntry, threadEnvironment, listener);
}

class Thread implements Place {
  readonly #worker: Worker;
  readonly #listener: PlaceListener;
  readonly #memory = new ThreadMemory((id, collect) => this.send({ type: "measure", id, collect }));
  #port: MessagePort | null = null;
  #waiting: ToHost[] = [];
  #isOver = false;

  constructor(entry: string, environment: Readonly<Record<string, string>>, listener: PlaceListener) {
    this.#listener = listener;
    const env = { ...process.env, ...environment };
    // Unreferenced: the runs that go on hold the event loop, and what waits for one must not.
    this.#worker = new Worker(entry, { env, ref: false } as WorkerOptions);
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadHello>) => this.#greet(data);
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#port === null) listener.line(`a thread could not be started: ${event.message}`);
    });
    this.#worker.addEventListener("close", (event) => {
      const { code } = event as CloseEvent;
      // What it has said last may still be on its way.
      setImmediate(() => this.#end({ exitCode: code, signal: null }));
    });
  }

  send(message: ToHost): void {
    if (this.#port === null) this.#waiting.push(message);
    else this.#port.postMessage(JSON.stringify(message));
  }

  kill(): void {
    if (this.#isOver) return;
    this.#worker.terminate();
    setTimeout(() => this.#end(null), endMs).unref();
  }

  watchMemory(limitBytes: number, over: (what: string) => void): () => void {
    return this.#memory.watch(limitBytes, over);
  }

  measured(id: number, bytes: number): void {
    this.#memory.measured(id, bytes);
  }

  /** What comes from there later may be any code's. */
  #greet({ port, threadId, flow }: ThreadHello): void {
    this.#worker.onmessage = null;
    this.#port = port;
    this.#memory.began(threadId);
    const counter = new Int32Array(flow);
    port.onmessage = (event) => {
      const data: unknown = event.data;
      if (typeof data !== "string") return;
      const before = Atomics.sub(counter, 0, data.length);
      if (before > lowCharacters && before - data.length <= lowCharacters) Atomics.notify(counter, 0);
      if (!this.#isOver) this.#listener.heard(data);
    };
    // Listening has referenced it.
    unreference(port);
    for (const message of this.#waiting) port.postMessage(JSON.stringify(message));
    this.#waiting = [];
  }

  #end(end: { exitCode: number; signal: null } | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#memory.ended();
    this.#listener.ended(end);
  }
}

/** Bun's and Node's, not the Web's. */
function unreference(port: MessagePort): void {
  const { unref } = port as unknown as { unref?: () => void };
  unref?.call(port);
}
