// The flags of `djob run` as data: what the user gave, or what a running daemon was given, and the command line that
// says the same from anywhere at any time. Pure but for the current directory.
import { dirname } from "node:path";
import { parseArgs } from "citty";
import { type Directories, pathsFor } from "../daemon/paths.ts";
import { defaults, type Spec } from "../daemon/spec.ts";
import { formatSchedule, usualSchedule } from "../daemon/stopping/stop-schedule.ts";
import { formatSize } from "../runtime/size.ts";
import { formatExactDuration } from "../schedule/duration.ts";
import type { Command, CommandInput } from "./command.ts";
import { absolutePath } from "./flags.ts";
import { splitPath } from "./log-flags.ts";
import type { Output } from "./output.ts";
import { checkArguments, splitTail } from "./strict.ts";
import { writtenLog } from "./written-log.ts";
import { writtenPrivileges } from "./written-privileges.ts";

/** Each flag with its values; a boolean one has the empty text. */
export type RunFlags = ReadonlyMap<string, readonly string[]>;

/** Say how to call djob, not what the daemon is. */
export const callFlags: readonly string[] = ["foreground", "ok", "json"];

/** Those of a command's flags that the user gave, with absolute paths. */
export function givenFlags({ args }: Pick<Command, "args">, repeated: CommandInput["repeated"]): RunFlags {
  const flags = new Map<string, readonly string[]>();
  for (const [name, definition] of Object.entries(args)) {
    const values = repeated[name];
    if (values === undefined || definition.type === "positional" || callFlags.includes(name)) continue;
    const { isPath, exceptWords } = definition;
    const whole = (value: string) => (exceptWords?.test(value) ? value : absolutePath(value));
    flags.set(name, isPath ? values.map(whole) : values);
  }
  return flags;
}

/** Flags as words: each with its value in one, so that a value may begin with a dash. */
export function flagWords(flags: RunFlags): string[] {
  return [...flags].flatMap(([name, values]) =>
    values.map((value) => (value === "" ? `--${name}` : `--${name}=${value}`)),
  );
}

/** What a command makes of such words: the same that it would make of them at boot. */
export function inputOf(command: Command, words: readonly string[], output: Output): CommandInput {
  const { head, tail } = splitTail(words);
  return { ...checkArguments(command, head, tail), args: parseArgs(head, command.args), tail, output };
}

/**
 * The flags that a daemon of this spec was given. What a spec holds is all here: a part that no entry speaks of would be
 * lost at boot, and does not compile.
 * @param usual where its files would be without flags
 */
export function flagsOfSpec(spec: Spec, usual: Directories): RunFlags {
  const all = Object.values(writers).flatMap((write) => write(spec, usual));
  const flags = new Map<string, string[]>();
  for (const [name, value] of all) flags.set(name, [...(flags.get(name) ?? []), value]);
  return flags;
}

type Written = ReadonlyArray<readonly [flag: string, value: string]>;

const nothing = (): Written => [];

const writers: { readonly [Part in keyof Spec]-?: (spec: Spec, usual: Directories) => Written } = {
  version: nothing,
  name: ({ name }) => [["name", name]],
  modules: nothing,
  systemCrontab: ({ systemCrontab }) => (systemCrontab ? [["system-crontab", ""]] : []),
  foreground: nothing,
  paths: pathFlags,
  workingDirectory: ({ workingDirectory: directory }) =>
    directory === null || directory === defaults.workingDirectory ? [] : [["chdir", directory]],
  umask: ({ umask }) =>
    umask === null || umask === defaults.umask ? [] : [["umask", umask.toString(8).padStart(3, "0")]],
  timeZone: ({ timeZone }) => (timeZone === null ? [] : [["tz", timeZone]]),
  readyTimeoutMs: ({ readyTimeoutMs }) => timeFlag("ready-timeout", readyTimeoutMs, defaults.readyTimeoutMs),
  stopTimeoutMs: nothing,
  command: commandFlagsOf,
  privileges: ({ privileges }) => writtenPrivileges(privileges),
  restart: restartFlags,
  log: writtenLog,
  redaction: ({ redaction: { patterns } }) => patterns.map((pattern) => ["redact", pattern] as const),
  killMode: ({ killMode }) => (killMode === defaults.killMode ? [] : [["kill-mode", killMode]]),
  stopSchedule: stopFlags,
  history: ({ history: { keepRuns, keepForMs } }) => [
    ...(keepRuns === defaults.keepRuns ? [] : ([["keep-runs", String(keepRuns)]] as const)),
    ...(keepForMs === null ? [] : ([["keep-runs-for", formatExactDuration(keepForMs)]] as const)),
  ],
  watchdogMs: ({ watchdogMs }) =>
    watchdogMs === null ? [] : [["watchdog", formatExactDuration(watchdogMs)]],
  maximumMemoryBytes: ({ maximumMemoryBytes: bytes }) =>
    bytes === null ? [] : [["max-memory", formatSize(bytes)]],
};

function commandFlagsOf({ command }: Spec): Written {
  if (command === null) return [];
  const { ready } = command;
  switch (ready.type) {
    case "alive":
      return timeFlag("ready-after", ready.forMs, 0);
    case "notify":
      return [["ready", "notify"]];
    case "line":
      return [["ready-line", ready.pattern]];
    case "port":
      return [
        [
          "ready-port",
          ready.host.includes(":") ? `[${ready.host}]:${ready.port}` : `${ready.host}:${ready.port}`,
        ],
      ];
  }
}

/** A boot entry runs in the foreground, where the usual policy is another. */
function restartFlags({ restart: { policy, delayMs, maximum } }: Spec): Written {
  const { count, withinMs } = defaults.restartMaximum;
  const isUsual = maximum.count === count && maximum.withinMs === withinMs;
  return [
    ...(policy === defaults.restartPolicy ? [] : ([["restart", policy]] as const)),
    ...timeFlag("restart-delay", delayMs, defaults.restartDelayMs),
    ...(isUsual
      ? []
      : ([["restart-max", `${maximum.count}/${formatExactDuration(maximum.withinMs)}`]] as const)),
  ];
}

function stopFlags({ stopSchedule, stopTimeoutMs }: Spec): Written {
  const [first] = stopSchedule;
  const signal = first?.signal ?? defaults.stopSignal;
  if (JSON.stringify(stopSchedule) !== JSON.stringify(usualSchedule(signal, stopTimeoutMs)))
    return [["retry", formatSchedule(stopSchedule)]];
  return [
    ...timeFlag("stop-timeout", stopTimeoutMs, defaults.stopTimeoutMs),
    ...(signal === defaults.stopSignal ? [] : ([["stop-signal", signal.slice(3)]] as const)),
  ];
}

function timeFlag(flag: string, timeMs: number, usualMs: number): Written {
  return timeMs === usualMs ? [] : [[flag, formatExactDuration(timeMs)]];
}

/** No flag moves the socket alone, so it tells the directory. */
function pathFlags({ name, paths }: Spec, usual: Directories): Written {
  const runtime = dirname(paths.socket);
  const isUsual = runtime === usual.runtime;
  const expected = pathsFor(name, isUsual ? usual : { runtime, logs: runtime, state: runtime });
  return [
    ...(isUsual ? [] : ([["dir", runtime]] as const)),
    ...(paths.pidfile === expected.pidfile ? [] : ([["pidfile", paths.pidfile]] as const)),
    ...(paths.log === null || paths.log === expected.log ? [] : ([["log", paths.log]] as const)),
    ...(paths.logErr === null || paths.logErr === splitPath(paths.log ?? "")
      ? []
      : ([["log-err", paths.logErr]] as const)),
  ];
}
