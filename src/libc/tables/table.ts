// The shape of a platform's table: everything that djob must know of a libc and that a C compiler would have read
// from its headers. Data only. Keys of `constants`, `linux`, `sizes` and `offsets` are the names that C uses, so that
// scripts/libc-constants.ts can compile each of them and compare.

export type Architecture = "x64" | "arm64";

export interface LibcTable {
  readonly name: "linux-glibc" | "linux-musl" | "darwin";
  /** What to hand to dlopen: an absolute path, or a name that the process has mapped already. */
  readonly library: Readonly<Record<Architecture, string>>;
  readonly errnoLocation: "__errno_location" | "__error";
  /** How many integers stand before a variadic argument to push it onto the stack, where Apple's arm64 ABI wants it. */
  readonly variadicPadding: Readonly<Record<Architecture, 0 | 6>>;
  /** Holds one entry for each open descriptor of the process that reads it. */
  readonly descriptorDirectory: string;
  readonly constants: Readonly<Record<ConstantName, number>>;
  /** What only Linux has; null elsewhere. */
  readonly linux: Readonly<Record<LinuxConstantName, number>> | null;
  /** Linux: system calls whose number differs between architectures. */
  readonly syscalls: Readonly<Record<Architecture, Readonly<Record<SyscallName, number>>>> | null;
  readonly sizes: Readonly<Record<TypeName, number>>;
  readonly offsets: {
    readonly "struct sigaction": Readonly<Record<SigactionField, number>>;
    readonly "struct sockaddr_un": Readonly<Record<"sun_family" | "sun_path", number>>;
    readonly "struct sockaddr_in": Readonly<Record<"sin_port" | "sin_addr", number>>;
    readonly "struct sockaddr_in6": Readonly<Record<"sin6_port" | "sin6_addr", number>>;
    readonly "struct passwd": Readonly<Record<PasswdField, number>>;
    readonly "struct group": Readonly<Record<"gr_name" | "gr_gid", number>>;
  };
}

type ConstantName =
  | "LOCK_SH"
  | "LOCK_EX"
  | "LOCK_NB"
  | "LOCK_UN"
  | "F_SETFD"
  | "F_DUPFD_CLOEXEC"
  | "FD_CLOEXEC"
  | "O_CLOEXEC"
  | "PRIO_PROCESS"
  | "RLIM_INFINITY"
  | "RLIMIT_CPU"
  | "RLIMIT_FSIZE"
  | "RLIMIT_DATA"
  | "RLIMIT_STACK"
  | "RLIMIT_CORE"
  | "RLIMIT_RSS"
  | "RLIMIT_NPROC"
  | "RLIMIT_NOFILE"
  | "RLIMIT_MEMLOCK"
  | "RLIMIT_AS"
  | "WNOHANG"
  | "SIG_DFL"
  | "SIG_IGN"
  | "SIG_SETMASK"
  | "POSIX_SPAWN_SETSIGDEF"
  | "POSIX_SPAWN_SETSIGMASK"
  | "POSIX_SPAWN_SETSID"
  | "POSIX_SPAWN_SETPGROUP"
  | "AF_UNIX"
  | "AF_INET"
  | "AF_INET6"
  | "SOCK_STREAM"
  | "SOCK_DGRAM"
  | "SOL_SOCKET"
  | "SO_TYPE"
  | "SO_ACCEPTCONN"
  | "MSG_DONTWAIT"
  | "F_GETFL"
  | "F_SETFL"
  | "O_ASYNC"
  | "F_SETOWN"
  | "O_NONBLOCK"
  | "CLOCK_MONOTONIC";

type LinuxConstantName =
  | "AT_FDCWD"
  | "RENAME_EXCHANGE"
  | "POLLERR"
  | "sizeof(struct pollfd)"
  | "offsetof(struct pollfd, revents)"
  | "F_SETSIG"
  | "F_SETLEASE"
  | "MFD_ALLOW_SEALING"
  | "F_ADD_SEALS"
  | "F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE"
  | "SCM_RIGHTS"
  | "F_RDLCK"
  | "F_UNLCK"
  | "SO_ATTACH_REUSEPORT_CBPF"
  | "PR_SET_PDEATHSIG"
  | "PR_SET_DUMPABLE"
  | "PR_SET_CHILD_SUBREAPER"
  | "PR_SET_NO_NEW_PRIVS"
  | "RLIMIT_LOCKS"
  | "RLIMIT_SIGPENDING"
  | "RLIMIT_MSGQUEUE"
  | "RLIMIT_NICE"
  | "RLIMIT_RTPRIO"
  | "RLIMIT_RTTIME"
  | "SCHED_OTHER"
  | "SCHED_FIFO"
  | "SCHED_RR"
  | "SCHED_BATCH"
  | "SCHED_IDLE"
  | "(int)IOPRIO_WHO_PROCESS"
  | "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_RT, 0)"
  | "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 0)"
  | "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)"
  | "CLOSE_RANGE_CLOEXEC"
  | "MFD_CLOEXEC"
  | "SOCK_CLOEXEC"
  | "MSG_CMSG_CLOEXEC"
  | "MSG_NOSIGNAL"
  | "EPOLL_CTL_ADD"
  | "EPOLL_CTL_DEL"
  | "SYS_pidfd_send_signal"
  | "SYS_pidfd_open"
  | "SYS_close_range"
  | "CLOCK_REALTIME"
  | "CLOCK_BOOTTIME"
  | "TIMER_ABSTIME"
  | "sizeof(struct itimerspec)"
  | "offsetof(struct itimerspec, it_value)";

type SyscallName = "SYS_sched_setscheduler" | "SYS_ioprio_set";

type TypeName =
  | "sigset_t"
  | "struct sigaction"
  | "posix_spawnattr_t"
  | "posix_spawn_file_actions_t"
  | "struct sockaddr_un"
  | "struct passwd"
  | "struct group";

type SigactionField = "sa_handler" | "sa_mask" | "sa_flags";

type PasswdField = "pw_name" | "pw_uid" | "pw_gid" | "pw_dir" | "pw_shell";
