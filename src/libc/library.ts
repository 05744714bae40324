// The only dlopen of the project: it binds the libc that is mapped already, at the first call, in about 0.2 ms.
// One missing symbol fails a whole dlopen, so what some libc lacks is bound apart, when it is first asked for.
// FFI turns undefined, NaN and 2**32 into 0 without a word: callers check every argument before they call.
import { dlopen, type FFIFunction, FFIType, type Pointer, read } from "bun:ffi";
import { choosePlatform } from "./platform.ts";
import type { LibcTable } from "./tables/table.ts";

type RequiredSymbols = SymbolsOf<ReturnType<typeof requiredSymbols>>;

export interface Libc {
  readonly table: LibcTable;
  readonly symbols: RequiredSymbols;
  /** One more argument of `fcntl`, where this platform's calling convention expects a variadic one. */
  readonly fcntl: (descriptor: number, command: number, argument: number) => number;
  /** Must be the statement that follows the call whose error it reads: whatever else runs may overwrite it. */
  readonly errno: () => number;
}

/** The libc of this process; the first call opens it. */
export function libc(): Libc {
  opened ??= open();
  return opened;
}

/** A function that this libc may lack, or null if it does. */
export function optionalSymbol<Name extends OptionalName>(name: Name): OptionalSymbols[Name] | null {
  const { library } = locate();
  const known = optionalSymbols.get(name);
  if (known !== undefined) return known as OptionalSymbols[Name] | null;
  const found = tryOpen(library, { [name]: optionalDefinitions[name] })?.[name] ?? null;
  optionalSymbols.set(name, found);
  return found as OptionalSymbols[Name] | null;
}

/** What only a service and a few commands need, bound at the first call: most processes never pay for it. */
export function socketSymbols(): SocketSymbols {
  sockets ??= dlopen(locate().library, socketDefinitions).symbols;
  return sockets;
}

/** The same for what djob can't do without once it is asked for it. @throws {Error} if this libc lacks it */
export function neededSymbol<Name extends OptionalName>(name: Name): NonNullable<OptionalSymbols[Name]> {
  const found = optionalSymbol(name);
  if (found === null) throw new Error(`the C library of this system has no ${name}()`);
  return found;
}

/**
 * What starts and ends a thread of the C library's own, and the address of what it waits by; null where there is none.
 * glibc before 2.34 has them in libraries of their own, which the runtime has mapped.
 */
export function threadSymbols(): { readonly threads: ThreadSymbols; readonly lock: Pointer | bigint } | null {
  const { library, table } = locate();
  if (table.linux === null) return null;
  const elsewhere =
    table.name === "linux-glibc" ? { threads: "libpthread.so.0", loader: "libdl.so.2" } : null;
  const open = <Definitions extends Record<string, FFIFunction>>(wanted: Definitions, other?: string) =>
    tryOpen(library, wanted) ?? (other === undefined ? null : tryOpen(other, wanted));
  const threads = open(threadDefinitions, elsewhere?.threads);
  // RTLD_DEFAULT is 0 on Linux.
  const lock = open(loaderDefinitions, elsewhere?.loader)?.dlsym(null, "pthread_mutex_lock") ?? null;
  return threads === null || lock === null ? null : { threads, lock };
}

type SymbolsOf<Definitions extends Record<string, FFIFunction>> = ReturnType<
  typeof dlopen<Definitions>
>["symbols"];
type OptionalName = keyof typeof optionalDefinitions;
type OptionalSymbols = SymbolsOf<typeof optionalDefinitions>;
type SocketSymbols = SymbolsOf<typeof socketDefinitions>;
type ThreadSymbols = SymbolsOf<typeof threadDefinitions>;

const threadDefinitions = {
  pthread_create: { args: ["ptr", "ptr", "ptr", "ptr"], returns: "i32" },
  pthread_join: { args: ["u64", "ptr"], returns: "i32" },
  pthread_mutex_lock: { args: ["ptr"], returns: "i32" },
  pthread_mutex_unlock: { args: ["ptr"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

const loaderDefinitions = {
  dlsym: { args: ["ptr", "cstring"], returns: "ptr" },
} as const satisfies Record<string, FFIFunction>;

const socketDefinitions = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  recvmsg: { args: ["i32", "ptr", "i32"], returns: "i64" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

const optionalDefinitions = {
  // Of the required one, a result that is a BigInt costs a log a tenth of its speed.
  write: { args: ["i32", "ptr", FFIType.u64_fast], returns: FFIType.i64_fast },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  prctl: { args: ["i32", "i64", "i64", "i64", "i64"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  pthread_attr_init: { args: ["ptr"], returns: "i32" },
  pthread_attr_setsigmask_np: { args: ["ptr", "ptr"], returns: "i32" },
  memfd_create: { args: ["cstring", "u32"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  renameat2: { args: ["i32", "cstring", "i32", "cstring", "u32"], returns: "i32" },
  timer_create: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  timer_settime: { args: ["i64", "i32", "ptr", "ptr"], returns: "i32" },
  syscall: { args: ["i64", "i64", "i64", "i64", "i64"], returns: "i32" },
  getpwnam_r: { args: ["cstring", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getpwuid_r: { args: ["u32", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getgrnam_r: { args: ["cstring", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getgrgid_r: { args: ["u32", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  getgrouplist: { args: ["cstring", "u32", "ptr", "ptr"], returns: "i32" },
  getgroups: { args: ["i32", "ptr"], returns: "i32" },
  setgroups: { args: ["u64", "ptr"], returns: "i32" },
  getresgid: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  getresuid: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  setresgid: { args: ["u32", "u32", "u32"], returns: "i32" },
  setresuid: { args: ["u32", "u32", "u32"], returns: "i32" },
  setgid: { args: ["u32"], returns: "i32" },
  setuid: { args: ["u32"], returns: "i32" },
  chroot: { args: ["cstring"], returns: "i32" },
  setpriority: { args: ["i32", "u32", "i32"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  sched_setaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
  posix_spawn_file_actions_addclosefrom_np: { args: ["ptr", "i32"], returns: "i32" },
  posix_spawn_file_actions_addchdir_np: { args: ["ptr", "cstring"], returns: "i32" },
} as const satisfies Record<string, FFIFunction>;

const optionalSymbols = new Map<OptionalName, unknown>();
let opened: Libc | undefined;
let sockets: SocketSymbols | undefined;
let located: { table: LibcTable; library: string; padding: number[] } | undefined;

function requiredSymbols(padding: readonly "i64"[]) {
  return {
    strerror: { args: ["i32"], returns: "cstring" },
    flock: { args: ["i32", "i32"], returns: "i32" },
    pipe: { args: ["ptr"], returns: "i32" },
    socketpair: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
    read: { args: ["i32", "ptr", "u64"], returns: "i64" },
    write: { args: ["i32", "ptr", "u64"], returns: "i64" },
    isatty: { args: ["i32"], returns: "i32" },
    dup2: { args: ["i32", "i32"], returns: "i32" },
    fcntl: { args: ["i32", "i32", ...padding, "i64"], returns: "i32" },
    _exit: { args: ["i32"], returns: "void" },
    setsid: { args: [], returns: "i32" },
    getsid: { args: ["i32"], returns: "i32" },
    getpgid: { args: ["i32"], returns: "i32" },
    waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" },
    execve: { args: ["cstring", "ptr", "ptr"], returns: "i32" },
    unsetenv: { args: ["cstring"], returns: "i32" },
    kill: { args: ["i32", "i32"], returns: "i32" },
    sigaction: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    sigprocmask: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    sigemptyset: { args: ["ptr"], returns: "i32" },
    sigaddset: { args: ["ptr", "i32"], returns: "i32" },
    sigdelset: { args: ["ptr", "i32"], returns: "i32" },
    posix_spawn: { args: ["ptr", "cstring", "ptr", "ptr", "ptr", "ptr"], returns: "i32" },
    posix_spawnattr_init: { args: ["ptr"], returns: "i32" },
    posix_spawnattr_destroy: { args: ["ptr"], returns: "i32" },
    posix_spawnattr_setflags: { args: ["ptr", "i16"], returns: "i32" },
    posix_spawnattr_setsigdefault: { args: ["ptr", "ptr"], returns: "i32" },
    posix_spawnattr_setsigmask: { args: ["ptr", "ptr"], returns: "i32" },
    posix_spawn_file_actions_init: { args: ["ptr"], returns: "i32" },
    posix_spawn_file_actions_destroy: { args: ["ptr"], returns: "i32" },
    posix_spawn_file_actions_adddup2: { args: ["ptr", "i32", "i32"], returns: "i32" },
    posix_spawn_file_actions_addclose: { args: ["ptr", "i32"], returns: "i32" },
  } as const satisfies Record<string, FFIFunction>;
}

function open(): Libc {
  const { table, library, padding } = locate();
  const { symbols } = dlopen(library, requiredSymbols(padding.map(() => "i64")));
  // Each thread has its own errno, and each Worker its own instance of this module: the address can be kept.
  const location = locateErrno(library, table.errnoLocation);
  return {
    table,
    symbols,
    fcntl: (descriptor, command, argument) => symbols.fcntl(descriptor, command, ...padding, argument),
    errno: () => read.i32(location),
  };
}

function locateErrno(library: string, name: string): Pointer | bigint {
  const location = dlopen(library, { [name]: { args: [], returns: "ptr" } }).symbols[name]?.() ?? null;
  if (location === null) throw new Error(`${name}() of ${library} gave no address`);
  return location;
}

function locate() {
  if (located === undefined) {
    const { table, architecture } = choosePlatform(process.platform, process.arch, hasSymbol, isMapped);
    const padding = new Array<number>(table.variadicPadding[architecture]).fill(0);
    located = { table, library: table.library[architecture], padding };
  }
  return located;
}

function hasSymbol(library: string, name: string): boolean {
  return tryOpen(library, { [name]: { args: [], returns: "ptr" } }) !== null;
}

/** Only asked where there is no glibc: it costs the loading of node:fs. */
function isMapped(library: RegExp): boolean {
  try {
    return library.test(process.getBuiltinModule("node:fs").readFileSync("/proc/self/maps", "utf8"));
  } catch {
    return false;
  }
}

function tryOpen<Definitions extends Record<string, FFIFunction>>(library: string, definitions: Definitions) {
  try {
    return dlopen(library, definitions).symbols;
  } catch {
    return null;
  }
}
