// process.stdout and process.stderr for user modules. Bun's own streams open the log file once more for themselves: they
// would go on writing to the old one after a rotation, and a full disk would end the process. These write to the
// descriptor itself, at once, and are made when a module first asks for them.
import type { Writable } from "node:stream";
import { errDescriptor, isTerminal, outDescriptor, writeBytes } from "./sink.ts";

/** Replaces both streams, but on a terminal, where they are Bun's own. */
export function takeOverStreams(): void {
  takeOver("stdout", outDescriptor);
  takeOver("stderr", errDescriptor);
}

function takeOver(name: "stdout" | "stderr", descriptor: number): void {
  if (isTerminal(descriptor)) return;
  let stream: Writable | null = null;
  // Only defined anew: merely looking at the original makes it.
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      stream ??= streamTo(descriptor);
      return stream;
    },
  });
}

function streamTo(descriptor: number): Writable {
  const { Writable } = process.getBuiltinModule("node:stream");
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Uint8Array, _encoding, done) {
      writeBytes(descriptor, chunk);
      done();
    },
  });
  return Object.assign(stream, { fd: descriptor });
}
