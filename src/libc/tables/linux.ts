// What glibc and musl have in common: the kernel's own numbers, which both pass through, and the structures whose
// layout the two agree on for x64 and arm64. System calls from 424 on have the same number on every architecture.
import type { LibcTable } from "./table.ts";

export const linux = {
  errnoLocation: "__errno_location",
  variadicPadding: { x64: 0, arm64: 0 },
  descriptorDirectory: "/proc/self/fd",
  constants: {
    LOCK_SH: 1,
    LOCK_EX: 2,
    LOCK_NB: 4,
    LOCK_UN: 8,
    F_SETFD: 2,
    F_DUPFD_CLOEXEC: 1030,
    FD_CLOEXEC: 1,
    O_CLOEXEC: 0x80000,
    WNOHANG: 1,
    SIG_DFL: 0,
    SIG_IGN: 1,
    SIG_SETMASK: 2,
    POSIX_SPAWN_SETSIGDEF: 0x04,
    POSIX_SPAWN_SETSIGMASK: 0x08,
    POSIX_SPAWN_SETSID: 0x80,
    POSIX_SPAWN_SETPGROUP: 0x02,
    AF_UNIX: 1,
    SOCK_STREAM: 1,
  },
  linux: {
    PR_SET_PDEATHSIG: 1,
    PR_SET_CHILD_SUBREAPER: 36,
    CLOSE_RANGE_CLOEXEC: 4,
    MFD_CLOEXEC: 1,
    SYS_pidfd_send_signal: 424,
    SYS_pidfd_open: 434,
    SYS_close_range: 436,
    CLOCK_REALTIME: 0,
    TIMER_ABSTIME: 1,
    "sizeof(struct itimerspec)": 32,
    "offsetof(struct itimerspec, it_value)": 16,
  },
  sizes: {
    sigset_t: 128,
    "struct sigaction": 152,
    posix_spawnattr_t: 336,
    posix_spawn_file_actions_t: 80,
  },
  offsets: { "struct sigaction": { sa_handler: 0, sa_mask: 8, sa_flags: 136 } },
} as const satisfies Omit<LibcTable, "name" | "library">;
