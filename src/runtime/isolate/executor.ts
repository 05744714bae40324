// Runs of jobs that are isolated, each in a thread or process that a pool of their module keeps ready.
import type { IsolatedWork, Limits } from "../job.ts";
import type { Journal } from "../journal.ts";
import type { Ending, Execution, Executor, RunOutput, RunRequest } from "../running/execution.ts";
import type { Instance } from "./instance.ts";
import type { IsolationPort, PlaceStarter } from "./place.ts";
import { Pool } from "./pool.ts";
import { startThread } from "./thread.ts";

/** Of one worker: the pools that its jobs share. */
export class IsolatedExecutors {
  readonly #port: IsolationPort;
  readonly #journal: Pick<Journal, "write">;
  readonly #pools = new Map<string, Promise<Pool>>();

  constructor(port: IsolationPort, journal: Pick<Journal, "write">) {
    this.#port = port;
    this.#journal = journal;
  }

  async make(work: IsolatedWork & Limits): Promise<Executor> {
    const pool = await this.#poolOf(work);
    pool.want(work.warm);
    return {
      execute: (request, output) => new IsolatedExecution(pool, work, request, output),
      prepare: () => pool.fill(),
      close: () => pool.close(),
    };
  }

  #poolOf({ how, module }: IsolatedWork): Promise<Pool> {
    const key = `${how} ${module}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const made = this.#starterOf(how).then(
      (start) => new Pool(how, module, start, (level, text) => this.#journal.write(level, text, null)),
    );
    this.#pools.set(key, made);
    return made;
  }

  async #starterOf(how: IsolatedWork["how"]): Promise<PlaceStarter> {
    if (how === "process") return await this.#port.processes();
    return (listener) => startThread(this.#port, listener);
  }
}

class IsolatedExecution implements Execution {
  readonly ended: Promise<Ending>;
  readonly #instance: Instance;
  readonly #how: IsolatedWork["how"];
  #asked = "it was to end";
  #isOver = false;

  constructor(pool: Pool, work: IsolatedWork & Limits, request: RunRequest, output: RunOutput) {
    this.#how = work.how;
    this.#instance = pool.take();
    this.ended = new Promise((resolve) => {
      this.#instance.run(request, work, output, (ending) => {
        this.#isOver = true;
        resolve(ending);
      });
    });
  }

  abort(reason: string, name: "AbortError" | "TimeoutError" = "AbortError"): void {
    this.#asked = reason;
    if (!this.#isOver) this.#instance.abort(reason, name);
  }

  terminate(): boolean {
    if (!this.#isOver)
      this.#instance.kill(`${this.#asked}; it did not end by itself, and its ${this.#how} was ended`);
    return true;
  }
}
