// Whether an executable is a djob that can take over from this one: it is asked for its version, with nothing of this
// process's environment and descriptors, before anything is given up.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { memoryFile } from "../../libc/files.ts";
import type { ChildExit } from "../../libc/process.ts";
import { sendSignal } from "../../libc/signals.ts";
import { spawn } from "../../libc/spawn.ts";
import { DjobError } from "../error.ts";
import { type Executable, handoverFacts } from "../executable.ts";

export interface Edition {
  readonly version: string;
  readonly commit: string;
}

const patienceMs = 5_000;
const pollMs = 20;
const longestAnswerBytes = 1 << 16;
const executableDescriptor = 3;

/**
 * @param whenEnded resolves when that child has been reaped
 * @throws {DjobError} if it does not answer, or with something else than the version of a djob that fits
 */
export async function examineExecutable(
  { path, descriptor }: Executable,
  whenEnded: (pid: number) => Promise<ChildExit>,
): Promise<Edition> {
  const answer = memoryFile("djob-version");
  if (answer === null) throw refusal(path, "this system has no memory files");
  const devNull = openSync("/dev/null", constants.O_RDWR);
  try {
    const pid = spawn({
      path: `/proc/self/fd/${executableDescriptor}`,
      argv: ["djob", "version", "--json"],
      environment: {},
      descriptors: [
        { from: devNull, to: 0 },
        { from: answer, to: 1 },
        { from: devNull, to: 2 },
        { from: descriptor, to: executableDescriptor },
      ],
      newGroup: true,
      defaultSignals: "all",
      blockedSignals: [],
      closeFrom: executableDescriptor + 1,
    });
    const exit = await endInTime(path, pid, answer, whenEnded(pid));
    if (exit.exitCode !== 0) throw refusal(path, `asked for its version, it ended with ${describe(exit)}`);
    return editionOf(path, textOf(answer));
  } finally {
    closeSync(devNull);
    closeSync(answer);
  }
}

async function endInTime(
  path: string,
  pid: number,
  answer: number,
  ended: Promise<ChildExit>,
): Promise<ChildExit> {
  const deadlineMs = performance.now() + patienceMs;
  let why: string | null = null;
  const timer = setInterval(() => {
    if (performance.now() > deadlineMs) why = `it did not tell its version within ${patienceMs / 1000} s`;
    else if (fstatSync(answer).size > longestAnswerBytes) why = "it does not stop telling its version";
    else return;
    // It has not been reaped: the number is its own.
    sendSignal(pid, "SIGKILL");
    clearInterval(timer);
  }, pollMs);
  const exit = await ended;
  clearInterval(timer);
  if (why !== null) throw refusal(path, why);
  return exit;
}

/** Pure: exported for its test. @throws {DjobError} if it is no djob that speaks this one's protocol */
export function editionOf(path: string, text: string): Edition {
  const { version, commit, handover, spec } = factsOf(text);
  if (typeof version !== "string" || typeof commit !== "string")
    throw refusal(path, "it is no djob: it does not tell its version");
  if (handover !== handoverFacts.handover || spec !== handoverFacts.spec)
    throw refusal(path, `djob ${version} can't take over from this version of djob`);
  return { version, commit };
}

function factsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(descriptor: number): string {
  const bytes = Buffer.alloc(longestAnswerBytes);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0)).toString();
}

function describe({ exitCode: code, signal }: ChildExit): string {
  return signal ?? `exit code ${code}`;
}

function refusal(path: string, why: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `refusing to use the executable ${path}: ${why}`,
    "what runs goes on; to start anew with what is there: djob restart",
  );
}
