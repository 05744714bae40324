// Starts a command: directly, or by way of the stage that makes it another user or limits it. Either way it is in a
// session of its own, its outputs are pipes, and it gets no descriptor but its three.
import { closeSync, statSync, writeSync } from "node:fs";
import type { Subprocess } from "bun";
import { closeDescriptor, memoryFile, pipe, writeAll } from "../../libc/files.ts";
import type { CommandWork, Limits } from "../job.ts";
import type { RunRequest } from "../running/execution.ts";
import { type CommandUser, withUser } from "./account.ts";
import { interpreterOf } from "./interpreter.ts";
import { OutputPipe } from "./output.ts";
import { type CommandStage, type StageReport, type StageRequest, whyNot } from "./stage.ts";

export interface StartedCommand {
  readonly child: Subprocess;
  readonly outputs: readonly [OutputPipe, OutputPipe];
  /** Settles when the program runs (null), or with why it does not. */
  readonly refusal: Promise<string | null>;
}

/** @throws {Error} that says why it can't be run */
export function startCommand(
  work: CommandWork & Limits,
  request: RunRequest,
  stage: CommandStage | null,
): StartedCommand {
  const { cwd, user } = work;
  const owner = user?.isOther ? user : null;
  const outputs = outputPipes(owner);
  const environment = environmentFor(work, request);
  let stdin: number | null = null;
  try {
    stdin = work.stdin === null ? null : textFile(work.stdin);
    const stdio = [work.stdin === null ? "ignore" : (stdin ?? new Blob([work.stdin]))] as const;
    const outputEnds = outputs.map(({ childEnd }) => childEnd);
    const isStaged = owner !== null || work.maxCpuMs !== null;
    if (isStaged && stage === null) throw new StageError("only djob itself can: use djob test");
    const started =
      isStaged && stage !== null
        ? startStage(work, environment, stage, [...stdio, ...outputEnds])
        : { child: spawn(work, environment, [...stdio, ...outputEnds]), refusal: Promise.resolve(null) };
    return { ...started, outputs };
  } catch (error) {
    for (const output of outputs) output.discard();
    if (error instanceof StageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const directory = cwd ?? currentDirectory();
    const step = directory === null || !isDirectory(directory) ? "directory" : "program";
    const interpreter = interpreterOf(work.argv[0] ?? "");
    const report: StageReport = { step, code: codeOf(error), message, interpreter };
    throw new Error(whyNot(report, directory), { cause: error });
  } finally {
    for (const output of outputs) output.release();
    if (stdin !== null) closeSync(stdin);
  }
}

function outputPipes(owner: CommandUser | null): readonly [OutputPipe, OutputPipe] {
  const first = new OutputPipe(owner);
  try {
    return [first, new OutputPipe(owner)];
  } catch (error) {
    first.discard();
    throw error;
  }
}

/** The program itself may be there. */
class StageError extends Error {
  constructor(why: string, cause?: unknown) {
    super(`it can't be another user or limited here: ${why}`, cause === undefined ? {} : { cause });
  }
}

type Stdio = ReadonlyArray<number | "ignore" | Blob>;

function spawn({ argv, cwd }: CommandWork, env: Record<string, string>, stdio: Stdio): Subprocess {
  return Bun.spawn([...argv], { cwd: cwd ?? process.cwd(), env, stdio: stdio as never, detached: true });
}

function startStage(
  { argv, cwd, user, maxCpuMs }: CommandWork & Limits,
  environment: Record<string, string>,
  stage: CommandStage,
  stdio: Stdio,
): Pick<StartedCommand, "child" | "refusal"> {
  const request: StageRequest = {
    argv,
    environment,
    directory: cwd ?? process.cwd(),
    user: user?.isOther ? user : null,
    cpuSeconds: maxCpuMs === null ? null : Math.ceil(maxCpuMs / 1000),
  };
  const told = textFile(JSON.stringify(request)) ?? textPipe(JSON.stringify(request));
  const report = pipe();
  try {
    const child = Bun.spawn([stage.executable], {
      argv0: stage.argv0,
      env: stage.environment,
      stdio: [...stdio, told, report.writeEnd] as never,
      detached: true,
    });
    return { child, refusal: readRefusal(report.readEnd, request.directory) };
  } catch (cause) {
    closeDescriptor(report.readEnd);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StageError(`${stage.executable} can't be started (a chroot needs a /proc): ${why}`, cause);
  } finally {
    closeDescriptor(told);
    closeDescriptor(report.writeEnd);
  }
}

/** Its end without a word means that the program runs, or that the stage was ended. */
async function readRefusal(descriptor: number, directory: string): Promise<string | null> {
  try {
    const text = await new Response(Bun.file(descriptor).stream()).text();
    return text === "" ? null : whyNot(JSON.parse(text) as StageReport, directory);
  } catch {
    // It was killed amid its words.
    return null;
  } finally {
    closeDescriptor(descriptor);
  }
}

function environmentFor({ env, user }: CommandWork, request: RunRequest): Record<string, string> {
  const inherited = user === null ? process.env : withUser(process.env, user);
  // A daemon that a command has started has that one's input.
  const given = Object.entries(inherited).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== "DJOB_INPUT",
  );
  return { ...Object.fromEntries(given), ...env, ...ownVariables(request) };
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

/** A file without a name that holds a text, to be read from its start; null where there is none. */
function textFile(text: string): number | null {
  const descriptor = memoryFile("djob-command");
  if (descriptor === null) return null;
  const bytes = Buffer.from(text);
  // At a place, so that the file's own stays at the start.
  for (let offset = 0; offset < bytes.length; )
    offset += writeSync(descriptor, bytes, offset, bytes.length - offset, offset);
  return descriptor;
}

/** Nobody reads yet: it must fit. */
function textPipe(text: string): number {
  const bytes = Buffer.from(text);
  if (bytes.length > maximumPipeBytes) throw new Error("its arguments and variables are too long");
  const { readEnd, writeEnd } = pipe();
  writeAll(writeEnd, bytes);
  closeDescriptor(writeEnd);
  return readEnd;
}

const maximumPipeBytes = 60_000;

/** null: it was removed. */
function currentDirectory(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
