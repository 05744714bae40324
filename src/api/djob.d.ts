// What `import … from "djob"` gives a user's module. `djob types` prints this file, for editors and type-checkers.

declare module "djob" {
  /** Writes lines that carry the job's name. `fields` is printed after the message. */
  export interface JobLog {
    debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
    info(message: string, fields?: Readonly<Record<string, unknown>>): void;
    warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
    error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  }

  /** What a handler is given for one run. */
  export interface JobContext<Input = unknown, State = unknown> {
    /** The job's name. */
    readonly name: string;
    /** `job@scheduledTime`: the same for the same scheduled time, so it can serve as an idempotency key. */
    readonly id: string;
    /** 1, and more when it is retried. */
    readonly attempt: number;
    /** The time that this run is for. It may have started later, never earlier. */
    readonly scheduledAt: Date;
    readonly startedAt: Date;
    /** When the latest successful run of this job before ended; null: there is none. */
    readonly lastSuccess: Date | null;
    /** Aborted when the run is to end: a timeout, `djob cancel`, a stop. Pass it on to fetch, timers and queues. */
    readonly signal: AbortSignal;
    readonly log: JobLog;
    /** What `djob trigger --input` was given; undefined for a scheduled run. */
    readonly input: Input | undefined;
    /**
     * A JSON value of at most 64 KiB that is kept between runs; undefined at first. Assign to it, or change it: it is kept when
     * the run succeeds, together with its record.
     */
    state: State | undefined;
  }

  /** What it returns is kept in the run's record, if it is JSON of at most 4 KiB. */
  export type JobHandler<Input = unknown, State = unknown> = (context: JobContext<Input, State>) => unknown;

  /** A duration such as "10s" or "1h30m", or milliseconds. */
  export type Duration = string | number;

  export interface RetryOptions {
    /** How often it is tried in all, the first time included. */
    attempts: number;
    /** Before the second attempt. @default "1s" */
    delay?: Duration;
    /** By which each further delay is longer. @default 2 */
    factor?: number;
    /** @default "1m", or `delay` if that is longer */
    maxDelay?: Duration;
    /** The share by which a delay varies, 0 to 1, or "full": from 0 to its length. @default 0.1 */
    jitter?: number | "full";
    /** Whether an error is worth another attempt. @default every error is */
    when?: (error: unknown) => boolean;
  }

  /** How a run has ended, as hooks are told. */
  export interface RunEvent {
    readonly job: string;
    readonly id: string;
    readonly scheduledAt: Date;
    readonly startedAt: Date | null;
    readonly endedAt: Date;
    readonly attempt: number;
    readonly trigger: "schedule" | "catch-up" | "manual" | "retry";
    readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "interrupted" | "skipped";
    /** Why it was skipped or cancelled. */
    readonly reason: string | null;
    readonly error: { readonly name: string; readonly message: string; readonly stack: string | null } | null;
    /** Its last log lines, at most 20. */
    readonly lastLines: readonly string[];
  }

  /** Called after a run's record is written. What they throw is logged and harms nothing. */
  export interface Hooks {
    onSuccess?: (event: RunEvent) => unknown;
    /** Failed or timed out, after the last attempt. */
    onFailure?: (event: RunEvent) => unknown;
    onSkip?: (event: RunEvent) => unknown;
    /** The first success after a failure. */
    onRecovered?: (event: RunEvent) => unknown;
  }

  /** A dead-man's switch in the form of healthchecks.io: URL/start, URL, URL/fail. */
  export interface PingOptions {
    url: string;
    /** @default "10s" */
    timeout?: Duration;
    /** How often a ping that failed is sent again. @default 3 */
    retries?: number;
    /** Whether URL/start is sent as well. @default true */
    start?: boolean;
  }

  /** One or more of `cron`, `every` and `at`; or `always` alone. */
  export interface JobOptions extends Hooks {
    /** crontab(5) fields, with seconds first if there are six, and a year last if there are seven; or "@daily", "@reboot" … */
    cron?: string | readonly string[];
    /** Runs at multiples of it since 1970-01-01 00:00 UTC, plus `offset`. */
    every?: Duration;
    offset?: Duration;
    /** One time or more: a Date or ISO 8601 text. */
    at?: string | Date | ReadonlyArray<string | Date>;
    /** Run at once, and again with exponential back-off (1 s to 1 min) whenever the handler returns or throws. */
    always?: true;
    /** An IANA time zone for `cron`, and for times that have no offset. @default the daemon's (--tz, TZ) */
    tz?: string;
    /** Each run starts up to that much later than its time: always as much for the same job on the same machine. */
    jitter?: Duration;
    /** No time before this one, or after that one. */
    from?: string | Date;
    until?: string | Date;

    /** When a time comes while the job still runs. @default "skip" */
    overlap?: "skip" | "queue" | "allow" | "replace";
    /** For "queue". @default 10 */
    maxQueued?: number;
    /** For "allow". @default 10 */
    maxConcurrent?: number;
    /** What becomes of times that came while the machine slept or the daemon did not run. @default "none" */
    catchUp?: "none" | "last" | "all";
    /** For "all": the latest so many. @default 100 */
    maxCatchUp?: number;
    /** Times longer ago than that are not caught up. @default all are */
    catchUpWindow?: Duration;
    /** Aborts `context.signal` after that long. */
    timeout?: Duration;
    /** How much longer an aborted run may take before it is killed (a command), or told as stuck. @default "5s" */
    graceMs?: Duration;
    retry?: RetryOptions;
    /** Jobs of one group run at most `max` at a time (a name alone: 1); the others wait. */
    concurrency?: string | { group: string; max: number };

    /** In place of a handler: a program and its arguments. */
    command?: readonly string[];
    /** In place of a handler: a line for /bin/sh -c. */
    sh?: string;
    /** For a command: variables besides the daemon's. */
    env?: Readonly<Record<string, string>>;
    /** For a command: its working directory. @default the daemon's */
    cwd?: string;
    /** For a command: what it reads. @default nothing */
    stdin?: string;
    /**
     * For a command: USER or USER:GROUP, names or numbers. It gets all of that user's groups, and HOME, USER, LOGNAME and SHELL. Only
     * a daemon of root's may name another user than its own. @default the daemon's
     */
    user?: string;
    /**
     * For a handler: true runs it in a thread of its own ("thread" is the same), "process" in a process of its own. An endless loop,
     * `process.exit`, an uncaught error or too much memory end that run alone; of a process also a native crash. Its module is loaded
     * once more there, where `import.meta.main` is false, and the job is looked for by its name: it has to be declared at the module's
     * top level.
     */
    isolate?: boolean | "thread" | "process";
    /** For `isolate`: how many threads or processes with the module loaded wait for runs to come. @default 1 thread, no process */
    warm?: number;
    /** For a command or `isolate`: it is ended when it has more memory than that, such as "256M" (a thread: its heap; else all processes of its group, Linux). */
    maxMemory?: string | number;
    /** For a command or `isolate: "process"`: CPU time of each of its processes, such as "30s", in whole seconds. */
    maxCpu?: Duration;

    ping?: string | PingOptions;
    /** The job is overdue if its last success is longer ago than that. */
    expectEvery?: Duration;
  }

  /**
   * Declares a job.
   *
   * @param schedule "*\/5 * * * *", "@hourly", "every 10s", "at 2026-12-24T18:00:00Z" or "always"; or several
   * @throws if the name is taken, or the schedule or an option is wrong
   */
  export function job<Input = unknown, State = unknown>(
    name: string,
    schedule: string | readonly string[],
    handler: JobHandler<Input, State>,
  ): void;
  export function job<Input = unknown, State = unknown>(
    name: string,
    options: JobOptions,
    handler: JobHandler<Input, State>,
  ): void;
  /** With `command` or `sh`. */
  export function job(name: string, options: JobOptions): void;

  /** For all jobs of this daemon; a job's own hooks are called as well. */
  export function hooks(hooks: Hooks): void;

  /** A socket that systemd, or whatever else speaks LISTEN_FDS, has opened for this daemon. */
  export interface ListenSocket {
    /** For `net.createServer(…).listen({ fd })`. Closing it ends neither the socket nor what a reload finds. */
    readonly fd: number;
    /** FileDescriptorName= of its socket unit; "unknown" if it has none. */
    readonly name: string;
    readonly type: "stream" | "datagram";
    /** Whether it accepts connections; a stream that does not is a connection itself (Accept=yes). */
    readonly listening: boolean;
    readonly family: "inet" | "inet6" | "unix";
    /** The address that it is bound to; null for a Unix socket. */
    readonly address: string | null;
    readonly port: number | null;
    /** A Unix socket's path, with "@" first for an abstract one; null if it has none, or is no Unix socket. */
    readonly path: string | null;
  }

  /**
   * The sockets of a socket activation, in their unit's order; empty without one. `export default { fetch }` is served on
   * the first that listens.
   *
   * @example
   * import { sockets } from "djob";
   * const smtp = sockets.find(({ name }) => name === "smtp");
   * if (smtp) net.createServer(serve).listen({ fd: smtp.fd });
   */
  export const sockets: readonly ListenSocket[];
}
