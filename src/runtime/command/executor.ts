// Runs a job that is a command: a child in a session and process group of its own, so that what it starts ends with it, whose
// output goes to the log line by line.
import type { Subprocess } from "bun";
import type { CommandWork, Limits } from "../job.ts";
import type { Ending, Execution, Executor, RunOutput, RunRequest } from "../running/execution.ts";
import { LineSplitter } from "./lines.ts";
import { watchMemory } from "./memory.ts";

type Child = Subprocess<Blob | "ignore", "pipe", "pipe">;

/** How long output may still come when the process has ended: a grandchild may hold the pipe for ever. */
const drainMs = 1_000;

export function commandExecutor(work: CommandWork & Limits): Executor {
  return {
    execute: (request, output) => new CommandExecution(work, request, output),
    close() {},
  };
}

class CommandExecution implements Execution {
  readonly ended: Promise<Ending>;
  #child: Child | null = null;
  #limit: string | null = null;

  constructor(work: CommandWork & Limits, request: RunRequest, output: RunOutput) {
    try {
      this.#child = start(work, request);
      this.ended = this.#follow(this.#child, work, output);
    } catch (error) {
      this.ended = Promise.resolve({
        type: "failed",
        error: new Error(`cannot run ${work.argv[0]}: ${whyNot(error, work)}`, { cause: error }),
        exitCode: null,
        signal: null,
      });
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

  async #follow(child: Child, { maxMemoryBytes }: Limits, output: RunOutput): Promise<Ending> {
    const stopWatching =
      maxMemoryBytes === null
        ? () => {}
        : watchMemory(child.pid, maxMemoryBytes, (limit) => {
            this.#limit = limit;
            this.#signal("SIGKILL");
          });
    const giveUp = new AbortController();
    const { stdout, stderr } = child;
    const told = Promise.allSettled([stdout, stderr].map((each) => tellLines(each, output, giveUp.signal)));
    await child.exited;
    stopWatching();
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    await Promise.race([told, late]);
    clearTimeout(timer);
    giveUp.abort();
    const { exitCode, signalCode } = child;
    if (exitCode === 0) return { type: "succeeded", result: undefined, state: undefined, exitCode };
    const how = signalCode === null ? `exit code ${exitCode}` : `killed by ${signalCode}`;
    const error = new Error(this.#limit ?? how);
    error.name = "CommandError";
    error.stack = `${error.name}: ${error.message}`;
    return {
      type: "failed",
      error,
      exitCode: signalCode === null ? exitCode : null,
      signal: signalCode === null ? null : String(signalCode),
    };
  }
}

function start({ argv, env, cwd, stdin, maxCpuMs }: CommandWork & Limits, request: RunRequest): Child {
  return Bun.spawn([...limited(argv, maxCpuMs)], {
    cwd: cwd ?? process.cwd(),
    env: { ...process.env, ...env, ...ownVariables(request) },
    stdin: stdin === null ? "ignore" : new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  }) as Child;
}

/** setrlimit(2) counts CPU time in seconds; the kernel sends SIGXCPU when they are over. */
function limited(argv: readonly string[], maxCpuMs: number | null): readonly string[] {
  if (maxCpuMs === null) return argv;
  const seconds = Math.ceil(maxCpuMs / 1000);
  // The soft one first, which must not be above the hard one; at the hard one it is SIGKILL.
  return ["/bin/sh", "-c", `ulimit -S -t ${seconds}; ulimit -H -t ${seconds + 1}; exec "$@"`, "sh", ...argv];
}

/** What a command may want to know of its run. */
function ownVariables({ job, id, attempt, scheduledAtMs, input }: RunRequest): Record<string, string> {
  return {
    DJOB_JOB: job,
    DJOB_RUN_ID: id,
    DJOB_ATTEMPT: String(attempt),
    DJOB_SCHEDULED_AT: new Date(scheduledAtMs).toISOString(),
    ...(input === undefined ? {} : { DJOB_INPUT: JSON.stringify(input) }),
  };
}

/** @param given aborted when whoever still holds the pipe is not to be listened to any more */
async function tellLines(
  stream: ReadableStream<Uint8Array>,
  output: RunOutput,
  given: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  const lines = new LineSplitter((line) => output.line("info", line));
  const cancel = () => void reader.cancel();
  given.addEventListener("abort", cancel);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) lines.push(read.value);
  } finally {
    given.removeEventListener("abort", cancel);
    lines.end();
  }
}

function whyNot(error: unknown, { cwd }: CommandWork): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOENT")
    return cwd === null ? "there is no such program" : `there is no such program, or no directory ${cwd}`;
  if (code === "EACCES") return "it is not executable";
  return error instanceof Error ? error.message : String(error);
}
