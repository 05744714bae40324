// Opens the log for the daemon: append only, so that several writers and a rotation by copying and truncating do no
// harm; 0640, so that a group may read it.
import { constants, fstatSync } from "node:fs";
import { closeDescriptor, duplicate } from "../libc/files.ts";
import { errDescriptor, outDescriptor } from "../logs/sink.ts";
import type { Paths } from "./paths.ts";
import { openOwnFile } from "./trust.ts";

const logMode = 0o640;

/** Descriptors; the same one twice if standard error has no file of its own. */
export interface OpenLogs {
  readonly out: number;
  readonly err: number;
}

export function openLogs(log: string, logErr: string | null): OpenLogs {
  const out = openLog(log);
  try {
    return { out, err: logErr === null ? out : openLog(logErr) };
  } catch (error) {
    closeDescriptor(out);
    throw error;
  }
}

/** Opens the logs anew under their names, onto descriptors 1 and 2. Nothing changes if one can't be opened. */
export function reopenLogs({ log, logErr }: Pick<Paths, "log" | "logErr">): void {
  if (log === null) return;
  const { out, err } = openLogs(log, logErr);
  duplicate(out, outDescriptor);
  duplicate(err, errDescriptor);
  closeDescriptor(out);
  if (err !== out) closeDescriptor(err);
}

/** How long a log is by now: what comes after was written by the daemon that is being started. */
export function sizeOf(descriptor: number): number {
  return fstatSync(descriptor).size;
}

function openLog(path: string): number {
  const flags = constants.O_WRONLY | constants.O_APPEND;
  return openOwnFile({ path, what: "log", flags, devices: true }, logMode);
}
