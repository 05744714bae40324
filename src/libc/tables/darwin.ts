// macOS, from the headers of Apple's SDK (sys/fcntl.h, sys/signal.h, sys/spawn.h, spawn.h, sys/wait.h).
// posix_spawnattr_t and posix_spawn_file_actions_t are pointers there.
import type { LibcTable } from "./table.ts";

export const darwin: LibcTable = {
  name: "darwin",
  library: { x64: "/usr/lib/libSystem.B.dylib", arm64: "/usr/lib/libSystem.B.dylib" },
  errnoLocation: "__error",
  variadicPadding: { x64: 0, arm64: 6 },
  descriptorDirectory: "/dev/fd",
  constants: {
    LOCK_SH: 1,
    LOCK_EX: 2,
    LOCK_NB: 4,
    LOCK_UN: 8,
    F_SETFD: 2,
    F_DUPFD_CLOEXEC: 67,
    FD_CLOEXEC: 1,
    O_CLOEXEC: 0x1000000,
    WNOHANG: 1,
    SIG_DFL: 0,
    SIG_IGN: 1,
    SIG_SETMASK: 3,
    POSIX_SPAWN_SETSIGDEF: 0x04,
    POSIX_SPAWN_SETSIGMASK: 0x08,
    POSIX_SPAWN_SETSID: 0x400,
    POSIX_SPAWN_SETPGROUP: 0x02,
    AF_UNIX: 1,
    SOCK_STREAM: 1,
  },
  linux: null,
  sizes: {
    sigset_t: 4,
    "struct sigaction": 16,
    posix_spawnattr_t: 8,
    posix_spawn_file_actions_t: 8,
  },
  offsets: { "struct sigaction": { sa_handler: 0, sa_mask: 8, sa_flags: 12 } },
};
