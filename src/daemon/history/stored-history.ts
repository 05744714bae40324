// Where a daemon's run history is for those outside, also when the daemon does not run: one that is another user, or has another
// root directory, has it where its name alone does not tell.
import { closeSync, constants, ftruncateSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { outsidePath } from "../inside.ts";
import type { Spec } from "../spec.ts";
import { makeDirectory, openOwnFile, openOwnFileIfThere } from "../trust.ts";

/** Beside where the database is usually. */
const noteEnding = ".place";
const noteMode = 0o600;
/** As of the directory of root's run histories: other users reach what is theirs by name, and can list nothing. */
const passableMode = 0o711;

/** Where a daemon's run history is for those outside of its root directory. */
export function historyOutside({ paths, privileges }: Pick<Spec, "paths" | "privileges">): string {
  return outsidePath(privileges?.chroot ?? null, paths.history);
}

/**
 * Leaves word where the run history is that a daemon has which is another user, or has another root directory, for when it does
 * not run. To be called by whoever holds the daemon's lock.
 * @param usual where it would be otherwise
 */
export function notePlace(usual: string, spec: Pick<Spec, "paths" | "privileges">): void {
  const place = historyOutside(spec);
  const note = usual + noteEnding;
  try {
    if (place === usual) {
      rmSync(note, { force: true });
      return;
    }
    makeDirectory(dirname(usual), passableMode);
    const flags = constants.O_WRONLY | constants.O_CREAT;
    const descriptor = openOwnFile({ path: note, what: "note", flags, devices: false }, noteMode);
    try {
      ftruncateSync(descriptor);
      writeSync(descriptor, `${place}\n`);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Then nobody finds the history of a daemon that does not run, which is to stop none.
  }
}

/** Where the run history is of a daemon that does not run. @param usual where it is unless there is word of another place */
export function storedHistory(usual: string): string {
  try {
    const request = { path: usual + noteEnding, what: "note", flags: constants.O_RDONLY, devices: false };
    const descriptor = openOwnFileIfThere(request);
    if (descriptor === null) return usual;
    try {
      const place = readFileSync(descriptor, "utf8").trimEnd();
      return place.startsWith("/") ? place : usual;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return usual;
  }
}
