// What the stages tell the launcher over the readiness pipe: JSON, one message a line. Nothing but a "ready" message
// means ready; the pipe's end without one means that the daemon died.
import { writeAll } from "../libc/files.ts";
import type { CheckedJob } from "../runtime/examine.ts";
import type { ModuleFailure } from "../runtime/failure.ts";

export type Message =
  /** From the leader: the daemon's process exists. */
  | { readonly type: "spawned"; readonly pid: number }
  | { readonly type: "ready"; readonly pid: number; readonly jobs: number }
  /** From the scratch process of `djob check`. */
  | { readonly type: "checked"; readonly jobs: readonly CheckedJob[] }
  /** A module could not be loaded, or was no good: what its author has to know. */
  | { readonly type: "failed"; readonly failure: ModuleFailure }
  /** A stage itself failed. */
  | { readonly type: "broken"; readonly message: string; readonly hint: string | null };

/** @returns false if nobody reads any more */
export function tell(descriptor: number, message: Message): boolean {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    writeAll(descriptor, bytes);
    return true;
  } catch {
    return false;
  }
}

/** Collects the pipe's bytes; `messages` gives each whole line once. */
export class MessageReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  read(chunk: Uint8Array): Message[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.map((line) => JSON.parse(line) as Message);
  }
}
