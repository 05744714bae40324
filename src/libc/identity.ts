// Which user and groups this process is, which directory is its root, and giving up being root. All functions throw
// SystemError when the kernel refuses, and TypeError or RangeError when the argument is a bug of ours.
import { highestId } from "./accounts.ts";
import { checkFilledText, checkInteger } from "./arguments.ts";
import { SystemError } from "./error.ts";
import { libc, neededSymbol, optionalSymbol } from "./library.ts";

/** Real, effective and saved; the kernel lets a process go back to each of them. */
export type Ids = readonly [real: number, effective: number, saved: number];

/** getresuid(2). Where there is none, the saved one can't be read, and the effective one is given for it. */
export function userIds(): Ids {
  return idsFrom("getresuid") ?? bothOf(process.getuid?.() ?? -1, process.geteuid?.() ?? -1);
}

/** getresgid(2) */
export function groupIds(): Ids {
  return idsFrom("getresgid") ?? bothOf(process.getgid?.() ?? -1, process.getegid?.() ?? -1);
}

/** getgroups(2): the supplementary groups. */
export function supplementaryGroups(): number[] {
  const getgroups = neededSymbol("getgroups");
  const { errno: readErrno } = libc();
  const room = 65_536;
  const groups = new Uint32Array(new ArrayBuffer(room * 4));
  const count = getgroups(room, groups);
  const errno = readErrno();
  if (count >= 0) return [...groups.subarray(0, count)];
  throw new SystemError({ syscall: "getgroups", errno, action: "read the groups of this process" });
}

/** setgroups(2), for every thread of the process. */
export function setSupplementaryGroups(groups: readonly number[]): void {
  for (const group of groups) checkId("group", group);
  const setgroups = neededSymbol("setgroups");
  const { errno: readErrno } = libc();
  // An empty buffer has no address.
  const list = new Uint32Array([...groups, 0]);
  const result = setgroups(groups.length, list);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "setgroups", errno, action: `set the groups ${groups.join(", ")}` });
}

/** setresgid(2) of all three, for every thread of the process. */
export function setGroup(gid: number): void {
  checkId("gid", gid);
  const setresgid = optionalSymbol("setresgid");
  const { errno: readErrno } = libc();
  const result = setresgid === null ? neededSymbol("setgid")(gid) : setresgid(gid, gid, gid);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "setresgid", errno, action: `become group ${gid}` });
}

/** setresuid(2) of all three, for every thread of the process. */
export function setUser(uid: number): void {
  checkId("uid", uid);
  const setresuid = optionalSymbol("setresuid");
  const { errno: readErrno } = libc();
  const result = setresuid === null ? neededSymbol("setuid")(uid) : setresuid(uid, uid, uid);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "setresuid", errno, action: `become user ${uid}` });
}

/** Tries setuid(0). @returns whether the process is root again, which it must not be able to be */
export function canBecomeRoot(): boolean {
  return neededSymbol("setuid")(0) === 0;
}

/** chroot(2). The working directory stays outside until the caller changes it. */
export function changeRoot(path: string): void {
  checkFilledText("path", path);
  const chroot = neededSymbol("chroot");
  const { errno: readErrno } = libc();
  const result = chroot(path);
  const errno = readErrno();
  if (result === 0) return;
  throw new SystemError({ syscall: "chroot", errno, action: `make ${path} the root directory`, path });
}

/**
 * Makes /proc/self the process' own again. @returns false where there is no such thing
 */
export function becomeDumpable(): boolean {
  const { linux } = libc().table;
  const prctl = linux === null ? null : optionalSymbol("prctl");
  if (linux === null || prctl === null) return false;
  return prctl(linux.PR_SET_DUMPABLE, 1, 0, 0, 0) === 0;
}

function idsFrom(name: "getresuid" | "getresgid"): Ids | null {
  const call = optionalSymbol(name);
  if (call === null) return null;
  const { errno: readErrno } = libc();
  const [real, effective, saved] = [new Uint32Array(1), new Uint32Array(1), new Uint32Array(1)];
  const result = call(real, effective, saved);
  const errno = readErrno();
  if (result === 0) return [real[0] ?? -1, effective[0] ?? -1, saved[0] ?? -1];
  throw new SystemError({ syscall: name, errno, action: "read who this process is" });
}

function bothOf(real: number, effective: number): Ids {
  return [real, effective, effective];
}

function checkId(name: string, id: number): void {
  checkInteger(name, id, 0, highestId);
}
