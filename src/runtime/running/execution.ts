// What every way of running a job has in common: inside the worker, in a thread, in a process of its own, as a command.

/** One attempt of a run, as whoever executes it needs it. All of it can be sent to another thread or process. */
export interface RunRequest {
  readonly job: string;
  /** `job@scheduledTime` */
  readonly id: string;
  readonly attempt: number;
  readonly scheduledAtMs: number;
  readonly startedAtMs: number;
  readonly lastSuccessMs: number | null;
  /** A JSON value; undefined: none. */
  readonly input: unknown;
  /** A JSON value; undefined: none was kept. */
  readonly state: unknown;
}

/** How an attempt has ended by itself. What was asked of it (abort, terminate) is judged by the caller. */
export type Ending =
  | {
      readonly type: "succeeded";
      readonly result: unknown;
      readonly state: unknown;
      readonly exitCode: number | null;
    }
  | {
      readonly type: "failed";
      readonly error: unknown;
      /** Of a process. */
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Whether it is what its handler has thrown, and not how its thread or process ended. */
      readonly isThrown?: boolean;
      /** What the job's retry.when has said there, where the error itself is; null or none: it is to be asked here. */
      readonly mayRetry?: boolean | null;
    };

export interface Execution {
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** Asks it to end: aborts `context.signal`; a command's group gets TERM. */
  abort(reason: string, name?: "AbortError" | "TimeoutError"): void;
  /** Ends it by force. @returns false if that can't be done (code in the worker's own thread) */
  terminate(): boolean;
}

/** A line for a log that has a place of its own for fields. */
export interface LineParts {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a run tells while it goes on. */
export interface RunOutput {
  /** A whole line, without its end, that is the run's and goes to the log with its job's name. */
  line(level: "debug" | "info" | "warn" | "error", text: string, apart?: LineParts | null): void;
}

export interface Executor {
  execute(request: RunRequest, output: RunOutput): Execution;
  /** Makes ready what runs to come will need. */
  prepare(): void;
  /** Ends what it keeps ready for runs to come. */
  close(): void;
}
