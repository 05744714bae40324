// What of the launcher's environment a daemon gets. Variables that describe the terminal, the login session or another
// service would lie to it; those that steer Bun itself would let a stray setting change djob. Pure.
import { attributesVariable, handoverVariable, listenVariable, stageVariable } from "./descriptors.ts";

export type Environment = Readonly<Record<string, string>>;

/** Describe the shell, the terminal or the login, all of which end before the daemon does. */
export const sessionVariables: ReadonlySet<string> = new Set(
  `_ BASH_ENV CDPATH COLUMNS DISPLAY ENV HISTFILE IFS LINES LS_COLORS MAIL OLDPWD PROMPT_COMMAND PS1 PS2 PS4 PWD
  SHLVL SSH_AGENT_PID SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_ORIGINAL_COMMAND SSH_TTY STY SUDO_COMMAND
  SUDO_GID SUDO_HOME SUDO_UID SUDO_USER TERM TERMCAP TERM_PROGRAM TERM_PROGRAM_VERSION TMUX TMUX_PANE VTE_VERSION WAYLAND_DISPLAY WINDOWID XAUTHORITY XDG_SEAT
  XDG_SESSION_CLASS XDG_SESSION_ID XDG_SESSION_TYPE XDG_VTNR`.split(/\s+/),
);

/** Given by a service manager to the process that it started, which a background daemon is not (sd_notify(3)). */
export const serviceVariables: ReadonlySet<string> = new Set(
  `FDSTORE INVOCATION_ID JOURNAL_STREAM LISTEN_FDNAMES LISTEN_FDS LISTEN_PID LISTEN_PIDFDID MAINPID MANAGERPID
  MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE NOTIFY_SOCKET SYSTEMD_EXEC_PID WATCHDOG_PID WATCHDOG_USEC`.split(
    /\s+/,
  ),
);

/** Steer the runtime that djob is made of: what it loads, where it connects, what it writes on exit. */
export const runtimeVariables: ReadonlySet<string> = new Set(
  `BUN_BE_BUN BUN_BYTECODE_ORDER_OUT BUN_INSPECT BUN_INSPECT_CONNECT_TO BUN_INSPECT_NOTIFY BUN_INSPECT_PRELOAD
  BUN_OPTIONS ${attributesVariable} ${handoverVariable} ${listenVariable} ${stageVariable}`.split(/\s+/),
);

/** A setting of the runtime's without which no call of the C library works. @returns it as it stands there; null: it is as it must be */
export function brokenSetting(environment: Readonly<Record<string, string | undefined>>): string | null {
  const value = environment["BUN_JSC_useJIT"] ?? "";
  return /^(0|no|false)$/i.test(value) ? `BUN_JSC_useJIT=${value}` : null;
}

export const brokenSettingHint = "unset it: the runtime can't call the C library without its compiler";

/**
 * Without this, an idle Bun wakes up once a second for half a minute after it has allocated. Only read at start; the
 * worker takes it away again before it loads a module.
 */
export const quietCollector: readonly [name: string, value: string] = ["BUN_GC_TIMER_INTERVAL", "300000"];

/**
 * Without this, the memory allocator has a thread that wakes up twice a minute to give memory back; with it that happens at once.
 * Spelt as nobody else would.
 */
const quietAllocator: readonly [name: string, value: string] = ["MIMALLOC_PURGE_DELAY", "00"];

/** What each of djob's processes is started with; a user's own settings win. */
export const quietSettings = [quietCollector, quietAllocator] as const;

/** Whether a variable is djob's own setting, and not a user's. */
export function isQuietSetting(name: string, value: string | undefined): boolean {
  return quietSettings.some(([own, setting]) => name === own && value === setting);
}

/**
 * Only read at start, and only for a supervisor, which does little and lives long: with the interpreter and one baseline
 * compiler on its own thread's time it needs a fifth less memory of its own. Spelt as nobody else would, so that what a user
 * chose for the worker is told from it.
 */
const smallHeap: ReadonlyArray<readonly [name: string, value: string]> = [
  ["BUN_JSC_forceMiniVMMode", "Yes"],
  ["BUN_JSC_useConcurrentJIT", "No"],
];

/** What a supervisor is started with beside its worker's environment; a user's own settings win. */
export function withSmallHeap(environment: Environment): Environment {
  return { ...Object.fromEntries(smallHeap), ...environment };
}

/** The worker's part of what its supervisor was started with. */
export function withoutSmallHeap(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => !smallHeap.some(([own, setting]) => name === own && value === setting),
    ),
  );
}

export interface EnvironmentRequest {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly foreground: boolean;
  /** --env-file and --env, in the order in which they win: later ones over earlier ones. */
  readonly assignments: ReadonlyArray<readonly [name: string, value: string]>;
  readonly timeZone: string | null;
}

/** The environment that the user's modules see. */
export function daemonEnvironment(request: EnvironmentRequest): Environment {
  const { inherited, foreground, assignments, timeZone } = request;
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && passes(name, foreground)) environment[name] = value;
  }
  for (const [name, value] of assignments) environment[name] = value;
  if (timeZone !== null) environment["TZ"] = timeZone;
  return environment;
}

function passes(name: string, foreground: boolean): boolean {
  if (name === "" || runtimeVariables.has(name)) return false;
  return foreground || !(sessionVariables.has(name) || serviceVariables.has(name));
}
