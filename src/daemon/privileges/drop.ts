// Giving up root in the process that is to load the user's modules: groups, root directory, group, user, in the one
// order that works, and then a look whether it really happened. A setuid that fails without being noticed is how
// daemons have stayed root.
import { lstatSync } from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { groupsOf } from "../../libc/accounts.ts";
import {
  becomeDumpable,
  canBecomeRoot,
  changeRoot,
  groupIds,
  type Ids,
  setGroup,
  setSupplementaryGroups,
  setUser,
  supplementaryGroups,
  userIds,
} from "../../libc/identity.ts";
import { DjobError } from "../error.ts";
import type { Identity, Privileges } from "./privileges.ts";

/** The calls that a test may want to fail. */
export interface PrivilegeSystem {
  groupsOf(name: string, gid: number): readonly number[];
  changeRoot(path: string): void;
  enterDirectory(path: string): void;
  setSupplementaryGroups(groups: readonly number[]): void;
  setGroup(gid: number): void;
  setUser(uid: number): void;
  userIds(): Ids;
  groupIds(): Ids;
  supplementaryGroups(): readonly number[];
  canBecomeRoot(): boolean;
  becomeDumpable(): void;
}

/**
 * Irreversible. If it throws, the process may be anything between root and the user, and must end.
 * @throws {DjobError} with exit code 4 if the process is not exactly what was asked for afterwards
 */
export function dropPrivileges(
  privileges: Pick<Privileges, "identity" | "chroot"> | null,
  system: PrivilegeSystem = realSystem,
): void {
  if (privileges === null) return;
  const { identity, chroot } = privileges;
  if (identity !== null && isDone(identity, system)) return;
  // Asked before the chroot: what lies in there may be the user's, and libc would load its modules from there, as root.
  const groups = identity === null ? [] : groupsFor(identity, system);
  if (chroot !== null) {
    system.changeRoot(chroot);
    // Until then the working directory is outside, and with it all that ".." leads to.
    system.enterDirectory("/");
  }
  if (identity === null) return;
  system.setSupplementaryGroups(groups);
  system.setGroup(identity.gid);
  if (identity.user !== null) system.setUser(identity.user.uid);
  verify(identity, groups, system);
  // A change of user leaves the process "not dumpable" (PR_SET_DUMPABLE of prctl(2)): the files of its /proc/self belong to
  // root then, so that it can't read its own environ or io nor set its own comm, a child can't list its descriptors, and it
  // leaves no core. An execve as that user would restore all this; and allows that user's other processes as much.
  if (identity.user !== null && identity.user.uid !== 0) system.becomeDumpable();
}

/** A worker that has become a new process in place is its user already. Root started it: nobody else may ask for this. */
function isDone({ user }: Identity, system: PrivilegeSystem): boolean {
  return user !== null && user.uid !== 0 && system.userIds().every((id) => id === user.uid);
}

/**
 * Root becomes whoever a directory belongs to, before it reads what that user could have put there. For a process that ends soon.
 * @throws {DjobError} with exit code 4
 */
export function becomeOwnerOf(directory: string): void {
  if (process.geteuid?.() !== 0) return;
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined || stats.uid === 0) return;
  const user = { uid: stats.uid, name: null, home: "/", shell: "/bin/sh" };
  dropPrivileges({ identity: { user, gid: stats.gid }, chroot: null });
  // Root's own may be closed to others.
  delete process.env["TMPDIR"];
}

/** What initgroups(3) would set: asked apart, so that it can be compared. */
function groupsFor({ user, gid }: Identity, system: PrivilegeSystem): readonly number[] {
  return user === null || user.name === null ? [gid] : system.groupsOf(user.name, gid);
}

function verify({ user, gid }: Identity, groups: readonly number[], system: PrivilegeSystem): void {
  if (user !== null) expectSame("user", system.userIds(), user.uid);
  expectSame("group", system.groupIds(), gid);
  const [wanted, actual] = [groups, system.supplementaryGroups()].map(listOf);
  if (wanted !== actual) throw refusal(`its groups are ${actual} instead of ${wanted}`);
  if (user !== null && user.uid !== 0 && system.canBecomeRoot()) {
    throw refusal("it could become root again");
  }
}

function expectSame(what: string, ids: Ids, wanted: number): void {
  if (ids.every((id) => id === wanted)) return;
  const [real, effective, saved] = ids;
  throw refusal(
    `its real, effective and saved ${what} are ${real}, ${effective} and ${saved}, not ${wanted}`,
  );
}

function listOf(groups: readonly number[]): string {
  return [...new Set(groups)].sort((a, b) => a - b).join(", ");
}

function refusal(why: string): DjobError {
  return new DjobError(exitCode.notPermitted, `cannot give up root: ${why}`);
}

export const realSystem: PrivilegeSystem = {
  groupsOf,
  changeRoot,
  enterDirectory: (path) => process.chdir(path),
  setSupplementaryGroups,
  setGroup,
  setUser,
  userIds,
  groupIds,
  supplementaryGroups,
  canBecomeRoot,
  becomeDumpable,
};
