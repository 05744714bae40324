// The flags of `djob run` that only root may use: what the daemon gives up, and how the kernel treats it.
import type { ParsedArgs } from "citty";
import type { Privileges } from "../daemon/privileges/privileges.ts";
import { resolvePrivileges } from "../daemon/privileges/resolve-privileges.ts";
import { type CommandInput, type RepeatableArg, textOf } from "./command.ts";
import { absolutePath } from "./flags.ts";
import { parseAttributes, parseUser } from "./privilege-values.ts";

export const privilegeFlags: Readonly<Record<string, RepeatableArg>> = {
  user: {
    type: "string",
    valueHint: "USER[:GROUP]",
    description: "become this user, with all its groups; name or number (root only, as all that follow here)",
  },
  group: { type: "string", valueHint: "GROUP", description: "become this group; name or number" },
  chroot: {
    type: "string",
    valueHint: "DIR",
    description: "make this its root directory; modules and --chdir are meant inside",
    isPath: true,
  },
  nice: { type: "string", valueHint: "N", description: "its nice value, -20 to 19" },
  ioprio: {
    type: "string",
    valueHint: "CLASS[:LEVEL]",
    description: "its I/O priority: realtime, best-effort (levels 0 to 7) or idle",
  },
  sched: {
    type: "string",
    valueHint: "POLICY[:PRIORITY]",
    description: "its scheduling: other, batch, idle, fifo or rr (priorities 1 to 99)",
  },
  rlimit: {
    type: "string",
    valueHint: "NAME=SOFT[:HARD]",
    description: "a limit, such as nofile=4096 or core=unlimited; may be repeated",
    repeatable: true,
  },
  "no-new-privs": {
    type: "boolean",
    description: "nothing that it starts gains privileges, as su and sudo would",
  },
  cpus: { type: "string", valueHint: "LIST", description: "the processors that it may use, such as 0,2-3" },
  "oom-score": {
    type: "string",
    valueHint: "N",
    description: "how soon it is killed when memory runs out, -1000 (never) to 1000",
  },
};

/** @returns null if no such flag is given @throws {DjobError} with exit code 2 for a bad value, 4 without root */
export function planPrivileges({ args, repeated }: CommandInput): Privileges | null {
  // citty takes "--no-new-privs" for "new-privs, not".
  const noNewPrivs = repeated["no-new-privs"] !== undefined;
  const given = Object.keys(privilegeFlags).some((flag) => textOf(args, flag) !== null);
  if (!given && !noNewPrivs) return null;
  const attributes = parseAttributes({
    nice: textOf(args, "nice"),
    ioprio: textOf(args, "ioprio"),
    sched: textOf(args, "sched"),
    rlimit: repeated["rlimit"] ?? [],
    noNewPrivs,
    cpus: textOf(args, "cpus"),
    oomScore: textOf(args, "oom-score"),
  });
  const account = parseUser(textOf(args, "user"), textOf(args, "group"));
  return resolvePrivileges({ ...account, chroot: chrootOf(args), attributes });
}

function chrootOf(args: ParsedArgs): string | null {
  const path = textOf(args, "chroot");
  return path === null ? null : absolutePath(path);
}
