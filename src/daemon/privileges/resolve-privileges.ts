// From what the flags say of privileges to what the spec holds: names become numbers, and all that can be known to fail
// is refused before anything is started.
import { readFileSync, statSync } from "node:fs";
import { exitCode } from "../../exit-code.ts";
import { findGroup, findUser, type Group, type User } from "../../libc/accounts.ts";
import { AccountError, groupId, resolveAccount } from "../../runtime/command/account.ts";
import { DjobError, worldError } from "../error.ts";
import { checkDirectory } from "../trust.ts";
import { lackingCapability, ownPowers, type Powers } from "./capabilities.ts";
import type { Attributes, Identity, PrivilegeRequest, Privileges } from "./privileges.ts";

/** What is asked of this machine. */
export interface Machine {
  readonly isRoot: boolean;
  readonly isLinux: boolean;
  powers(): Powers;
  findUser(key: string | number): User | null;
  findGroup(key: string | number): Group | null;
  /** null: it can't be told. */
  onlineProcessors(): ReadonlySet<number> | null;
  /** The most that a limit on open files may be; null: it can't be told. */
  mostOpenFiles(): number | null;
}

/** @throws {DjobError} with exit code 4 without root, 2 for what this machine does not have */
export function resolvePrivileges(request: PrivilegeRequest, machine: Machine = thisMachine): Privileges {
  if (!machine.isRoot) {
    throw new DjobError(
      exitCode.notPermitted,
      "cannot change privileges: only root may use --user, --group, --chroot, --nice, --ioprio, --sched, --rlimit, --no-new-privs, --cpus and --oom-score",
      "run it with sudo, or leave these flags out",
    );
  }
  const lacking = lackingCapability(request, machine.powers());
  if (lacking !== null) {
    const { flag, capability } = lacking;
    throw new DjobError(
      exitCode.notPermitted,
      `cannot use ${flag}: root lacks ${capability} here`,
      "give it to the container or service in which djob is called, or leave the flag out",
    );
  }
  const { chroot, attributes } = request;
  checkAttributes(attributes, machine);
  const identity = identityOf(request, machine);
  if (chroot !== null) checkRoot(chroot);
  return { identity, chroot, attributes };
}

function identityOf({ user, group }: PrivilegeRequest, machine: Machine): Identity | null {
  try {
    if (user === null) return group === null ? null : { user: null, gid: groupId(group, machine) };
    const { gid, home, shell, ...account } = resolveAccount({ user, group }, machine);
    return { user: { ...account, home: home || "/", shell: shell || "/bin/sh" }, gid };
  } catch (error) {
    if (error instanceof AccountError) throw misuse(error.message, error.hint);
    throw error;
  }
}

function checkAttributes({ processors, limits, ...rest }: Attributes, machine: Machine): void {
  const onlyLinux: ReadonlyArray<readonly [flag: string, given: boolean]> = [
    ["--ioprio", rest.ioPriority !== null],
    ["--sched", rest.scheduler !== null],
    ["--no-new-privs", rest.noNewPrivileges],
    ["--cpus", processors !== null],
    ["--oom-score", rest.oomScore !== null],
  ];
  const lacking = onlyLinux.find(([, given]) => given && !machine.isLinux);
  if (lacking !== undefined) throw misuse(`only Linux has ${lacking[0]}`, "leave it out");
  const online = processors === null ? null : machine.onlineProcessors();
  const missing = processors?.find((processor) => online !== null && !online.has(processor));
  if (online !== null && missing !== undefined) {
    throw misuse(`--cpus ${missing} is no processor of this machine`, `it has ${[...online].join(",")}`);
  }
  for (const { name, hard } of limits) {
    const most = name === "nofile" ? machine.mostOpenFiles() : null;
    if (most !== null && (hard ?? Number.POSITIVE_INFINITY) > most) {
      throw misuse(`--rlimit nofile may be ${most} at most here`, "see the sysctl fs.nr_open");
    }
  }
}

/** Whoever can change the new root directory decides what a set-user-ID program in there believes. */
function checkRoot(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw misuse(`--chroot ${path} is not a directory`, "make it first");
  }
  try {
    checkDirectory(path);
  } catch (error) {
    throw worldError(`use --chroot ${path}`, error);
  }
}

/** Pure: a list of numbers and ranges such as 0,2-3. null: it is none, or one is above the most. */
export function parseProcessors(text: string, most: number): number[] | null {
  const processors = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first > last || last > most) return null;
    for (let processor = first; processor <= last; processor += 1) processors.add(processor);
  }
  return [...processors].sort((a, b) => a - b);
}

const thisMachine: Machine = {
  isRoot: process.geteuid?.() === 0,
  isLinux: process.platform === "linux",
  powers: ownPowers,
  findUser,
  findGroup,
  onlineProcessors() {
    const text = contentOf("/sys/devices/system/cpu/online");
    const processors = text === null ? null : parseProcessors(text, Number.MAX_SAFE_INTEGER);
    return processors === null ? null : new Set(processors);
  },
  mostOpenFiles() {
    const text = contentOf("/proc/sys/fs/nr_open");
    return text !== null && /^[0-9]+$/.test(text) ? Number(text) : null;
  },
};

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
