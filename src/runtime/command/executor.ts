// Runs a job that is a command: a child in a session and process group of its own, so that what it starts ends with it, whose
// output goes to the log line by line.
import type { Subprocess } from "bun";
import { endsWithin } from "../ends-within.ts";
import type { CommandWork, Limits } from "../job.ts";
import type { Ending, Execution, Executor, RunOutput, RunRequest } from "../running/execution.ts";
import { LineSplitter } from "./lines.ts";
import { groupMemory } from "./memory.ts";
import type { OutputPipe } from "./output.ts";
import type { CommandStage } from "./stage.ts";
import { type StartedCommand, startCommand } from "./start.ts";

/** How long output may still come when the process has ended: a grandchild may hold the pipe for ever. */
const drainMs = 1_000;
/** Then, for how long there must be none; and how often it may come all the same. */
const quietMs = 10;
const maximumRounds = 100;

/** @param stage by way of which a command is another user, or limited in its CPU time; null: it can be neither */
export function commandExecutor(work: CommandWork & Limits, stage: CommandStage | null): Executor {
  return {
    execute: (request, output) => new CommandExecution(work, stage, request, output),
    prepare() {},
    close() {},
  };
}

class CommandExecution implements Execution {
  readonly ended: Promise<Ending>;
  #child: Subprocess | null = null;
  #limit: string | null = null;

  constructor(
    work: CommandWork & Limits,
    stage: CommandStage | null,
    request: RunRequest,
    output: RunOutput,
  ) {
    try {
      const started = startCommand(work, request, stage);
      this.#child = started.child;
      this.ended = this.#follow(started, work, output);
    } catch (error) {
      this.ended = Promise.resolve(notRun(work, error instanceof Error ? error.message : String(error)));
    }
  }

  abort(): void {
    this.#signal("SIGTERM");
  }

  terminate(): boolean {
    return this.#signal("SIGKILL");
  }

  /** Only as long as the child has not been reaped: until then its group's number is nobody else's. */
  #signal(signal: NodeJS.Signals): boolean {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return false;
    try {
      process.kill(-child.pid, signal);
      return true;
    } catch {
      // It has ended in this very moment, or is not in its group yet.
      child.kill(signal);
      return true;
    }
  }

  #watchMemory(pid: number, { maxMemoryBytes }: Limits, over: AbortSignal): void {
    if (maxMemoryBytes === null || over.aborted) return;
    const stop = groupMemory.watch(pid, maxMemoryBytes, (limit) => {
      this.#limit = limit;
      this.#signal("SIGKILL");
    });
    over.addEventListener("abort", stop);
  }

  async #follow(started: StartedCommand, work: CommandWork & Limits, output: RunOutput): Promise<Ending> {
    const { child, outputs, refusal } = started;
    const isOver = new AbortController();
    // Not before it is the program itself.
    void refusal.then(() => this.#watchMemory(child.pid, work, isOver.signal));
    const told = new ToldLines(outputs, output);
    await child.exited;
    isOver.abort();
    await told.drain();
    const refused = await refusal;
    if (refused !== null) return notRun(work, refused);
    const { exitCode, signalCode } = child;
    if (exitCode === 0) return { type: "succeeded", result: undefined, state: undefined, exitCode };
    const how = signalCode === null ? `exit code ${exitCode}` : `killed by ${signalCode}`;
    return {
      type: "failed",
      error: commandError(this.#limit ?? how),
      exitCode: signalCode === null ? exitCode : null,
      signal: signalCode === null ? null : String(signalCode),
    };
  }
}

/** The lines of both outputs, told as they come. */
class ToldLines {
  readonly #giveUp = new AbortController();
  readonly #all: Promise<unknown>;
  #chunks = 0;

  constructor(outputs: readonly OutputPipe[], output: RunOutput) {
    this.#all = Promise.allSettled(outputs.map((each) => this.#read(each, output)));
  }

  async #read(pipe: OutputPipe, output: RunOutput): Promise<void> {
    // Programs tell their progress on standard error as well: neither systemd nor supercronic takes its lines for warnings.
    const lines = new LineSplitter((line) => output.line("info", line));
    const receive = (chunk: Uint8Array) => {
      this.#chunks += 1;
      lines.push(chunk);
    };
    await pipe.read(receive, this.#giveUp.signal);
    lines.end();
  }

  /** Waits for the end of both, or, when they are held open, until nothing more comes. */
  async drain(): Promise<void> {
    if (await endsWithin(drainMs, this.#all)) return;
    // The event loop may have been blocked all the time.
    for (let round = 0, before = -1; round < maximumRounds && before !== this.#chunks; round += 1) {
      before = this.#chunks;
      if (await endsWithin(quietMs, this.#all)) return;
    }
    this.#giveUp.abort();
    await this.#all;
  }
}

function notRun({ argv }: CommandWork, why: string): Ending {
  const error = commandError(`cannot run ${argv[0]}: ${why}`);
  return { type: "failed", error, exitCode: null, signal: null };
}

function commandError(message: string): Error {
  const error = new Error(message);
  error.name = "CommandError";
  error.stack = `${error.name}: ${error.message}`;
  // The log has the message alone.
  Object.defineProperty(error, Symbol.for("nodejs.util.inspect.custom"), { value: () => message });
  return error;
}
