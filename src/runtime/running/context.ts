// What a handler is given. Its parts are made when they are asked for: at a common second a hundred thousand runs may begin.
import type { JobContext, JobLog } from "djob";
import type { RunRequest } from "./execution.ts";

export class RunContext implements JobContext {
  readonly #request: RunRequest;
  readonly #abort: LazyAbort;
  readonly #makeLog: () => JobLog;
  #log: JobLog | undefined;
  #scheduledAt: Date | undefined;
  #startedAt: Date | undefined;
  /** Plain, so that a handler may assign to it. */
  state: unknown;

  constructor(request: RunRequest, abort: LazyAbort, makeLog: () => JobLog) {
    this.#request = request;
    this.#abort = abort;
    this.#makeLog = makeLog;
    this.state = request.state;
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
    this.#scheduledAt ??= new Date(this.#request.scheduledAtMs);
    return this.#scheduledAt;
  }

  get startedAt(): Date {
    this.#startedAt ??= new Date(this.#request.startedAtMs);
    return this.#startedAt;
  }

  get lastSuccess(): Date | null {
    const { lastSuccessMs } = this.#request;
    return lastSuccessMs === null ? null : new Date(lastSuccessMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get log(): JobLog {
    this.#log ??= this.#makeLog();
    return this.#log;
  }

  get input(): unknown {
    return this.#request.input;
  }
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
