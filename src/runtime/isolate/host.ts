// What lives in a thread or process of its own: it loads a module again, of which it keeps only the handlers, and runs them by their
// job's name, with the same context as in the worker.
import { heapStats } from "bun:jsc";
import { provideApi } from "../../api/module.ts";
import { takeOverConsole } from "../../logs/console.ts";
import { plainValue } from "../../logs/form/values.ts";
import { takeOverStreams } from "../../logs/streams.ts";
import { LineSplitter } from "../command/lines.ts";
import { failureOf, type ModuleFailure, userStack } from "../failure.ts";
import { jobLog } from "../journal.ts";
import { LoadError, loadAgain } from "../loading/loader.ts";
import { LazyAbort, RunContext } from "../running/context.ts";
import type { LineParts, RunRequest } from "../running/execution.ts";
import { jsonUpTo, keptState } from "../running/kept.ts";
import { FoundJobs } from "./found-jobs.ts";
import type { FromHost, ToHost } from "./messages.ts";
import { isolationError, tellThrown } from "./thrown.ts";

/** What a host needs of the thread or process that it lives in. */
export interface HostPort {
  /** Waits while nobody takes what was sent before. */
  send(message: FromHost): void;
  listen(receive: (message: ToHost) => void): void;
  /** The process: CPU time from now on. null: a thread, of which that can't be limited. */
  readonly limitCpu: ((durationMs: number) => void) | null;
  /** Whether nothing is left in its event loop; null: nobody wants to know, because nothing follows. */
  readonly isLoopEmpty: (() => Promise<boolean>) | null;
  /** Whether what is written to descriptors 1 and 2 comes to the worker anyway. */
  readonly hasOwnOutput: boolean;
  exit(code: number): never;
}

/** Of a line; a longer one is told in pieces. */
const longestLineCharacters = 262_144;
const longestResultBytes = 1 << 20;

export class Host {
  readonly #port: HostPort;
  readonly #jobs = new FoundJobs();
  #loading: Promise<ModuleFailure | null> = Promise.resolve(null);
  #module = "";
  #abort = new LazyAbort();
  #endLines: () => void = () => {};

  constructor(port: HostPort) {
    this.#port = port;
  }

  start(): void {
    takeOverConsole((level, message) => this.#line(level, message));
    if (this.#port.hasOwnOutput) takeOverStreams();
    else this.#takeOverStreams();
    this.#watchEnds();
    provideApi({
      job: (...given: unknown[]) => this.#jobs.add(...given),
      // They are called in the worker.
      hooks: () => {},
      sockets: [],
    });
    this.#port.listen((message) => this.#receive(message));
  }

  #receive(message: ToHost): void {
    switch (message.type) {
      case "load":
        this.#module = message.module;
        this.#loading = this.#load(message.module);
        break;
      case "run":
        this.#abort = new LazyAbort();
        void this.#run(message.request, message.maxCpuMs, this.#abort);
        break;
      case "abort":
        this.#abort.abort(message.text, message.name);
        break;
      case "measure":
        this.#measure(message.id, message.collect);
        break;
    }
  }

  async #load(module: string): Promise<ModuleFailure | null> {
    try {
      this.#jobs.addScheduled(await loadAgain(module));
      this.#port.send({ type: "loaded" });
      return null;
    } catch (error) {
      const failure = error instanceof LoadError ? error.failure : failureOf(error, module);
      this.#port.send({ type: "unloadable", failure });
      return failure;
    }
  }

  async #run(request: RunRequest, maxCpuMs: number | null, abort: LazyAbort): Promise<void> {
    // The worker has been told why.
    if ((await this.#loading) !== null) return;
    const job = this.#jobs.find(request.job);
    if (job === null) {
      const error = isolationError(
        `no job "${request.job}" with a handler was declared when ${this.#module} was loaded again for this run`,
      );
      return this.#failed(error, null);
    }
    const log = () => jobLog((level, text, apart) => this.#line(level, text, apart));
    const context = new RunContext(request, log, abort);
    try {
      if (abort.reason !== null) throw abort.reason;
      if (maxCpuMs !== null) this.#port.limitCpu?.(maxCpuMs);
      const result: unknown = await job.handler(context);
      this.#endLines();
      const state = this.#stateOf(context.state, request.state);
      const { text } = jsonUpTo(result, longestResultBytes);
      this.#port.send({ type: "succeeded", result: text, state });
    } catch (error) {
      this.#endLines();
      this.#failed(error, job.mayRetry);
    }
    await this.#rest();
  }

  #failed(error: unknown, judge: ((error: unknown) => boolean) | null): void {
    let mayRetry: boolean | null = null;
    try {
      if (judge !== null) mayRetry = Boolean(judge(error));
    } catch (thrown) {
      mayRetry = false;
      this.#line("error", `its retry.when threw, so it is not tried again: ${tellThrown(thrown).shown}`);
    }
    this.#port.send({ type: "failed", error: tellThrown(error), mayRetry });
  }

  /** What is no JSON, or too much, is told here; then the state stays what it was. */
  #stateOf(state: unknown, before: unknown): string | null {
    const { text, problem } = keptState(state, before === undefined ? null : JSON.stringify(before));
    if (problem === null) return text;
    this.#line("error", `its state is not kept: ${problem}`);
    return before === undefined ? null : JSON.stringify(before);
  }

  async #rest(): Promise<void> {
    const { isLoopEmpty } = this.#port;
    const reusable = isLoopEmpty !== null && !this.#abort.isAborted && (await isLoopEmpty());
    this.#port.send({ type: "rested", reusable });
  }

  #measure(id: number, collect: boolean): void {
    // What is garbage does not count; the size of a heap is that of what the last collection has left.
    if (collect) Bun.gc(true);
    this.#port.send({ type: "measured", id, bytes: heapStats().heapSize });
  }

  #line(level: "debug" | "info" | "warn" | "error", text: string, parts: LineParts | null = null): void {
    const apart = parts === null ? null : JSON.stringify({ ...parts, fields: plainValue(parts.fields) });
    const isShort = text.length <= longestLineCharacters && (apart?.length ?? 0) <= longestLineCharacters;
    for (let from = 0; from === 0 || from < text.length; from += longestLineCharacters) {
      const piece = text.slice(from, from + longestLineCharacters);
      this.#port.send({ type: "line", level, text: piece, apart: isShort ? apart : null });
    }
  }

  #takeOverStreams(): void {
    const splitters = { 1: this.#splitter(), 2: this.#splitter() };
    takeOverStreams((descriptor, bytes) => splitters[descriptor].push(bytes), true);
    this.#endLines = () => {
      for (const splitter of Object.values(splitters)) splitter.end();
    };
  }

  #splitter(): LineSplitter {
    return new LineSplitter((line) => this.#line("info", line));
  }

  #watchEnds(): void {
    const target = process as unknown as { exit(code?: number | string | null): never };
    const { exit } = target;
    target.exit = (code) => {
      this.#endLines();
      const number = Number(code ?? process.exitCode ?? 0);
      const stack = userStack(new Error("process.exit").stack ?? "");
      this.#port.send({ type: "exiting", code: number, stack });
      return exit(code);
    };
    process.on("uncaughtException", (error) => this.#crash("uncaught exception", error));
    process.on("unhandledRejection", (error) => this.#crash("unhandled rejection", error));
  }

  #crash(what: string, error: unknown): never {
    this.#endLines();
    this.#port.send({ type: "crashed", what, error: tellThrown(error) });
    return this.#port.exit(1);
  }
}
