// What every process of the chain that stays does first: takes the spec, becomes what it says, and ends with its parent.
import { constants, openSync, readFileSync, writeFileSync } from "node:fs";
import { closeDescriptor, duplicate, memoryFile, setCloseOnExec, writeAll } from "../libc/files.ts";
import { exitImmediately, setParentDeathSignal } from "../libc/process.ts";
import { handDownProcessEnvironment } from "../runtime/child-environment.ts";
import { specDescriptor, specFileName, stageVariable } from "./descriptors.ts";
import { type Environment, isQuietSetting, quietSettings } from "./environment.ts";
import { worldError } from "./error.ts";
import { applyLimits } from "./privileges/attributes.ts";
import { dropPrivileges } from "./privileges/drop.ts";
import { decodeSpec, type Spec } from "./spec.ts";
import { takeVariable } from "./take-variable.ts";
import { restoreTerminalSignals } from "./terminal-signals.ts";

/** The part of main.ts that may end the process. */
export type Exit = (code: number) => never;

/** What `kill -9` makes of a process, as a shell tells it. */
export const killedCode = 137;

/** The parent-death signal; a supervisor that ended before it was set is another parent than the one that told its pid. */
export function endWith(supervisor: number): void {
  setParentDeathSignal("SIGKILL");
  if (process.platform === "linux" && process.ppid !== supervisor) exitImmediately(killedCode);
}

/**
 * Reads the spec that this stage was started with. The descriptor's number stays taken: a reload puts the next spec there,
 * and a file that a thread of the runtime had under this number would be closed by that thread in its place. Until then it
 * holds the spec for `djob stop`, `status` and `restart` to read when the daemon itself does not answer.
 */
export function takeSpec(): Spec {
  const text = readFileSync(specDescriptor, "utf8");
  const kept = memoryFile(specFileName);
  const placeholder = kept ?? openSync("/dev/null", constants.O_RDONLY);
  if (kept !== null) writeAll(kept, Buffer.from(text));
  duplicate(placeholder, specDescriptor);
  closeDescriptor(placeholder);
  setCloseOnExec(specDescriptor, true);
  return decodeSpec(text);
}

/**
 * User, directory, umask, signals and environment as the spec says. @returns the environment that modules see
 * @throws {DjobError} if the process may not be left as it is then
 */
export function settleIn({ privileges, workingDirectory, umask, foreground }: Spec): Environment {
  nameProcess();
  if (privileges !== null) applyLimits(privileges.attributes);
  dropPrivileges(privileges);
  if (workingDirectory !== null) enterDirectory(workingDirectory);
  if (umask !== null) process.umask(umask);
  if (!foreground) restoreTerminalSignals();
  const environment: Record<string, string> = {};
  forgetOwnVariables();
  handDownProcessEnvironment(Bun.main);
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return environment;
}

/** What this stage was started with, and nothing that modules or their children may see. */
export function forgetOwnVariables(): void {
  for (const name of [stageVariable, ...ownSettings()]) takeVariable(name);
}

/** As its new user, who may be the only one that may, or the one that may not. */
function enterDirectory(path: string): void {
  try {
    process.chdir(path);
  } catch (error) {
    throw worldError(`use the working directory ${path}`, error);
  }
}

/** Started through /proc/self/exe, the process would be "exe" to top, ps -e and killall (proc_pid_comm(5)). */
export function nameProcess(): void {
  try {
    writeFileSync("/proc/self/comm", "djob");
  } catch {
    // Without /proc there was no such link either.
  }
}

/** Runtime settings that djob made for itself; one that the user chose stays. */
function ownSettings(): readonly string[] {
  return quietSettings.map(([name]) => name).filter((name) => isQuietSetting(name, process.env[name]));
}
