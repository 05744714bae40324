// What root itself may lack: in a container it often has only some of its capabilities. Those that the flags need are
// asked for before anything is started. Pure but for `ownPowers`.
import { readFileSync } from "node:fs";
import { getPriority } from "node:os";
import type { PrivilegeRequest } from "./privileges.ts";

/** capabilities(7), with the numbers of linux/capability.h. */
const capabilities = {
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
} as const;

type Capability = keyof typeof capabilities;

/** Of the process that asks. */
export interface Powers {
  /** The effective ones, as a set of bits; null: the system has none, and root may do all. */
  readonly capabilities: bigint | null;
  readonly nice: number;
  readonly oomScore: number;
}

/** The first flag whose capability is lacking; null if there is none. */
export function lackingCapability(
  request: PrivilegeRequest,
  powers: Powers,
): { readonly flag: string; readonly capability: Capability } | null {
  const bits = powers.capabilities;
  if (bits === null) return null;
  const { user, group, chroot, attributes } = request;
  const { nice, ioPriority, scheduler, oomScore } = attributes;
  const needs: ReadonlyArray<readonly [flag: string, capability: Capability, needed: boolean]> = [
    ["--user", "CAP_SETUID", user !== null],
    ["--user", "CAP_SETGID", user !== null],
    ["--group", "CAP_SETGID", group !== null],
    ["--chroot", "CAP_SYS_CHROOT", chroot !== null],
    ["--nice", "CAP_SYS_NICE", nice !== null && nice < powers.nice],
    ["--ioprio", "CAP_SYS_NICE", ioPriority?.ioClass === "realtime"],
    ["--sched", "CAP_SYS_NICE", scheduler !== null && scheduler.priority > 0],
    ["--oom-score", "CAP_SYS_RESOURCE", oomScore !== null && oomScore < powers.oomScore],
  ];
  for (const [flag, capability, needed] of needs) {
    if (needed && ((bits >> BigInt(capabilities[capability])) & 1n) === 0n) return { flag, capability };
  }
  return null;
}

export function ownPowers(): Powers {
  try {
    const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return {
      capabilities: bits === undefined ? null : BigInt(`0x${bits}`),
      nice: getPriority(),
      oomScore: Number(readFileSync("/proc/self/oom_score_adj", "utf8")),
    };
  } catch {
    return { capabilities: null, nice: 0, oomScore: 0 };
  }
}
