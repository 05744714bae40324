// The worker's answers to what its supervisor forwards: small messages, so that none holds up the others.
import type { Meanwhile, RemoteJobs } from "../../control/calls.ts";
import { ControlError } from "../../control/jobs.ts";
import { type FromAsked, longestAnswer, longestPart, type WorkerRequest } from "../link.ts";

export class Answering {
  readonly #jobs: RemoteJobs;
  readonly #send: (message: FromAsked) => void;
  /** What is being answered: aborted when nobody waits any more. */
  readonly #open = new Map<number, AbortController>();

  constructor(jobs: RemoteJobs, send: (message: FromAsked) => void) {
    this.#jobs = jobs;
    this.#send = send;
  }

  /** Never rejects. */
  async answer({ id, call, args }: WorkerRequest): Promise<void> {
    const left = new AbortController();
    this.#open.set(id, left);
    const tell = (message: FromAsked) => {
      if (!left.signal.aborted) this.#send(message);
    };
    const meanwhile: Meanwhile = {
      begun: (run) => tell({ type: "begun", id, run }),
      line: (line) => tell({ type: "line", id, line: shortened(line) }),
    };
    try {
      const answer = await this.#jobs.ask(call, args, { signal: left.signal, meanwhile });
      this.#sendParts(id, JSON.stringify(answer), tell);
    } catch (error) {
      tell(refusal(id, error));
    } finally {
      this.#open.delete(id);
    }
  }

  /** Nobody waits for that answer any more. */
  leave(id: number): void {
    this.#open.get(id)?.abort();
  }

  #sendParts(id: number, text: string, tell: (message: FromAsked) => void): void {
    if (text.length > longestAnswer)
      throw new ControlError(413, `the answer has ${text.length} characters`, "ask for fewer: limit=100");
    const parts = Math.ceil(text.length / longestPart);
    for (let index = 0; index < parts; index += 1) {
      const piece = text.slice(index * longestPart, (index + 1) * longestPart);
      tell({ type: "part", id, index, text: piece });
    }
    tell({ type: "answer", id, parts });
  }
}

function refusal(id: number, error: unknown): FromAsked {
  if (error instanceof ControlError) {
    const { status, message, hint } = error;
    return { type: "refused", id, status, message: shortened(message), hint: hint && shortened(hint) };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    type: "refused",
    id,
    status: 500,
    message: shortened(`this is a bug in djob: ${text}`),
    hint: null,
  };
}

function shortened(text: string): string {
  return text.length <= longestPart ? text : `${text.slice(0, longestPart - 1)}…`;
}
