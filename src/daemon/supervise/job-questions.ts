// Asking the newest worker for its jobs and runs. What it answers is not believed before it has been looked at, is bounded, and
// is not waited for if something blocks its event loop.
import {
  type AskOptions,
  type CallName,
  type Calls,
  isAnswer,
  type RemoteJobs,
} from "../../control/calls.ts";
import { ControlError } from "../../control/jobs.ts";
import type { WorkerReport } from "../../control/messages.ts";
import { type FromAsked, longestAnswer, type ToWorker, type WorkerRequest } from "../../runtime/link.ts";
import type { SupervisorState } from "./state.ts";

/** The part of a worker that is needed here. */
export interface AskedWorker {
  readonly generation: number;
  readonly isCommand: boolean;
  tell(message: ToWorker): void;
}

export interface Asked extends Pick<SupervisorState, "phase" | "lastExit" | "current" | "retiring"> {
  readonly workers: ReadonlyMap<number, AskedWorker>;
}

interface Question {
  readonly worker: AskedWorker;
  readonly call: CallName;
  readonly options: AskOptions;
  readonly parts: string[];
  length: number;
  hasBegun: boolean;
  /** Whether a trigger is answered only when its run has ended. */
  readonly waits: boolean;
  readonly timer: Timer;
  resolve(value: unknown): void;
  reject(error: ControlError): void;
}

const patienceMs = 5_000;
const statusPatienceMs = 1_000;
/** Each may keep an answer's worth of memory. */
const mostOpen = 256;

export class JobQuestions implements RemoteJobs {
  readonly #asked: () => Asked;
  readonly #open = new Map<number, Question>();
  /** A worker that outlives an upgrade of its supervisor may still answer to the numbers of the one before. */
  #lastId = Math.floor(performance.timeOrigin * 1_000);

  constructor(asked: () => Asked) {
    this.#asked = asked;
  }

  async ask<Name extends CallName>(
    call: Name,
    args: Calls[Name]["args"],
    options: AskOptions = {},
  ): Promise<Calls[Name]["answer"]> {
    const words = { call, args } as Words;
    const asked = this.#asked();
    try {
      const answer = await this.#ask(askable(asked), words, options, patienceMs);
      return answer as Calls[Name]["answer"];
    } catch (error) {
      if (call !== "cancel" || !isUnknown(error)) throw error;
      return (await this.#cancelOld(asked, words, error)) as Calls[Name]["answer"];
    }
  }

  /** @returns null if it did not answer in time; no jobs if there is no worker, or a program in its place */
  async report(): Promise<WorkerReport | null> {
    const worker = newest(this.#asked());
    if (worker === undefined || worker.isCommand) return nothingToReport;
    const words = { call: "report", args: null } as const;
    try {
      return (await this.#ask(worker, words, {}, statusPatienceMs)) as WorkerReport;
    } catch (error) {
      if (error instanceof ControlError) return null;
      throw error;
    }
  }

  /** @param generation whose words they are: one worker can't answer for another */
  hear(generation: number, message: FromAsked): void {
    const question = this.#open.get(message.id);
    if (question === undefined || question.worker.generation !== generation) return;
    switch (message.type) {
      case "begun":
        if (question.hasBegun || question.call !== "trigger") {
          question.reject(nonsense(question.call));
          return;
        }
        question.hasBegun = true;
        // How long the run takes is its own affair.
        clearTimeout(question.timer);
        if (!question.waits) question.resolve(message.run);
        question.options.meanwhile?.begun(message.run);
        return;
      case "line":
        question.options.meanwhile?.line(message.line);
        return;
      case "part":
        this.#keep(question, message.index, message.text);
        return;
      case "answer":
        this.#conclude(question, message.parts);
        return;
      case "refused":
        question.reject(new ControlError(message.status, message.message, message.hint));
        return;
    }
  }

  /** A worker has ended. */
  gone(generation: number): void {
    for (const question of this.#open.values()) {
      if (question.worker.generation !== generation) continue;
      const hint = "whether it ran: djob runs";
      question.reject(new ControlError(503, "the worker ended before it had answered", hint));
    }
  }

  /** A run may go on in a worker with old code. @throws what the newest said, if none of them has it */
  async #cancelOld({ retiring, workers }: Asked, words: Words, unknown: ControlError): Promise<unknown> {
    for (const generation of retiring) {
      const worker = workers.get(generation);
      if (worker === undefined) continue;
      try {
        return await this.#ask(worker, words, {}, patienceMs);
      } catch (error) {
        if (!(error instanceof ControlError)) throw error;
      }
    }
    throw unknown;
  }

  async #ask(worker: AskedWorker, words: Words, options: AskOptions, waitMs: number): Promise<unknown> {
    if (this.#open.size >= mostOpen)
      throw new ControlError(503, `${mostOpen} requests wait for the worker already`, "try again later");
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const late = () =>
      reject(
        new ControlError(503, "the worker does not answer: something blocks its event loop", blockedHint),
      );
    const timer = setTimeout(late, waitMs);
    const { call } = words;
    const answer = {
      parts: [],
      length: 0,
      hasBegun: false,
      waits: words.call === "trigger" && words.args.until === "ended",
    };
    this.#open.set(id, { worker, call, options, ...answer, timer, resolve, reject });
    const leave = () => reject(new ControlError(499, "nobody waits for the answer any more"));
    options.signal?.addEventListener("abort", leave);
    worker.tell({ type: "request", id, ...words } as WorkerRequest);
    if (options.signal?.aborted) leave();
    try {
      return await promise;
    } catch (error) {
      // It may still be at it.
      worker.tell({ type: "leave", id });
      throw error;
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", leave);
      this.#open.delete(id);
    }
  }

  #keep(question: Question, index: number, text: string): void {
    question.length += text.length;
    const isNext = index === question.parts.length && text !== "";
    if (isNext && question.length <= longestAnswer) question.parts.push(text);
    else question.reject(nonsense(question.call));
  }

  #conclude({ call, parts, resolve, reject }: Question, count: number): void {
    const value = count === parts.length ? parse(parts.join("")) : undefined;
    if (isAnswer(call, value)) resolve(value);
    else reject(nonsense(call));
  }
}

type Words = { readonly [Name in CallName]: { call: Name; args: Calls[Name]["args"] } }[CallName];

const nothingToReport: WorkerReport = { jobs: [], history: { state: null, reason: null } };
const blockedHint = "see what with kill -USR2 and djob logs";

function newest({ current, workers }: Asked): AskedWorker | undefined {
  return current === null ? undefined : workers.get(current);
}

/** @throws {ControlError} */
function askable(asked: Asked): AskedWorker {
  const worker = newest(asked);
  if (worker?.isCommand)
    throw new ControlError(409, "the daemon runs a program, which has no jobs", "djob status tells of it");
  if (worker !== undefined) return worker;
  const { phase, lastExit } = asked;
  const after = lastExit === null ? "" : `, after ${lastExit}`;
  throw new ControlError(503, `there is no worker at this moment: it is ${phase}${after}`, "try again later");
}

function isUnknown(error: unknown): error is ControlError {
  return error instanceof ControlError && (error.status === 404 || error.status === 409);
}

function nonsense(call: CallName): ControlError {
  return new ControlError(
    502,
    `the worker's answer to ${call} is none`,
    "do its modules write to descriptors that they did not open?",
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
