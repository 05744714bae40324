// Calls the programs of init systems and crontab(1), and tells what they say when they fail.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { Commands } from "./manners.ts";
import type { BootSystem, ProgramResult } from "./system.ts";

/** @param action what they are called for: "install worker" */
export function callAll(system: BootSystem, action: string, commands: Commands): void {
  for (const command of commands) {
    const result = system.call(command);
    if (result.code !== 0) throw failure(action, command, result);
  }
}

/** To take back what has failed: as much of it as works. */
export function tryAll(system: BootSystem, commands: Commands): void {
  for (const command of commands) {
    try {
      system.call(command);
    } catch {
      // The failure that led here is the one to tell.
    }
  }
}

/** The user's crontab; empty if there is none. */
export function readCrontab(system: BootSystem): string {
  const command = ["crontab", "-l"];
  const result = system.call(command);
  if (result.code === 0) return result.stdout;
  // No option asks for it: Vixie's and cronie's say "no crontab for USER", busybox' that it can't open a file.
  if (/no crontab|no such file/i.test(result.stderr)) return "";
  throw failure("read the crontab", command, result);
}

/** crontab(1) checks it and puts it in place whole or not at all. */
export function writeCrontab(system: BootSystem, text: string): void {
  const command = ["crontab", "-"];
  const result = system.call(command, text);
  if (result.code !== 0) throw failure("write the crontab", command, result);
}

function failure(
  action: string,
  command: readonly string[],
  { code, stdout, stderr }: ProgramResult,
): DjobError {
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(0, 5).join("\n  ");
  const hint =
    command.includes("--user") && /connect to bus|DBUS|XDG_RUNTIME_DIR/.test(said)
      ? "log in as this user (su does not make a session), or choose --init crontab"
      : null;
  const message = `cannot ${action}: ${command.join(" ")} ended with exit code ${code}`;
  return new DjobError(exitCode.failed, said === "" ? message : `${message}\n  ${said}`, hint);
}
