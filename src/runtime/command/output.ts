// What a command writes: a real pipe for each of its two outputs, because a program may open /dev/stderr anew, which a
// socket refuses. Read as it comes: while nobody reads, the pipe is full and the program waits.
import { fchownSync } from "node:fs";
import { closeDescriptor, pipe } from "../../libc/files.ts";

export class OutputPipe {
  readonly #readEnd: number;
  readonly #writeEnd: number;
  #isReleased = false;

  /** @param owner who may open it anew by name, besides root */
  constructor(owner: { readonly uid: number; readonly gid: number } | null) {
    const { readEnd, writeEnd } = pipe();
    this.#readEnd = readEnd;
    this.#writeEnd = writeEnd;
    if (owner !== null) giveTo(writeEnd, owner);
  }

  /** The descriptor that the child gets. */
  get childEnd(): number {
    return this.#writeEnd;
  }

  /** To be called as soon as the child has its end, which would never be at its end otherwise. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    closeDescriptor(this.#writeEnd);
  }

  /** Nobody is to read it. */
  discard(): void {
    this.release();
    closeDescriptor(this.#readEnd);
  }

  /** @param given aborted when whoever still holds the pipe is not to be listened to any more */
  async read(receive: (chunk: Uint8Array) => void, given: AbortSignal): Promise<void> {
    const reader = Bun.file(this.#readEnd).stream().getReader();
    const cancel = () => void reader.cancel();
    given.addEventListener("abort", cancel);
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) receive(read.value);
    } finally {
      given.removeEventListener("abort", cancel);
      closeDescriptor(this.#readEnd);
    }
  }
}

function giveTo(descriptor: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  try {
    fchownSync(descriptor, uid, gid);
  } catch {
    // Root without CAP_CHOWN: the program can write to what it has, and only can't open it by name.
  }
}
