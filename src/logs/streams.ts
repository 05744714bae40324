// process.stdout and process.stderr for user modules. Bun's own streams open the log file once more for themselves: they
// would go on writing to the old one after a rotation, and a full disk would end the process. These write to the
// descriptor itself, at once, and are made when a module first asks for them.
import type { Writable } from "node:stream";
import { errDescriptor, isTerminal, outDescriptor, writeBytes } from "./sink.ts";

type Descriptor = typeof outDescriptor | typeof errDescriptor;
export type RawWriter = (descriptor: Descriptor, bytes: Uint8Array) => void;

/**
 * Replaces both streams.
 * @param onTerminals whether also on a terminal, where they are Bun's own otherwise
 */
export function takeOverStreams(write: RawWriter = writeBytes, onTerminals = false): void {
  takeOver("stdout", outDescriptor, write, onTerminals);
  takeOver("stderr", errDescriptor, write, onTerminals);
}

function takeOver(
  name: "stdout" | "stderr",
  descriptor: Descriptor,
  write: RawWriter,
  onTerminals: boolean,
): void {
  if (!onTerminals && isTerminal(descriptor)) return;
  let made: Writable | null = null;
  const stream = () => {
    if (made === null) {
      made = streamTo(descriptor, write);
      Reflect.set(process, name, made);
    }
    return made;
  };
  // A stand-in until the first use. Assigned: defining a property, or looking at it, makes all that process has.
  Reflect.set(process, name, new Proxy({}, lazily(stream)));
}

/** Does to the stream what is done to its stand-in. */
function lazily(stream: () => Writable): ProxyHandler<object> {
  return {
    get(_standIn, key) {
      const value: unknown = Reflect.get(stream(), key);
      return typeof value === "function" ? value.bind(stream()) : value;
    },
    set: (_standIn, key, value) => Reflect.set(stream(), key, value),
    has: (_standIn, key) => Reflect.has(stream(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(stream()),
  };
}

function streamTo(descriptor: Descriptor, writeTo: RawWriter): Writable {
  const { Writable } = process.getBuiltinModule("node:stream");
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Uint8Array, _encoding, done) {
      writeTo(descriptor, chunk);
      done();
    },
  });
  return Object.assign(stream, { fd: descriptor });
}
