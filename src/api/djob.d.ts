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
  export interface JobContext {
    /** The job's name. */
    readonly name: string;
    /** `job@scheduledTime`: the same for the same scheduled time, so it can serve as an idempotency key. */
    readonly id: string;
    /** The time that this run is for. It may have started later, never earlier. */
    readonly scheduledAt: Date;
    readonly startedAt: Date;
    /** Aborted when the daemon is to stop. Pass it on to fetch, timers and queues. */
    readonly signal: AbortSignal;
    readonly log: JobLog;
  }

  export type JobHandler = (context: JobContext) => unknown;

  /** Exactly one of `cron`, `every`, `at` and `always`. */
  export interface JobOptions {
    /** Five fields as in crontab(5), or a nickname such as "@daily". */
    cron?: string;
    /** A duration such as "10s" or "1h30m", or milliseconds. Runs at multiples of it since 1970-01-01 00:00 UTC. */
    every?: string | number;
    /** One time: a Date or ISO 8601 text. */
    at?: string | Date;
    /** Run at once, and again with exponential back-off (1 s to 1 min) whenever the handler returns or throws. */
    always?: true;
    /** An IANA time zone for `cron`, and for an `at` that has no offset. @default the daemon's (--tz, TZ) */
    tz?: string;
  }

  /**
   * Declares a job.
   *
   * @param schedule "*\/5 * * * *", "@hourly", "every 10s", "at 2026-12-24T18:00:00Z" or "always"
   * @throws if the name is taken, or the schedule or an option is wrong
   */
  export function job(name: string, schedule: string, handler: JobHandler): void;
  export function job(name: string, options: JobOptions, handler: JobHandler): void;

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
