// With a log that takes records alone, descriptors 1 and 2 of all of the daemon are pipes, and the supervisor makes a record of each
// line that comes out of them. It never runs user code, so whoever writes is not kept waiting by that.
import { closeDescriptor, duplicate, pipe } from "../../libc/files.ts";
import { readableSignal, signalWhenReadable } from "../../libc/readable.ts";
import type { Level } from "../../logs/line.ts";
import { LineSplitter } from "../../runtime/command/lines.ts";
import { Stream } from "../isolated/stream.ts";

/** More than a pipe holds. */
const mostLastReads = 64;
const descriptors = [1, 2] as const;

/**
 * @param handed the read ends that the supervisor before this one in the same process had
 * @returns the read ends
 */
export function readRawLines(
  handed: readonly number[] | null,
  tell: (level: Level, line: string) => void,
): readonly number[] {
  return descriptors.map((descriptor, index) => {
    const readEnd = handed?.[index] ?? pipeAt(descriptor);
    const stream = new Stream(readEnd, new LineSplitter((line) => tell("info", line)));
    let isDue = false;
    const look = () => {
      if (isDue || !stream.read()) return;
      isDue = true;
      // Whoever writes without a pause must not keep the event loop from signals and questions.
      setImmediate(() => {
        isDue = false;
        look();
      });
    };
    signalWhenReadable(readEnd);
    process.on(readableSignal, look);
    // What came before that is not told.
    setTimeout(look, 0).unref();
    process.on("exit", () => {
      for (let reads = 0; reads < mostLastReads && stream.read(); reads += 1);
      stream.end();
    });
    return readEnd;
  });
}

function pipeAt(descriptor: number): number {
  const { readEnd, writeEnd } = pipe();
  duplicate(writeEnd, descriptor);
  closeDescriptor(writeEnd);
  return readEnd;
}
