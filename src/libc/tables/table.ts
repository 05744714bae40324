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
  readonly sizes: Readonly<Record<TypeName, number>>;
  readonly offsets: {
    readonly "struct sigaction": Readonly<Record<SigactionField, number>>;
    readonly "struct sockaddr_un": Readonly<Record<"sun_family" | "sun_path", number>>;
    readonly "struct sockaddr_in": Readonly<Record<"sin_port" | "sin_addr", number>>;
    readonly "struct sockaddr_in6": Readonly<Record<"sin6_port" | "sin6_addr", number>>;
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
  | "O_NONBLOCK"
  | "CLOCK_MONOTONIC";

type LinuxConstantName =
  | "PR_SET_PDEATHSIG"
  | "PR_SET_CHILD_SUBREAPER"
  | "CLOSE_RANGE_CLOEXEC"
  | "MFD_CLOEXEC"
  | "SOCK_CLOEXEC"
  | "MSG_NOSIGNAL"
  | "EPOLL_CTL_ADD"
  | "EPOLL_CTL_DEL"
  | "SYS_pidfd_send_signal"
  | "SYS_pidfd_open"
  | "SYS_close_range"
  | "CLOCK_REALTIME"
  | "TIMER_ABSTIME"
  | "sizeof(struct itimerspec)"
  | "offsetof(struct itimerspec, it_value)";

type TypeName =
  | "sigset_t"
  | "struct sigaction"
  | "posix_spawnattr_t"
  | "posix_spawn_file_actions_t"
  | "struct sockaddr_un";

type SigactionField = "sa_handler" | "sa_mask" | "sa_flags";
