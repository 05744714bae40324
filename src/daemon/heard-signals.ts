// What a supervisor and a worker listen to. Each is born with these blocked, so that what comes before it listens waits, and
// so that they are blocked in each thread that its runtime has by then.
import { blockSignals, setDisposition, unblockAllSignals } from "../libc/signals.ts";

export const stopSignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];
export const heardSignals: readonly NodeJS.Signals[] = [...stopSignals, "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** One was always enough; a test holds the runtime to this. */
const turns = 2;

/** The runtime queues what its handlers have taken: resolves when all that has reached its listeners. */
export async function letQueuedThrough(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * For a process whose threads are its modules': before an execve, which throws that queue away. What comes from now on waits for
 * the next image. Some of the threads may have been started later, and block nothing; so that none of them takes a signal that
 * asks to stop, those then have their default action: that ends the process at once, which is a stop, too.
 * @returns all is as it was
 */
export async function holdSignals(stopping: readonly string[]): Promise<() => void> {
  blockSignals(heardSignals);
  const restore = stopping.map((signal) => setDisposition(signal, "default"));
  await letQueuedThrough();
  return () => {
    for (const each of restore) each();
    unblockAllSignals();
  };
}
