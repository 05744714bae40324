// One thread or process that has loaded a module, or is about to: what it is told and what it tells, until it ends. It runs one run at
// a time.
import type { Level } from "../../logs/line.ts";
import { describeFailure, type ModuleFailure } from "../failure.ts";
import { parsedJson } from "../parsed-json.ts";
import type { Ending, LineParts, RunOutput, RunRequest } from "../running/execution.ts";
import { type FromHost, heardFromHost } from "./messages.ts";
import type { Place, PlaceEnd, PlaceStarter } from "./place.ts";
import { isolationError, rebuildThrown } from "./thrown.ts";

export type How = "thread" | "process";

export interface InstanceUser {
  /** A line that belongs to no run. */
  tell(level: Level, text: string): void;
  /** It has nothing to do (any more), and another run may follow. */
  idle(instance: Instance): void;
  /** It is of no use any more. */
  gone(instance: Instance): void;
}

interface CurrentRun {
  readonly output: RunOutput;
  readonly end: (ending: Ending) => void;
  readonly stopWatching: () => void;
}

export interface InstanceLimits {
  readonly maxMemoryBytes: number | null;
  readonly maxCpuMs: number | null;
}

export class Instance {
  readonly #how: How;
  readonly #module: string;
  readonly #user: InstanceUser;
  readonly #place: Place;
  #run: CurrentRun | null = null;
  #failure: ModuleFailure | null = null;
  /** Why it is ended by force. */
  #killed: string | null = null;
  /** process.exit, and where it was called. */
  #exiting: { readonly code: number; readonly stack: string | null } | null = null;
  #isKilled = false;
  #isGone = false;
  #maxCpuMs: number | null = null;

  /** @throws {Error} if none can be started */
  constructor(how: How, module: string, start: PlaceStarter, user: InstanceUser) {
    this.#how = how;
    this.#module = module;
    this.#user = user;
    this.#place = start({
      heard: (text) => this.#heard(text),
      line: (text) => this.#line("info", text),
      ended: (end) => this.#ended(end),
    });
    this.#place.send({ type: "load", module });
  }

  run(request: RunRequest, limits: InstanceLimits, output: RunOutput, end: (ending: Ending) => void): void {
    const { maxMemoryBytes, maxCpuMs } = limits;
    const stopWatching =
      maxMemoryBytes === null
        ? () => {}
        : this.#place.watchMemory(maxMemoryBytes, (what) => this.kill(`${what}: its ${this.#how} was ended`));
    this.#maxCpuMs = maxCpuMs;
    this.#run = { output, end, stopWatching };
    this.#place.send({ type: "run", request, maxCpuMs });
  }

  /** Whether its module could not be loaded, so that it could not be in another one either. */
  get isUnloadable(): boolean {
    return this.#failure !== null;
  }

  abort(text: string, name: "AbortError" | "TimeoutError"): void {
    this.#place.send({ type: "abort", text, name });
  }

  /** @param why null: it has nothing to do */
  kill(why: string | null): void {
    this.#isKilled = true;
    this.#killed ??= why;
    if (this.#run === null) this.#leave();
    this.#place.kill();
  }

  #heard(text: string): void {
    const message = heardFromHost(text);
    if (message !== null && !this.#isGone) this.#take(message);
  }

  #take(message: FromHost): void {
    switch (message.type) {
      case "loaded":
        break;
      case "unloadable":
        this.#failure = message.failure;
        if (this.#run !== null) {
          this.#failLoading(message.failure);
          break;
        }
        this.#user.tell("error", this.#loadText(message.failure));
        this.kill(null);
        break;
      case "line":
        this.#line(message.level, message.text, partsOf(message.apart));
        break;
      case "succeeded": {
        const { result, state } = message;
        this.#settle({
          type: "succeeded",
          result: parsedJson(result),
          state: parsedJson(state),
          exitCode: null,
        });
        break;
      }
      case "failed": {
        const { error, mayRetry } = message;
        this.#settle({ ...failed(rebuildThrown(error)), isThrown: true, mayRetry });
        break;
      }
      case "rested":
        // Its last words may have been on their way when it was ended.
        if (this.#run !== null || this.#isKilled) break;
        if (message.reusable && this.#how === "thread") this.#user.idle(this);
        else this.kill(null);
        break;
      case "measured":
        this.#place.measured(message.id, message.bytes);
        break;
      case "exiting":
        this.#exiting = message;
        break;
      case "crashed":
        this.#crashed(message);
        break;
    }
  }

  #crashed({ what, error }: Extract<FromHost, { type: "crashed" }>): void {
    if (this.#run === null)
      this.#user.tell("error", `${this.#name()} ended after an ${what}: ${error.shown}`);
    this.#settle(failed(rebuildThrown(error)));
    this.kill(null);
  }

  #line(level: Level, text: string, apart: LineParts | null = null): void {
    if (this.#run === null) this.#user.tell(level, text);
    else this.#run.output.line(level, text, apart);
  }

  #failLoading(failure: ModuleFailure): void {
    this.#settle(failed(isolationError(this.#loadText(failure))));
    this.kill(null);
  }

  #ended(end: PlaceEnd | null): void {
    if (this.#run !== null) {
      const error = this.#endError(end);
      const { exitCode, signal } = (this.#how === "process" ? end : null) ?? { exitCode: null, signal: null };
      this.#settle({ ...failed(error), exitCode, signal });
    } else if (!this.#isGone && this.#killed === null) {
      this.#user.tell("error", `${this.#name()} has ended: ${this.#endError(end).message}`);
    }
    this.#leave();
  }

  #endError(end: PlaceEnd | null): Error {
    const isStuck = end === null && this.#how === "thread";
    const stuck = isStuck ? " (it is in a call that can't be ended, and goes on)" : "";
    if (this.#killed !== null) return isolationError(`${this.#killed}${stuck}`);
    const stack = this.#exiting?.stack ?? "";
    return isolationError(this.#endText(end), stack.includes("\n") ? stack.slice(stack.indexOf("\n")) : "");
  }

  #endText(end: PlaceEnd | null): string {
    if (this.#exiting !== null) return `process.exit(${this.#exiting.code}) was called`;
    if (end === null) return `its ${this.#how} ended`;
    const { exitCode, signal, why = null, cpuMs = null } = end;
    if (why !== null) return why;
    // The one at the soft limit, the other at the hard one.
    const isLimit = signal === "SIGXCPU" || (signal === "SIGKILL" && (cpuMs ?? 0) > (this.#maxCpuMs ?? 0));
    if (this.#maxCpuMs !== null && isLimit)
      return `its process was killed by ${signal}: it may have ${this.#maxCpuMs / 1000} s of CPU time`;
    if (signal !== null) return `its process was killed by ${signal}`;
    return `its ${this.#how} ended with exit code ${exitCode}`;
  }

  #settle(ending: Ending): void {
    const run = this.#run;
    if (run === null) return;
    this.#run = null;
    run.stopWatching();
    run.end(ending);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#user.gone(this);
  }

  #name(): string {
    return `the ${this.#how} that waits for isolated runs of ${this.#module}`;
  }

  #loadText(failure: ModuleFailure): string {
    const hint =
      "keep isolated jobs in a module of their own, or put what only the daemon does behind import.meta.main";
    const shown = describeFailure(failure.hint === null ? { ...failure, hint } : failure);
    return `cannot load ${this.#module} for an isolated run: ${shown}`;
  }
}

function failed(error: unknown): Extract<Ending, { type: "failed" }> {
  return { type: "failed", error, exitCode: null, signal: null };
}

/** What it says is looked at before it is believed. */
function partsOf(apart: string | null): LineParts | null {
  const value = parsedJson(apart);
  if (typeof value !== "object" || value === null) return null;
  const { message, fields } = value as Record<string, unknown>;
  if (typeof message !== "string" || typeof fields !== "object" || fields === null) return null;
  return { message, fields: fields as Record<string, unknown> };
}
