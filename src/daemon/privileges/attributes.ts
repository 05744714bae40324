// How the kernel is to treat the daemon: set once, in a process from which all others of the daemon descend or which
// becomes the daemon itself. The session leader can't read the spec, which waits in a pipe for the worker: it gets them in
// a variable, which ends with it. The launcher keeps its own attributes.
import {
  forbidNewPrivileges,
  setIoPriority,
  setLimit,
  setNice,
  setProcessors,
  setScheduler,
} from "../../libc/attributes.ts";
import { worldError } from "../error.ts";
import type { Attributes } from "./privileges.ts";

/** What the launcher put into the leader's variable. */
export function applyEncoded(text: string): void {
  applyProcessAttributes(JSON.parse(text));
}

/** @throws {DjobError} for the first that the kernel refuses */
export function applyProcessAttributes(attributes: Attributes | null): void {
  if (attributes === null) return;
  const { scheduler, nice, ioPriority, processors, oomScore, limits, noNewPrivileges } = attributes;
  if (oomScore !== null) setOomScore(oomScore);
  if (scheduler !== null) setScheduler(scheduler.policy, scheduler.priority);
  if (nice !== null) setNice(nice);
  if (ioPriority !== null) setIoPriority(ioPriority.ioClass, ioPriority.level);
  if (processors !== null) setProcessors(processors);
  // Near the end: one of them could forbid what is still to be done.
  applyLimits({ limits });
  if (noNewPrivileges) forbidNewPrivileges();
}

/**
 * The limits alone, to be called once more in the process that runs what the user wants: at its start, each Bun raises its
 * soft limit of open files to the hard one, and its children would inherit that.
 */
export function applyLimits({ limits }: Pick<Attributes, "limits">): void {
  for (const { name, soft, hard } of limits) setLimit(name, soft, hard);
}

/** proc_pid_oom_score_adj(5) */
function setOomScore(score: number): void {
  const { writeFileSync } = process.getBuiltinModule("node:fs");
  try {
    writeFileSync("/proc/self/oom_score_adj", String(score));
  } catch (error) {
    throw worldError(`set the out-of-memory score ${score}`, error);
  }
}
