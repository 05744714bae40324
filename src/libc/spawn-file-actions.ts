// The file actions of posix_spawn(3): working directory and descriptors of the new process.
import { errnoNumbers, SystemError } from "./error.ts";
import { closeOnExecFrom } from "./files.ts";
import { libc, optionalSymbol } from "./library.ts";
import { zeroed } from "./memory.ts";

export interface DescriptorMove {
  readonly from: number;
  readonly to: number;
}

interface SpawnFiles {
  /** Every `from` is close-on-exec and lies above every `to`. */
  readonly descriptors: readonly DescriptorMove[];
  readonly closeFrom?: number;
  readonly workingDirectory?: string;
}

/** Hands a `posix_spawn_file_actions_t` to `use` and destroys it afterwards. */
export function withFileActions<Result>(request: SpawnFiles, use: (actions: Uint8Array) => Result): Result {
  const { symbols, table } = libc();
  const actions = new Uint8Array(zeroed(table.sizes.posix_spawn_file_actions_t).buffer);
  check("posix_spawn_file_actions_init", symbols.posix_spawn_file_actions_init(actions));
  try {
    if (request.workingDirectory !== undefined) addWorkingDirectory(actions, request.workingDirectory);
    for (const { from, to } of request.descriptors) {
      check("posix_spawn_file_actions_adddup2", symbols.posix_spawn_file_actions_adddup2(actions, from, to));
    }
    if (request.closeFrom !== undefined) addCloseFrom(actions, request.closeFrom, request.descriptors);
    return use(actions);
  } finally {
    symbols.posix_spawn_file_actions_destroy(actions);
  }
}

function addWorkingDirectory(actions: Uint8Array, path: string): void {
  const syscall = "posix_spawn_file_actions_addchdir_np";
  const add = optionalSymbol(syscall);
  if (add === null) {
    const hint = "it needs glibc 2.29, musl 1.1.24 or macOS 10.15";
    const action = `start a process in ${path}`;
    throw new SystemError({ syscall, errno: errnoNumbers.ENOSYS, action, path, hint });
  }
  check(syscall, add(actions, path));
}

/**
 * Closes everything from `first` on that is no target. A libc without the action (glibc before 2.34, musl, macOS)
 * gets the same from close-on-exec flags, which then stay set in this process; dup2 clears them in the child.
 */
function addCloseFrom(actions: Uint8Array, first: number, descriptors: readonly DescriptorMove[]): void {
  const { symbols } = libc();
  const addClosefrom = optionalSymbol("posix_spawn_file_actions_addclosefrom_np");
  if (addClosefrom === null) {
    closeOnExecFrom(first);
    return;
  }
  const targets = new Set(descriptors.map(({ to }) => to));
  const aboveTargets = Math.max(first, 1 + Math.max(-1, ...targets));
  for (let descriptor = first; descriptor < aboveTargets; descriptor += 1) {
    if (targets.has(descriptor)) continue;
    const errno = symbols.posix_spawn_file_actions_addclose(actions, descriptor);
    check("posix_spawn_file_actions_addclose", errno);
  }
  const errno = addClosefrom(actions, aboveTargets);
  check("posix_spawn_file_actions_addclosefrom_np", errno);
}

/** This family returns the error's number and leaves errno alone. */
function check(syscall: string, errno: number): void {
  if (errno !== 0) throw new SystemError({ syscall, errno, action: "describe a new process's files" });
}
