// The attributes of posix_spawn(3): session and signal state of the new process.
import { SystemError } from "./error.ts";
import { libc } from "./library.ts";
import { zeroed } from "./memory.ts";
import { type SignalChoice, signalSet } from "./signals.ts";

interface SpawnAttributes {
  readonly newSession?: boolean;
  readonly newGroup?: boolean;
  readonly defaultSignals: SignalChoice;
  readonly blockedSignals: readonly string[] | "inherited";
}

/** Hands a `posix_spawnattr_t` to `use` and destroys it afterwards. */
export function withAttributes<Result>(
  request: SpawnAttributes,
  use: (attributes: Uint8Array) => Result,
): Result {
  const { symbols, table } = libc();
  const attributes = new Uint8Array(zeroed(table.sizes.posix_spawnattr_t).buffer);
  check("posix_spawnattr_init", symbols.posix_spawnattr_init(attributes));
  try {
    fill(attributes, request);
    return use(attributes);
  } finally {
    symbols.posix_spawnattr_destroy(attributes);
  }
}

function fill(attributes: Uint8Array, request: SpawnAttributes): void {
  const { symbols, table } = libc();
  const { POSIX_SPAWN_SETSID, POSIX_SPAWN_SETPGROUP, POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK } =
    table.constants;
  const defaults = signalSet(request.defaultSignals);
  check("posix_spawnattr_setsigdefault", symbols.posix_spawnattr_setsigdefault(attributes, defaults));
  const { blockedSignals } = request;
  const mask = signalSet(blockedSignals === "inherited" ? [] : blockedSignals);
  check("posix_spawnattr_setsigmask", symbols.posix_spawnattr_setsigmask(attributes, mask));
  const flags =
    POSIX_SPAWN_SETSIGDEF |
    (request.newSession === true ? POSIX_SPAWN_SETSID : 0) |
    // The group is 0 unless it is set, which means one of its own.
    (request.newGroup === true ? POSIX_SPAWN_SETPGROUP : 0) |
    (blockedSignals === "inherited" ? 0 : POSIX_SPAWN_SETSIGMASK);
  check("posix_spawnattr_setflags", symbols.posix_spawnattr_setflags(attributes, flags));
}

/** This family returns the error's number and leaves errno alone. */
function check(syscall: string, errno: number): void {
  if (errno !== 0) throw new SystemError({ syscall, errno, action: "describe a new process" });
}
