// Noticing that nobody reads a pipe any more while nothing is written to it: `djob logs -f | grep -m 1 ready` is to end when grep does, also if
// the log is quiet then. The kernel tells it by a signal (O_ASYNC of open(2)), so that nothing has to be looked at again and again.
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { readableSignal, signalWhenReadable } from "../../libc/readable.ts";
import { hasReader } from "../../libc/reader.ts";

/** Calls once, at once if it is so already; never for what is no pipe. @returns what ends the watching */
export function watchReader(descriptor: number, gone: () => void): () => void {
  const own = openAgain(descriptor);
  if (own === null) return () => {};
  const end = () => {
    process.off(readableSignal, look);
    closeSync(own);
  };
  const look = () => {
    if (hasReader(own)) return;
    end();
    gone();
  };
  process.on(readableSignal, look);
  signalWhenReadable(own);
  look();
  return end;
}

/** The same pipe as a description of its own: flags of the one that was inherited hold for other processes as well. */
function openAgain(descriptor: number): number | null {
  if (process.platform !== "linux") return null;
  try {
    if (!fstatSync(descriptor).isFIFO()) return null;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // Then it is noticed at the next write.
    return null;
  }
}
