// The djob executable on disk, which after an update is another one than this process is running. Root becomes what is in
// that file: it must be one that nobody else can write or swap.
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { exitCode } from "../exit-code.ts";
import { DjobError, worldError } from "./error.ts";
import { specVersion } from "./spec.ts";
import { checkWay } from "./trust.ts";

/**
 * To be raised with every change of what a supervisor hands over to its successor, or of what supervisor and worker say
 * to each other: an executable that says another number is refused.
 */
const handoverProtocol = 4;

/** What `djob version --json` says besides: whether one djob can take over from another. */
export const handoverFacts = { handover: handoverProtocol, spec: specVersion };

export interface Executable {
  readonly path: string;
  /** Close-on-exec. Whatever happens to the path, this stays the file that was checked. */
  readonly descriptor: number;
}

const deletedMark = " (deleted)";
const elfMagic = Buffer.from("\x7fELF");
const othersMayWrite = 0o022;

/** The caller closes it. @throws {DjobError} if it is missing, no executable, or may be written by others */
export function openExecutable(): Executable {
  const path = pathOnDisk(readlinkSync("/proc/self/exe"));
  let descriptor: number | null = null;
  try {
    checkWay(dirname(path));
    const real = realpathSync(path);
    checkWay(dirname(real));
    descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    check(path, descriptor);
    return { path, descriptor };
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    throw worldError(`use the executable ${path}`, error);
  }
}

/** proc_pid_exe(5): what the link of a process says whose file was replaced or removed. */
function pathOnDisk(link: string): string {
  return link.endsWith(deletedMark) ? link.slice(0, -deletedMark.length) : link;
}

function check(path: string, descriptor: number): void {
  const stats = fstatSync(descriptor);
  const refuse = (why: string, hint: string) => {
    throw new DjobError(exitCode.failed, `refusing to use the executable ${path}: ${why}`, hint);
  };
  if (!stats.isFile()) refuse("it is not a file", "put the new djob there");
  const own = process.geteuid?.() ?? 0;
  if (stats.uid !== 0 && stats.uid !== own) refuse(`it belongs to user ${stats.uid}`, `chown root ${path}`);
  if ((stats.mode & othersMayWrite) !== 0) refuse("others may write to it", `chmod go-w ${path}`);
  if ((stats.mode & 0o111) === 0) refuse("it is not executable", `chmod +x ${path}`);
  const head = Buffer.alloc(elfMagic.length);
  readSync(descriptor, head, 0, head.length, 0);
  if (!head.equals(elfMagic)) refuse("it is no executable of this system", "put the new djob there");
}
