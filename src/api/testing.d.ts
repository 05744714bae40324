// What `import … from "djob/testing"` gives a test under `djob test` or `bun test`. `djob types` prints this file after djob.d.ts.

declare module "djob/testing" {
  import type { Duration, Hooks, RunEvent } from "djob";

  /** One line that a run, or djob itself, wrote. */
  export interface TestLine {
    /** On the test's clock. */
    readonly time: Date;
    readonly level: "debug" | "info" | "warn" | "error";
    /** null: it belongs to no job. */
    readonly job: string | null;
    readonly message: string;
  }

  /** What has become of one time of a job; in the run history of a daemon it would be one record. */
  export interface TestRun<Result = unknown> {
    /** `job@scheduledTime` */
    readonly id: string;
    readonly job: string;
    readonly scheduledAt: Date;
    /** null: it never started. */
    readonly startedAt: Date | null;
    readonly endedAt: Date;
    /** The last one; 0 for a time that was skipped. */
    readonly attempt: number;
    readonly trigger: RunEvent["trigger"];
    readonly outcome: RunEvent["outcome"];
    /** Why it was skipped or cancelled, such as "overlap". */
    readonly reason: string | null;
    /** What the handler threw, the very same; undefined unless it failed or timed out. */
    readonly error: unknown;
    /** What the handler returned, the very same. */
    readonly result: Result | undefined;
    /** What a success has left in `context.state`. */
    readonly state: unknown;
    /** Of a command. */
    readonly exitCode: number | null;
    readonly signal: string | null;
    /** What it logged, by `console` or `context.log`. */
    readonly lines: readonly TestLine[];
    /** More than 1 for a long row of times that were skipped, from `scheduledAt` through `through`. */
    readonly times: number;
    readonly through: Date;
  }

  export interface TestJob {
    readonly name: string;
    readonly schedule: string;
    /** null: that of the process (TZ). */
    readonly tz: string | null;
    /** null: it has no further time. */
    readonly next: Date | null;
    readonly lastSuccess: Date | null;
    readonly isPaused: boolean;
    /** What its last success has left in `context.state`. */
    readonly state: unknown;
  }

  /**
   * The clock that schedules, timeouts, retries, jitter and back-off go by, and `Date` as well. It stands still until the test
   * moves it; only the pauses between the attempts of `runJob` pass by themselves.
   */
  export interface TestClock {
    readonly now: Date;
    /** Time passes. Each time of each job that comes on the way runs, and what it starts is waited for. */
    advance(duration: Duration): Promise<void>;
    /**
     * Before any time has passed: it is that time now. Later: time passes up to then.
     * @throws if the time has passed already
     */
    set(time: Date | string): Promise<void>;
    /** The machine is suspended for that long. What was missed is up to each job's `catchUp`. */
    sleep(duration: Duration): Promise<void>;
    /** Somebody sets the machine's clock, forward or, with a negative number of milliseconds, back. */
    step(byMs: number): Promise<void>;
  }

  export interface RunJobOptions {
    /** `context.input` */
    input?: unknown;
    /** `context.state`, in place of what is kept. */
    state?: unknown;
    /** Cancels the run when it is aborted, as `djob cancel` does. */
    signal?: AbortSignal;
  }

  export interface JobTest {
    readonly clock: TestClock;
    /** In the order in which they were declared. */
    readonly jobs: readonly TestJob[];
    /** @throws if there is no such job */
    job(name: string): TestJob;
    /**
     * Runs a job now, as `djob trigger` does, with all the attempts that its `retry` allows. A run that fails is no error: see
     * `outcome` and `error`.
     * @throws if there is no such job
     */
    runJob<Result = unknown>(name: string, options?: RunJobOptions): Promise<TestRun<Result>>;
    /** All runs that are over, of one job or of all, and the times that were skipped: in the order of their times. */
    runs(job?: string): readonly TestRun[];
    /** All lines so far. */
    readonly lines: readonly TestLine[];
    /** What hooks were told, whether there are any or not. */
    events(hook?: keyof Hooks): readonly RunEvent[];
    /** The pings that would have been sent: none ever is. */
    readonly pings: ReadonlyArray<{ readonly url: string; readonly body: string }>;
    /** As `djob pause` and `djob resume`. */
    pause(job: string): void;
    resume(job: string): void;
  }

  export interface TestOptions {
    /** What time it is at first. @default now, in whole seconds */
    now?: Date | string;
    /** What jitter and H are spread by. @default "test" */
    host?: string;
    /**
     * Whether `setTimeout`, `setInterval`, `Bun.sleep` and node:timers/promises go by the test's clock as well: then only
     * `clock.advance` makes them go off. @default false
     */
    fakeTimers?: boolean;
    /** How long the test may take, in real milliseconds. @default bun test's */
    timeout?: number;
  }

  type Body = (bench: JobTest) => unknown;

  /**
   * `test` of bun:test, with a user's modules loaded afresh, as `djob run` loads them, and their jobs at hand.
   * @param modules paths, relative to the test's file
   */
  interface TestFunction {
    (name: string, modules: string | readonly string[], body: Body): void;
    (name: string, modules: string | readonly string[], options: TestOptions, body: Body): void;
  }
  export const test: TestFunction & { readonly only: TestFunction; readonly skip: TestFunction };

  /**
   * The same outside of `test`, for a `beforeEach` of your own. One at a time.
   * @param modules paths, relative to the caller's file
   */
  export function loadJobs(
    modules: string | readonly string[],
    options?: Omit<TestOptions, "timeout">,
  ): Promise<JobTest & AsyncDisposable>;
}
