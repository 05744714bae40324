// What a daemon is to be: one plain object, made once by the launcher from the flags, and handed down the chain
// unchanged. No later stage looks at a flag again.
import { basename } from "node:path";
import { exitCode } from "../exit-code.ts";
import type { RedactionRules } from "../logs/redact.ts";
import type { LogRules } from "../logs/rules.ts";
import type { CommandSpec } from "./command.ts";
import { DjobError } from "./error.ts";
import type { Paths } from "./paths.ts";
import type { Privileges } from "./privileges/privileges.ts";
import type { StopStep } from "./stopping/stop-schedule.ts";
import type { RestartPolicy } from "./supervise/state.ts";

export const specVersion = 5;

export interface Spec {
  readonly version: typeof specVersion;
  readonly name: string;
  /** Absolute paths. */
  readonly modules: readonly string[];
  /** Whether the crontabs among them have a user column. */
  readonly systemCrontab: boolean;
  readonly paths: Paths;
  readonly foreground: boolean;
  /** null: where the launcher was (in the foreground only). */
  readonly workingDirectory: string | null;
  /** null: the launcher's (in the foreground only). */
  readonly umask: number | null;
  readonly timeZone: string | null;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** null: it runs modules. */
  readonly command: CommandSpec | null;
  /** null: those of whoever starts it. */
  readonly privileges: Privileges | null;
  readonly restart: RestartRules;
  readonly killMode: KillMode;
  /** What a worker gets at a stop, one after another; the last one's wait is null, and KILL ends it in any case. */
  readonly stopSchedule: readonly StopStep[];
  /** How long the worker's event loop may give no answer; null: for ever. */
  readonly watchdogMs: number | null;
  /** How much memory the worker may have resident before another one takes its place; null: any. */
  readonly maximumMemoryBytes: number | null;
  readonly history: HistoryRules;
  readonly log: LogRules;
  readonly redaction: RedactionRules;
}

/** What is kept of runs. */
export interface HistoryRules {
  /** The latest so many of each job. */
  readonly keepRuns: number;
  /** Those that were due no longer ago than that; null: however long. */
  readonly keepForMs: number | null;
}

export interface RestartRules {
  readonly policy: RestartPolicy;
  readonly delayMs: number;
  /** More restarts than that within the time, and the daemon has failed. */
  readonly maximum: { readonly count: number; readonly withinMs: number };
}

/** What ends with a worker: all that it left, its process group, or nothing but itself. */
export const killModes = ["all", "group", "worker"] as const;
export type KillMode = (typeof killModes)[number];

/**
 * Whether a supervisor stands above the worker: to restart it, to clean up where the worker may not any more, to reap
 * orphans as process 1 of a container.
 * @param pid of the process that is to become the daemon in the foreground
 */
export function isSupervised(spec: Spec, pid: number): boolean {
  const { restart, foreground, privileges, command, watchdogMs, maximumMemoryBytes, log } = spec;
  const isDropped = privileges !== null && (privileges.identity !== null || privileges.chroot !== null);
  const isWatched = watchdogMs !== null || maximumMemoryBytes !== null;
  // It reads what goes to descriptors 1 and 2.
  const isReader = log.target.type === "syslog";
  const isNeeded = isReader || isDropped || isWatched || command !== null || (foreground && pid === 1);
  return restart.policy !== "never" || isNeeded;
}

export const defaults = {
  umask: 0o022,
  workingDirectory: "/",
  readyTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  restartPolicy: "on-failure",
  restartDelayMs: 1_000,
  restartMaximum: { count: 10, withinMs: 600_000 },
  killMode: "all",
  stopSignal: "SIGTERM",
  keepRuns: 1_000,
  logForm: "text",
  logLevel: "debug",
  rotation: {
    maximumBytes: 64 * 2 ** 20,
    maximumAgeMs: null,
    keep: 7,
    compression: "zstd",
    totalBytes: null,
  },
} as const;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws {DjobError} if a name could not be a file's name in every directory of a daemon */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new DjobError(
    exitCode.usage,
    `cannot use the name ${JSON.stringify(name)}: a name has 1 to 64 letters, digits, dots, dashes and underscores, and starts with a letter or a digit`,
    `choose another with --name${exampleName(name)}`,
  );
}

function exampleName(name: string): string {
  const example = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|-+$/g, "")
    .slice(0, 64);
  return isName(example) ? `, such as --name ${example}` : "";
}

/** The name of a daemon that was given none: its first module's file name without its ending. */
export function nameOfModule(module: string): string {
  return checkName(basename(module).replace(/\.[^.]+$/, ""));
}

export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** What one process writes to the next. */
export function encodeSpec(spec: Spec): string {
  return JSON.stringify(spec);
}

/** A spec goes through a pipe that nobody reads yet (pipe(7): it holds 64 KiB). @throws {DjobError} if it is too long */
export function checkSpecSize(spec: Spec): void {
  const size = Buffer.byteLength(encodeSpec(spec));
  if (size <= maximumSpecBytes) return;
  throw new DjobError(
    exitCode.usage,
    `cannot start ${spec.name}: its modules' paths, flags and command are too long (${size} bytes, at most ${maximumSpecBytes} together)`,
    spec.command === null ? "import some of the modules from another one" : "put the command into a script",
  );
}

const maximumSpecBytes = 60_000;

/** @throws {Error} if the text is not a spec that this version wrote */
export function decodeSpec(text: string): Spec {
  return restoreSpec(JSON.parse(text));
}

/** The same for one that is parsed already. @throws {DjobError} if another version of djob made it */
export function restoreSpec(value: unknown): Spec {
  const version = typeof value === "object" && value !== null ? Reflect.get(value, "version") : undefined;
  if (version === specVersion) return value as Spec;
  throw new DjobError(
    exitCode.failed,
    `cannot use a spec of version ${version}: this djob makes version ${specVersion}`,
    "stop the daemon with the djob that started it, and start it anew",
  );
}
