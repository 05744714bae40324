// Where records go: descriptors 1 and 2, whatever is behind them, in one of the forms.
import type { Formatter } from "./form/form.ts";
import type { LogRecord } from "./line.ts";
import type { LogStream } from "./stream.ts";

export interface LogOutput {
  write(record: LogRecord): void;
  /** What a module wrote to process.stdout (1) or process.stderr (2), as it is. */
  raw(descriptor: 1 | 2, bytes: Uint8Array, nowMs: number): void;
}

export class DescriptorOutput implements LogOutput {
  readonly #format: Formatter;
  readonly #out: LogStream;
  readonly #err: LogStream;
  readonly #streamOf: (job: string) => LogStream | null;

  /**
   * @param err for warnings and errors; the same as `out` if both are one file
   * @param streamOf a job's own stream; null: it has none
   */
  constructor(
    format: Formatter,
    out: LogStream,
    err: LogStream,
    streamOf: (job: string) => LogStream | null = () => null,
  ) {
    this.#format = format;
    this.#out = out;
    this.#err = err;
    this.#streamOf = streamOf;
  }

  write(record: LogRecord): void {
    const { level, job, timeMs } = record;
    const own = job === null ? null : this.#streamOf(job);
    const usual = level === "warn" || level === "error" ? this.#err : this.#out;
    const { head, body, tail } = this.#format;
    (own ?? usual).write(body(record), timeMs, head(record), tail(record));
  }

  raw(descriptor: 1 | 2, bytes: Uint8Array, nowMs: number): void {
    (descriptor === 1 ? this.#out : this.#err).writeBytes(bytes, nowMs);
  }
}

/** For `--log none`. */
export const noOutput: LogOutput = { write() {}, raw() {} };
