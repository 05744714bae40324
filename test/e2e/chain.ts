// The processes of a workspace's daemons by their roles, and killing one of them.
import { environmentOf, type Workspace } from "./harness.ts";
import { processStat } from "./proc.ts";

/** In the order in which they are born. */
export const roles = ["launcher", "leader", "supervisor", "worker"] as const;
export type Role = (typeof roles)[number];

export interface Member {
  readonly pid: number;
  readonly role: Role;
  /** The pid of a worker's supervisor. */
  readonly supervisor: number | null;
  readonly parent: number;
}

const stages: Readonly<Record<string, Role>> = {
  "leader-of-supervisor": "leader",
  supervisor: "supervisor",
  supervised: "worker",
};

/** Every live process of a workspace in the order of its birth; what djob was called for itself is a "launcher". */
export function chainOf(space: Workspace): Member[] {
  const members = space.processes().flatMap((pid): Member[] => {
    const environment = environmentOf(pid);
    const parent = parentOf(pid);
    // It has ended since.
    if (environment["DJOB_TEST"] === undefined || parent === null) return [];
    const role = stages[environment["DJOB_STAGE"] ?? ""] ?? "launcher";
    return [{ pid, role, parent, supervisor: Number(environment["DJOB_SUPERVISOR"] ?? 0) || null }];
  });
  return members.sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
}

function parentOf(pid: number): number | null {
  try {
    return processStat(pid).parent;
  } catch {
    return null;
  }
}

/** @returns false if it has ended since it was seen */
export function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
