// How a failed call of libc reaches the rest of djob: one class that says what could not be done, to what, why, and
// what would help. `code` is the error's name (ENOENT), as in the errors of node:fs.
import { constants } from "node:os";
import { libc } from "./library.ts";

interface SystemErrorDetails {
  /** The C function that failed. */
  readonly syscall: string;
  readonly errno: number;
  /** What was tried and on which value, as it follows "cannot": "lock descriptor 5". */
  readonly action: string;
  readonly path?: string;
  readonly hint?: string | undefined;
}

export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly syscall: string;
  readonly code: string;
  readonly errno: number;
  declare readonly path?: string;
  declare readonly hint?: string;

  constructor(details: SystemErrorDetails) {
    const code = errnoName(details.errno);
    const hint = details.hint ?? hints[code];
    const reason = libc().symbols.strerror(details.errno) ?? code;
    super(`cannot ${details.action}: ${reason}${hint === undefined ? "" : `; ${hint}`}`);
    this.syscall = details.syscall;
    this.code = code;
    this.errno = details.errno;
    if (details.path !== undefined) this.path = details.path;
    if (hint !== undefined) this.hint = hint;
  }
}

/** The number of an error on this platform, by its name. */
export const errnoNumbers: Readonly<Record<ErrnoName, number>> = constants.errno;

type ErrnoName = keyof typeof constants.errno;

const hints: Readonly<Record<string, string>> = {
  EMFILE: "this process has too many open files: raise its limit (ulimit -n, LimitNOFILE=)",
  ENFILE: "the whole system has too many open files: raise fs.file-max",
  ENOMEM: "there is not enough memory",
};

function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno);
  return found === undefined ? `E${errno}` : found[0];
}
