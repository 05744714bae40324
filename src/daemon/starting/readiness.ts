// What the stages tell the launcher over the readiness pipe: JSON, one message a line. Nothing but a "ready" message
// means ready; the pipe's end without one means that the daemon died.
import type { RunReport } from "../../control/jobs.ts";
import { writeAll } from "../../libc/files.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import type { CheckedJob } from "../../runtime/loading/examine.ts";
import { errorCode } from "../error.ts";

export type Message =
  /** From the leader: the daemon's process exists. */
  | { readonly type: "spawned"; readonly pid: number }
  | { readonly type: "ready"; readonly pid: number; readonly jobs: number }
  /** From the scratch process of `djob check`. */
  | { readonly type: "checked"; readonly jobs: readonly CheckedJob[]; readonly warnings: readonly string[] }
  /** From the process of `djob run-once`: an attempt begins or is waited for, for `limitMs`; once aborted, it has `graceMs`. */
  | {
      readonly type: "going";
      readonly run: RunReport;
      readonly limitMs: number | null;
      readonly graceMs: number;
    }
  /** From the same: the run is over. `result` is JSON text. */
  | { readonly type: "ran"; readonly run: RunReport; readonly result: string | null }
  /** From the same: there is no job of that name, or several to choose from. */
  | { readonly type: "noJob"; readonly names: readonly string[]; readonly nearest: string | null }
  /** A module could not be loaded, or was no good: what its author has to know. */
  | { readonly type: "failed"; readonly failure: ModuleFailure }
  /** From a supervisor: the worker died while it loaded, without a word. */
  | { readonly type: "ended"; readonly exitCode: number | null; readonly signal: string | null }
  /** A stage itself failed. */
  | { readonly type: "broken"; readonly message: string; readonly hint: string | null };

/** @returns false if nobody reads any more. @throws {SystemError} if the descriptor is no pipe to write to */
export function tell(descriptor: number, message: Message): boolean {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  try {
    writeAll(descriptor, bytes);
    return true;
  } catch (error) {
    if (errorCode(error) === "EPIPE") return false;
    throw error;
  }
}

/** How much longer than its launcher a process waits for the modules that it loads. */
export const loadGraceMs = 1_000;

/** The same for what is not worth failing for. */
export function tellIfPossible(descriptor: number, message: Message): boolean {
  try {
    return tell(descriptor, message);
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
    return lines.map(parseMessage);
  }
}

const messageTypes = ["spawned", "ready", "checked", "going", "ran", "noJob", "failed", "ended", "broken"];

/** A module can write to any descriptor: what is no message breaks the start, not the launcher. */
function parseMessage(line: string): Message {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null && messageTypes.includes(Reflect.get(value, "type"))) {
      return value as Message;
    }
  } catch {
    // Told below.
  }
  const message = `something else than djob wrote to descriptor 4: ${JSON.stringify(line.slice(0, 100))}`;
  return { type: "broken", message, hint: leaveDescriptors };
}

export const leaveDescriptors = "a module must leave descriptors alone that it did not open";
