// The directory of a daemon's run history: made before there is a daemon. SQLite makes files beside its database, so a worker that
// is another user has a directory of its own, which root makes in its own and never looks into.
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../error.ts";
import { outsidePath } from "../inside.ts";
import type { Paths } from "../paths.ts";
import { type Owner, ownerOf, type Privileges } from "../privileges/privileges.ts";
import { checkDirectory, makeDirectory } from "../trust.ts";

const privateMode = 0o700;
/** Other users' daemons reach their own directories in there by name, and can list nothing. */
const passableMode = 0o711;

/**
 * A place that can't be used stops no daemon: its worker goes on in memory, and says so.
 * @returns why it can't be used; null: it can
 */
export function prepareHistory(history: Paths["history"], privileges: Privileges | null): unknown {
  const directory = outsidePath(privileges?.chroot ?? null, dirname(history));
  const owner = ownerOf(privileges);
  try {
    if (owner === null) makeDirectory(directory, process.geteuid?.() === 0 ? passableMode : privateMode);
    else makeDirectoryFor(owner, directory, privateMode);
    return null;
  } catch (error) {
    return error;
  }
}

/** A directory of a user's own in one of root's. @throws if it can't be made, or is another user's */
export function makeDirectoryFor(owner: Owner, directory: string, mode: number): void {
  const above = dirname(directory);
  makeDirectory(above, passableMode);
  checkDirectory(above);
  try {
    mkdirSync(directory, mode);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid } = fstatSync(descriptor);
    if (uid === owner.uid) return;
    // One that is another user's may hold what that user has put there.
    if (uid !== 0) throw new Error(`${directory} belongs to user ${uid}`);
    fchownSync(descriptor, owner.uid, owner.gid);
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}
