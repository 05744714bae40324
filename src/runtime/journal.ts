// The worker's own pen: records with the time and, inside a run, the job. Which run a line belongs to is known through
// AsyncLocalStorage, so a handler's plain console.log carries its job's name, however deep it was called.
import { AsyncLocalStorage } from "node:async_hooks";
import type { InspectOptions } from "node:util";
import type { JobLog } from "djob";
import { formatLine, type Level, type LogRecord } from "../logs/line.ts";
import { errDescriptor, outDescriptor, writeText } from "../logs/sink.ts";
import { withoutOwnFrames } from "./failure.ts";

export interface RunIdentity {
  readonly job: string;
  readonly id: string;
}

export class Journal {
  readonly #runs = new AsyncLocalStorage<RunIdentity>();
  readonly #followers = new Map<RunIdentity, Set<(line: string) => void>>();
  readonly #now: () => number;
  readonly #write: (descriptor: number, text: string) => void;
  readonly #format: (record: LogRecord) => string;

  constructor(
    now: () => number,
    write: (descriptor: number, text: string) => void = writeText,
    format: (record: LogRecord) => string = formatLine,
  ) {
    this.#now = now;
    this.#write = write;
    this.#format = format;
  }

  /** The run that is going on where this is called, if any. */
  get currentRun(): RunIdentity | undefined {
    return this.#runs.getStore();
  }

  /** Calls a function whose lines, also those of everything that it starts, carry the job's name. */
  within<Result>(run: RunIdentity, call: () => Result): Result {
    return this.#runs.run(run, call);
  }

  /** Warnings and errors go to descriptor 2, which is the same file unless --log-err says otherwise. */
  readonly write = (level: Level, message: string, job = this.currentRun?.job ?? null): void => {
    const descriptor = level === "warn" || level === "error" ? errDescriptor : outDescriptor;
    const line = this.#format({ timeMs: this.#now(), level, job, message });
    this.#write(descriptor, line);
    if (this.#followers.size > 0) this.#tell(line);
  };

  /** From now on a run's lines are told as well. @returns how to have that end */
  follow(run: RunIdentity, listener: (line: string) => void): () => void {
    const listeners = this.#followers.get(run) ?? new Set();
    this.#followers.set(run, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#followers.delete(run);
    };
  }

  #tell(line: string): void {
    const run = this.currentRun;
    if (run === undefined) return;
    for (const listener of this.#followers.get(run) ?? []) listener(line.replace(/\n$/, ""));
  }

  /** The `log` of a run's context. */
  logFor(job: string): JobLog {
    return jobLog((level, message) => this.write(level, message, job));
  }
}

/** The `log` of a run's context, wherever it runs. */
export function jobLog(write: (level: Level, message: string) => void): JobLog {
  const at = (level: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    write(level, fields === undefined ? String(message) : `${message} ${fieldText(fields)}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Whatever was thrown, as text for the log: with its stack and its causes. */
export function errorText(error: unknown): string {
  try {
    return withoutOwnFrames(inspect(error, { depth: 4 }));
  } catch {
    // Getters and proxies may throw as well; what they hide must not end the daemon.
    return "something was thrown that can't be shown";
  }
}

/** node:util takes a millisecond to load, and a daemon that is starting has nothing to inspect. */
function inspect(value: unknown, options: InspectOptions): string {
  return process.getBuiltinModule("node:util").inspect(value, options);
}

function fieldText(fields: Readonly<Record<string, unknown>>): string {
  return inspect(fields, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });
}
