// How a supervisor's signals reach it: in one thread of their own, with those signals blocked in all others, which are born so.
// The runtime queues what a handler has taken, and an execve would throw that queue away. So before it the thread is ended,
// what is queued goes through the event loop, and what comes from then on waits in the kernel for the next image.
import { startSignalThread } from "../../libc/signal-thread.ts";
import { blockSignals } from "../../libc/signals.ts";
import { heardSignals, letQueuedThrough } from "../heard-signals.ts";

export class SignalIntake {
  #endThread: (() => void) | null = null;

  /** To be called when the listeners are there. Where there can be no such thread this one takes them, and all that it starts. */
  begin(): void {
    this.#endThread ??= startSignalThread(heardSignals);
  }

  /** Resolves when all that has been taken has reached its listeners, and nothing can be taken any more until `begin`. */
  async hold(): Promise<void> {
    this.#endThread?.();
    this.#endThread = null;
    blockSignals(heardSignals);
    await letQueuedThrough();
  }
}
