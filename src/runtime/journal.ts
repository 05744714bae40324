// The worker's own pen: records with the time and, inside a run, the job. Which run a line belongs to is known through
// AsyncLocalStorage, so a handler's plain console.log carries its job's name, however deep it was called.
import { AsyncLocalStorage } from "node:async_hooks";
import type { InspectOptions } from "node:util";
import type { JobLog } from "djob";
import { formatLine, wholeMessage } from "../logs/form/text.ts";
import { errorTitle, isPlainError, shownFields } from "../logs/form/values.ts";
import { type Level, type LogRecord, levels, type RecordRun } from "../logs/line.ts";
import type { LogOutput } from "../logs/output.ts";
import { LineRate } from "../logs/rate.ts";
import type { Redact } from "../logs/redact.ts";
import { unshowable, withoutOwnFrames } from "./failure.ts";
import type { LineParts } from "./running/execution.ts";

export interface RunIdentity {
  readonly job: string;
  readonly id: string;
}

/** What a record says besides its message. */
export interface Details {
  readonly run?: RecordRun | null;
  readonly fields?: Readonly<Record<string, unknown>> | null;
  readonly error?: unknown;
}

/** What becomes of records. */
export interface Pen {
  readonly output: LogOutput;
  /** What is below it is not written. */
  readonly level: Level;
  /** How many records a job may write within a second; null: any number. */
  readonly linesPerSecond: number | null;
  /** Whether errors and fields are kept apart from the message, because the log's form or target has a place for them. */
  readonly isStructured: boolean;
  /** null: nothing has to be masked. The output does that to records itself. */
  readonly redact: Redact | null;
}

/** One that hands on every record. @param write gets its message with the fields behind it */
export function plainPen(write: (record: LogRecord, message: string) => void): Pen {
  const output: LogOutput = { write: (record) => write(record, wholeMessage(record)), raw() {} };
  return { output, level: "debug", linesPerSecond: null, isStructured: false, redact: null };
}

export class Journal {
  readonly #runs = new AsyncLocalStorage<RecordRun>();
  readonly #followers = new Map<RunIdentity, Set<(line: string) => void>>();
  readonly #now: () => number;
  readonly #pen: Pen;
  readonly #lowest: number;
  readonly #rate: LineRate | null;

  constructor(now: () => number, pen: Pen) {
    this.#now = now;
    this.#pen = pen;
    this.#lowest = ranks[pen.level];
    this.#rate = pen.linesPerSecond === null ? null : new LineRate(pen.linesPerSecond);
  }

  /** The run that is going on where this is called, if any. */
  get currentRun(): RecordRun | undefined {
    return this.#runs.getStore();
  }

  get redact(): Redact | null {
    return this.#pen.redact;
  }

  get isStructured(): boolean {
    return this.#pen.isStructured;
  }

  /** Calls a function whose lines, also those of everything that it starts, carry the job's name. */
  within<Result>(run: RecordRun, call: () => Result): Result {
    return this.#runs.run(run, call);
  }

  /** @param job null: it speaks of no job, wherever this is called; undefined: of the run that is going on here */
  readonly write = (level: Level, message: string, job?: string | null, details: Details = nothing): void => {
    if (ranks[level] < this.#lowest) return;
    const current = this.currentRun ?? null;
    const run = details.run ?? (job === undefined || job === current?.job ? current : null);
    const name = job === undefined ? (run?.job ?? null) : job;
    const timeMs = this.#now();
    const { fields = null, error } = details;
    const record: LogRecord = { timeMs, level, job: name, run, message, fields, error };
    if (this.#rate !== null && !this.#admit(this.#rate, record)) return;
    this.#pen.output.write(record);
    if (this.#followers.size > 0) this.#tell(current, record);
  };

  /** A line that a run elsewhere tells. */
  told(level: Level, text: string, apart: LineParts | null): void {
    if (apart === null || !this.#pen.isStructured) this.write(level, text);
    else this.write(level, apart.message, undefined, { fields: apart.fields, error: errorIn(apart.fields) });
  }

  /** What a module wrote with console.* */
  readonly console = (level: Level, message: string, error: unknown): void =>
    this.write(level, message, undefined, error === undefined ? nothing : { error });

  /** What a module wrote to process.stdout or process.stderr. */
  readonly raw = (descriptor: 1 | 2, bytes: Uint8Array): void => {
    this.#pen.output.raw(descriptor, bytes, this.#now());
  };

  #admit(rate: LineRate, { job, run, timeMs }: LogRecord): boolean {
    const { admitted, note } = rate.admit(job, timeMs);
    if (note !== null) {
      const message = `--log-rate: ${note}`;
      this.#pen.output.write({ timeMs, level: "warn", job, run: run ?? null, message });
    }
    return admitted;
  }

  /** From now on a run's lines are told as well. @returns how to have that end */
  follow(run: RunIdentity, listener: (line: string) => void): () => void {
    const listeners = this.#followers.get(run) ?? new Set();
    this.#followers.set(run, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#followers.delete(run);
    };
  }

  #tell(run: RunIdentity | null, record: LogRecord): void {
    const listeners = run === null ? undefined : this.#followers.get(run);
    if (listeners === undefined) return;
    const text = formatLine(record).replace(/\n$/, "");
    const line = this.#pen.redact?.(text) ?? text;
    for (const listener of listeners) listener(line);
  }

  /** The `log` of a run's context. */
  logFor(run: RecordRun): JobLog {
    const at = (level: Level) => (message: unknown, fields?: unknown) =>
      this.write(level, ...this.#worded(message, fields, run));
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  /** Whatever a handler gave: types do not hold at run time. */
  #worded(message: unknown, given: unknown, run: RecordRun): [string, string, Details] {
    const text = textOf(message, this.#pen.isStructured);
    const thrown = message instanceof Error ? message : undefined;
    if (given === undefined) return [text, run.job, { run, error: thrown }];
    if (given instanceof Error || typeof given !== "object" || given === null) {
      if (!this.#pen.isStructured) return [`${text} ${errorText(given)}`, run.job, { run }];
      return [
        text,
        run.job,
        given instanceof Error ? { run, error: given } : { run, fields: { value: given } },
      ];
    }
    const fields = given as Readonly<Record<string, unknown>>;
    const error = thrown ?? errorIn(fields);
    return [text, run.job, { run, fields, error }];
  }
}

const nothing: Details = {};
const ranks = Object.fromEntries(levels.map((level, rank) => [level, rank])) as Readonly<
  Record<Level, number>
>;

/** The names by which loggers know an error among their fields. */
function errorIn(fields: Readonly<Record<string, unknown>>): unknown {
  try {
    const { error, err } = fields;
    return [error, err].find((value) => value instanceof Error || isPlainError(value));
  } catch {
    return undefined;
  }
}

function textOf(message: unknown, isStructured: boolean): string {
  if (typeof message === "string") return message;
  if (message instanceof Error) return isStructured ? errorTitle(message) : errorText(message);
  try {
    return String(message);
  } catch {
    return errorText(message);
  }
}

/** The `log` of a run's context that is not in the worker's own thread: what it says is told as text. */
export function jobLog(write: (level: Level, text: string, apart: LineParts | null) => void): JobLog {
  const at = (level: Level) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    if (fields === undefined) write(level, String(message), null);
    else write(level, `${message} ${shownFields(fields)}`, { message: String(message), fields });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Whatever was thrown, as text for the log: with its stack and its causes. */
export function errorText(error: unknown): string {
  try {
    return withoutOwnFrames(inspect(error, { depth: 4 }));
  } catch {
    // Getters and proxies may throw as well; what they hide must not end the daemon.
    return unshowable;
  }
}

/** The same in a few words. */
export function thrownTitle(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : Bun.inspect(error);
  } catch {
    return unshowable;
  }
}

/** node:util takes a millisecond to load, and a daemon that is starting has nothing to inspect. */
function inspect(value: unknown, options: InspectOptions): string {
  return process.getBuiltinModule("node:util").inspect(value, options);
}
