// The process that becomes the user's program: user, directory, limits and signals as the spec says, and then execve, which
// closes the channel to the supervisor. So its end without a word means that the program runs.
import { exitCode } from "../exit-code.ts";
import { setLimit } from "../libc/attributes.ts";
import { closeOnExecFrom, setCloseOnExec } from "../libc/files.ts";
import { replaceProcess } from "../libc/process.ts";
import { setDisposition, unblockAllSignals } from "../libc/signals.ts";
import { interpreterOf } from "../runtime/command/interpreter.ts";
import { failure } from "../runtime/failure.ts";
import type { FromWorker } from "../runtime/link.ts";
import type { CommandSpec } from "./command.ts";
import { readinessDescriptor, supervisorVariable } from "./descriptors.ts";
import { errorCode, shownError } from "./error.ts";
import { type Exit, endWith, settleIn, takeSpec } from "./settle.ts";
import { Channel } from "./supervise/channel.ts";
import { takeVariable } from "./take-variable.ts";

/** What a runtime ignores for itself would stay ignored. */
export const ignoredByRuntime = ["SIGPIPE", "SIGXFSZ", "SIGHUP"];

export function becomeCommand(exit: Exit): void {
  const supervisor = Number(takeVariable(supervisorVariable));
  endWith(supervisor);
  const spec = takeSpec();
  setCloseOnExec(readinessDescriptor, true);
  const { command } = spec;
  try {
    const environment = settleIn(spec);
    endWith(supervisor);
    if (command !== null) execute(command, environment, spec.privileges?.attributes.limits ?? []);
  } catch (error) {
    const message: FromWorker = { type: "failed", failure: failure(null, whyNot(command, error), null) };
    new Channel(readinessDescriptor).send(message);
  }
  exit(exitCode.notReady);
}

function execute(
  { program, argv, openFiles }: CommandSpec,
  environment: Readonly<Record<string, string>>,
  limits: ReadonlyArray<{ readonly name: string; readonly hard: number | null }>,
): void {
  if (openFiles !== null && !limits.some(({ name }) => name === "nofile")) setSoftOpenFiles(openFiles);
  for (const signal of ignoredByRuntime) setDisposition(signal, "default");
  unblockAllSignals();
  closeOnExecFrom(3);
  replaceProcess(program, argv, environment);
}

function setSoftOpenFiles(soft: number): void {
  const text = process.getBuiltinModule("node:fs").readFileSync("/proc/self/limits", "utf8");
  const hard = Number(/^Max open files +\d+ +(\d+)/m.exec(text)?.[1] ?? Number.NaN);
  if (Number.isSafeInteger(hard)) setLimit("nofile", Math.min(soft, hard), hard);
}

function whyNot(command: CommandSpec | null, error: unknown): string {
  const program = command?.program ?? "";
  const interpreter = interpreterOf(program);
  const code = errorCode(error);
  if (code === "ENOENT" && interpreter !== null)
    return `cannot run ${program}: its interpreter ${interpreter} is missing`;
  if (code === "ENOEXEC")
    return `cannot run ${program}: it is no program for this machine, and no script with a first line such as #!/bin/sh`;
  return shownError(error).message;
}
