// The privileges of a spec as flags of `djob run`. Pure.
import type { Attributes, Identity, Privileges } from "../daemon/privileges/privileges.ts";

type Written = ReadonlyArray<readonly [flag: string, value: string]>;

export function writtenPrivileges(privileges: Privileges | null): Written {
  if (privileges === null) return [];
  const { identity, chroot, attributes } = privileges;
  return [
    ...(identity === null ? [] : writtenIdentity(identity)),
    ...(chroot === null ? [] : ([["chroot", chroot]] as const)),
    ...writtenAttributes(attributes),
  ];
}

function writtenIdentity({ user, gid }: Identity): Written {
  const group = ["group", String(gid)] as const;
  return user === null ? [group] : [["user", user.name ?? String(user.uid)], group];
}

function writtenAttributes(attributes: Attributes): Written {
  const { nice, ioPriority, scheduler, limits, noNewPrivileges, processors, oomScore } = attributes;
  const written: Array<readonly [string, string]> = [];
  if (nice !== null) written.push(["nice", String(nice)]);
  if (ioPriority !== null) {
    const { ioClass, level } = ioPriority;
    written.push(["ioprio", ioClass === "idle" ? ioClass : `${ioClass}:${level}`]);
  }
  if (scheduler !== null) {
    const { policy, priority } = scheduler;
    written.push(["sched", priority === 0 ? policy : `${policy}:${priority}`]);
  }
  for (const { name, soft, hard } of limits)
    written.push(["rlimit", `${name}=${bound(soft)}:${bound(hard)}`]);
  if (noNewPrivileges) written.push(["no-new-privs", ""]);
  if (processors !== null) written.push(["cpus", processors.join(",")]);
  if (oomScore !== null) written.push(["oom-score", String(oomScore)]);
  return written;
}

function bound(limit: number | null): string {
  return limit === null ? "unlimited" : String(limit);
}
