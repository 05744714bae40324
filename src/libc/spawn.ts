// posix_spawn(3): how djob starts a process, because fork can't be used from JavaScript. The new process has exactly
// the descriptors, signal state and session that the request says, before it runs its first instruction.
import {
  checkArguments,
  checkBoolean,
  checkDescriptor,
  checkEnvironment,
  checkFilledText,
} from "./arguments.ts";
import { SystemError } from "./error.ts";
import { closeDescriptor, duplicateAbove } from "./files.ts";
import { libc } from "./library.ts";
import { environmentVector, stringVector } from "./memory.ts";
import type { SignalChoice } from "./signals.ts";
import { withAttributes } from "./spawn-attributes.ts";
import { type DescriptorMove, withFileActions } from "./spawn-file-actions.ts";

export interface SpawnRequest {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The child's `to` is this process's `from`, as it is now: the order of the entries means nothing. */
  readonly descriptors: readonly DescriptorMove[];
  /** setsid(2) in the child. */
  readonly newSession?: boolean;
  /** setpgid(0, 0) in the child. */
  readonly newGroup?: boolean;
  /** Signals that the child does not inherit as ignored. */
  readonly defaultSignals: SignalChoice;
  /** The child's signal mask: what comes meanwhile waits until it unblocks them. */
  readonly blockedSignals: readonly string[] | "inherited";
  /** The child gets no descriptor from this one on, except those in `descriptors`. */
  readonly closeFrom?: number;
  readonly workingDirectory?: string;
}

/**
 * @returns the child's pid; the caller reaps it
 * @throws {SystemError} if the program can't be started, also when that shows only in the child (ENOENT, EACCES)
 */
export function spawn(request: SpawnRequest): number {
  checkRequest(request);
  const lifted = new Map<number, number>();
  try {
    liftSources(request.descriptors, lifted);
    const moves = request.descriptors.map(({ from, to }) => ({ from: lifted.get(from) ?? from, to }));
    return withAttributes(request, (attributes) =>
      withFileActions({ ...request, descriptors: moves }, (actions) => start(request, attributes, actions)),
    );
  } finally {
    for (const descriptor of lifted.values()) closeDescriptor(descriptor);
  }
}

function start(request: SpawnRequest, attributes: Uint8Array, actions: Uint8Array): number {
  const { path, workingDirectory } = request;
  const argv = stringVector(request.argv);
  const environment = environmentVector(request.environment);
  const pid = new Int32Array(1);
  const errno = libc().symbols.posix_spawn(pid, path, actions, attributes, argv, environment);
  if (errno === 0) return pid[0] ?? 0;
  const place = workingDirectory === undefined ? "" : ` in ${workingDirectory}`;
  throw new SystemError({ syscall: "posix_spawn", errno, action: `start ${path}${place}`, path });
}

/**
 * Moves each source above every target, so that no dup2 overwrites what a later one reads, and none is a dup2 onto
 * itself, which would leave its close-on-exec flag set.
 */
function liftSources(descriptors: readonly DescriptorMove[], lifted: Map<number, number>): void {
  const lowest = 1 + Math.max(2, ...descriptors.map(({ to }) => to));
  for (const { from } of descriptors) {
    if (!lifted.has(from)) lifted.set(from, duplicateAbove(from, lowest));
  }
}

function checkRequest(request: SpawnRequest): void {
  checkFilledText("path", request.path);
  checkArguments(request.argv);
  checkEnvironment(request.environment);
  checkBoolean("newSession", request.newSession ?? false);
  const { defaultSignals, blockedSignals } = request;
  if (blockedSignals !== "inherited" && !Array.isArray(blockedSignals)) {
    throw new TypeError('blockedSignals must be an array of names, or "inherited"');
  }
  if (defaultSignals !== "all" && !Array.isArray(defaultSignals) && !("allBut" in defaultSignals)) {
    throw new TypeError('defaultSignals must be an array of names, "all", or all but some');
  }
  if (request.closeFrom !== undefined) checkDescriptor("closeFrom", request.closeFrom);
  if (request.workingDirectory !== undefined) checkFilledText("workingDirectory", request.workingDirectory);
  for (const { from, to } of request.descriptors) {
    checkDescriptor("from", from);
    checkDescriptor("to", to);
  }
  if (new Set(request.descriptors.map(({ to }) => to)).size !== request.descriptors.length) {
    throw new RangeError("two entries of descriptors have the same target");
  }
}
