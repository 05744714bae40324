// What goes wrong in the world, told to a person: cannot do what, to which value, why, and what would help.
// Anything else that is thrown is a bug of djob's and is shown with its stack.

import { type ExitCode, exitCode } from "../exit-code.ts";
import { SystemError } from "../libc/error.ts";
import { ScheduleError } from "../schedule/schedule-error.ts";

export class DjobError extends Error {
  override readonly name = "DjobError";
  readonly code: ExitCode;
  readonly hint: string | null;

  constructor(code: ExitCode, message: string, hint: string | null = null) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** What a refused system call is to a person: exit 4 when it is a matter of permission, else exit 1. */
export function worldError(action: string, error: unknown, hint: string | null = null): DjobError {
  if (error instanceof DjobError) return error;
  const code = errorCode(error);
  const why = reasons[code ?? ""] ?? (error instanceof Error ? error.message : String(error));
  const denied = code === "EACCES" || code === "EPERM" || code === "EROFS";
  return new DjobError(denied ? exitCode.notPermitted : exitCode.failed, `cannot ${action}: ${why}`, hint);
}

/** Whatever was thrown, as an error to show: what is none of the known kinds is a bug of djob's, with its stack. */
export function shownError(error: unknown): DjobError {
  if (error instanceof DjobError) return error;
  if (error instanceof ScheduleError) return new DjobError(exitCode.usage, error.message, error.hint ?? null);
  if (error instanceof SystemError) return new DjobError(exitCode.failed, error.message, error.hint ?? null);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new DjobError(exitCode.bug, `this is a bug in djob: ${stack}`);
}

/** The system's name of the error (ENOENT), where it has one. */
export function errorCode(error: unknown): string | null {
  if (error instanceof SystemError) return error.code;
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return null;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  ELOOP: "it is a symbolic link",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
};

/** For a daemon that was there a moment ago. */
export function goneAlready(name: string): DjobError {
  return new DjobError(exitCode.notRunning, `${name} is not running any more: it has just ended`);
}
