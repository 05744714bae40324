// What a handler is given. Its parts are made when they are asked for: at a common second a hundred thousand runs may begin.
import type { JobContext, JobLog } from "djob";
import type { RunRequest } from "./execution.ts";

/** How a context is aborted, which is not its handler's to do. */
export let abortOf: (context: RunContext) => LazyAbort;

export class RunContext implements JobContext {
  readonly #request: RunRequest;
  readonly #makeLog: (request: RunRequest) => JobLog;
  #parts: Parts | null;
  /** Plain, so that a handler may assign to it. */
  state: unknown;

  /** @param abort if there is one before the handler is called */
  constructor(request: RunRequest, makeLog: (request: RunRequest) => JobLog, abort: LazyAbort | null = null) {
    this.#request = request;
    this.#makeLog = makeLog;
    this.#parts = abort === null ? null : partsWith(abort);
    this.state = request.state;
  }

  static {
    abortOf = (context) => context.#made.abort;
  }

  get #made(): Parts {
    this.#parts ??= partsWith(new LazyAbort());
    return this.#parts;
  }

  get name(): string {
    return this.#request.job;
  }

  get id(): string {
    return this.#request.id;
  }

  get attempt(): number {
    return this.#request.attempt;
  }

  get scheduledAt(): Date {
    this.#made.scheduledAt ??= new Date(this.#request.scheduledAtMs);
    return this.#made.scheduledAt;
  }

  get startedAt(): Date {
    this.#made.startedAt ??= new Date(this.#request.startedAtMs);
    return this.#made.startedAt;
  }

  get lastSuccess(): Date | null {
    const { lastSuccessMs } = this.#request;
    return lastSuccessMs === null ? null : new Date(lastSuccessMs);
  }

  get signal(): AbortSignal {
    return this.#made.abort.signal;
  }

  get log(): JobLog {
    this.#made.log ??= this.#makeLog(this.#request);
    return this.#made.log;
  }

  get input(): unknown {
    return this.#request.input;
  }
}

interface Parts {
  readonly abort: LazyAbort;
  log: JobLog | undefined;
  scheduledAt: Date | undefined;
  startedAt: Date | undefined;
}

function partsWith(abort: LazyAbort): Parts {
  return { abort, log: undefined, scheduledAt: undefined, startedAt: undefined };
}

/** An AbortController that is made when somebody wants its signal. */
export class LazyAbort {
  #controller: AbortController | undefined;
  #reason: DOMException | null = null;

  get isAborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): DOMException | null {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** @param name of the error: AbortError, or TimeoutError */
  abort(text: string, name: "AbortError" | "TimeoutError"): void {
    if (this.#reason !== null) return;
    this.#reason = new DOMException(text, name);
    this.#controller?.abort(this.#reason);
  }
}
