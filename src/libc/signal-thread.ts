// A thread of the C library's own in which this process's signal handlers run. It waits for a lock and does nothing else, so
// that it can be ended at any time; and when it has ended, no handler is half-way.
import { optionalSymbol, threadSymbols } from "./library.ts";
import { zeroed } from "./memory.ts";
import { blockSignals, signalSet, unblockAllSignals } from "./signals.ts";

/** More than a pthread_mutex_t takes anywhere (48 bytes with glibc on arm64), and than a pthread_attr_t (64 there). */
const roomBytes = 128;

/** What threads wait for: C refers to it, and nothing of JavaScript may be left to. */
const awaited = new Set<Uint8Array>();

/**
 * Has these signals blocked in the calling thread, and with it in all that it starts from now on, and starts one that blocks none.
 * Of what has come until that one is ended either the handler has run then, or it is pending.
 * @returns ends that thread; null: there can't be one, and the signals are blocked nowhere
 */
export function startSignalThread(names: readonly string[]): (() => void) | null {
  const found = threadSymbols();
  // All zero is what PTHREAD_MUTEX_INITIALIZER is on Linux.
  const mutex = new Uint8Array(zeroed(roomBytes).buffer);
  const id = new BigUint64Array(1);
  found?.threads.pthread_mutex_lock(mutex);
  // Unlike other waiting, that of pthread_mutex_lock(3) never ends by a signal.
  const start = (attributes: Uint8Array | null) =>
    found?.threads.pthread_create(id, attributes, found.lock, mutex) === 0;
  if (found === null || !startUnblocked(start)) {
    unblockAllSignals();
    return null;
  }
  awaited.add(mutex);
  blockSignals(names);
  return () => {
    found.threads.pthread_mutex_unlock(mutex);
    found.threads.pthread_join(id[0] ?? 0n, null);
    awaited.delete(mutex);
  };
}

/** A thread is born with the mask of the one that starts it, or with what its attributes say. */
function startUnblocked(start: (attributes: Uint8Array | null) => boolean): boolean {
  const setMask = optionalSymbol("pthread_attr_setsigmask_np");
  const initialize = optionalSymbol("pthread_attr_init");
  const nothing = signalSet([]);
  if (setMask === null || initialize === null) {
    // musl, and glibc before 2.32: meanwhile the runtime would have to start a thread of its own to have one more like it.
    unblockAllSignals();
    return start(null);
  }
  const attributes = new Uint8Array(zeroed(roomBytes).buffer);
  return initialize(attributes) === 0 && setMask(attributes, nothing) === 0 && start(attributes);
}
