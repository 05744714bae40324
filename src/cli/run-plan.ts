// What the flags of `djob run` ask for, checked and made absolute: the daemon's spec and its environment.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import {
  brokenSetting,
  brokenSettingHint,
  daemonEnvironment,
  type Environment,
} from "../daemon/environment.ts";
import { DjobError, worldError } from "../daemon/error.ts";
import { outsidePath } from "../daemon/inside.ts";
import { checkSocketPath, type Directories, type Paths, pathsFor } from "../daemon/paths.ts";
import { environmentFor, ownerOf } from "../daemon/privileges/privileges.ts";
import { checkName, checkSpecSize, defaults, nameOfModule, type Spec, specVersion } from "../daemon/spec.ts";
import { exitCode } from "../exit-code.ts";
import { isCrontab } from "../runtime/loading/crontab/kind.ts";
import { checkTimeZone } from "../schedule/time-zone.ts";
import { type CommandInput, isSet, textOf } from "./command.ts";
import { nameOfCommand, planCommand } from "./command-flags.ts";
import { absolutePath, directoriesOf, durationOf } from "./flags.ts";
import { historyOf } from "./history-flags.ts";
import { checkLife, lifeOf } from "./life-flags.ts";
import { planLog, redactionOf } from "./log-flags.ts";
import { planPrivileges } from "./privilege-flags.ts";
import { watchOf } from "./watch-flags.ts";

export interface RunPlan {
  readonly spec: Spec;
  readonly environment: Environment;
  readonly directories: Directories;
}

/** @throws {DjobError} with exit code 2 for a value that can't be right */
export function planRun(input: CommandInput): RunPlan {
  const { args, positionals, repeated, tail } = input;
  const isService = hasServiceManager(process.env);
  const foreground = isSet(args, "foreground") || isService;
  if (foreground && isSet(args, "json")) {
    const why = isSet(args, "foreground")
      ? "with --foreground"
      : "under a service manager (NOTIFY_SOCKET is set)";
    throw misuse(`--json has nothing to print ${why}`, "leave one out");
  }
  const privileges = planPrivileges(input);
  const chroot = privileges?.chroot ?? null;
  const modules = positionals.map((path) => pathWithin(chroot, path));
  checkDistinct(modules, chroot);
  const name = textOf(args, "name");
  const directories = directoriesOf(args);
  const daemon =
    name === null ? nameOfModule(tail === null ? (modules[0] ?? "") : nameOfCommand(tail)) : checkName(name);
  const timeZone = timeZoneOf(textOf(args, "tz"));
  const fromFiles = (repeated["env-file"] ?? []).flatMap((file) => readAssignments(absolutePath(file)));
  const assignments = [...fromFiles, ...(repeated["env"] ?? []).map(parseAssignment)];
  const environment = daemonEnvironment({
    inherited: environmentFor(privileges, process.env),
    foreground,
    assignments,
    timeZone,
  });
  const usualPaths = pathsFor(daemon, directories, ownerOf(privileges) !== null);
  const log = planLog(input, usualPaths.log, foreground, fixedLog(tail !== null, chroot));
  const spec: Spec = {
    version: specVersion,
    name: daemon,
    modules,
    systemCrontab: systemCrontabOf(isSet(args, "system-crontab"), modules),
    paths: { ...usualPaths, ...pidfileOf(input), ...log.paths },
    log: log.rules,
    redaction: redactionOf(
      repeated["redact"] ?? [],
      fromFiles.map(([variable]) => variable),
    ),
    foreground,
    workingDirectory: workingDirectoryOf(textOf(args, "chdir"), foreground, chroot),
    umask: umaskOf(textOf(args, "umask"), foreground),
    timeZone,
    readyTimeoutMs: durationOf(args, "ready-timeout") ?? defaults.readyTimeoutMs,
    ...lifeOf(args, foreground),
    ...watchOf(args),
    history: historyOf(args),
    privileges,
    command: planCommand(input, { name: daemon, environment, chroot }),
  };
  const broken = brokenSetting(environment);
  if (broken !== null) throw misuse(`cannot use --env ${broken}`, brokenSettingHint);
  checkLife(spec);
  checkSocketPath(spec.paths.socket);
  checkSpecSize(spec);
  return { spec, environment, directories };
}

/** Whether somebody waits to be told by this very process that it is ready (sd_notify(3)): then it must not fork. */
function hasServiceManager(environment: NodeJS.ProcessEnv): boolean {
  return (environment["NOTIFY_SOCKET"] ?? "") !== "";
}

/** A path that the daemon uses after a chroot is meant inside, as with start-stop-daemon(8). */
function pathWithin(chroot: string | null, path: string): string {
  return chroot === null ? absolutePath(path) : resolve("/", path);
}

/** A file is loaded once, whatever its names: given twice, it is more likely a slip than meant. */
function checkDistinct(modules: readonly string[], chroot: string | null): void {
  const seen = new Map<string, string>();
  for (const module of modules) {
    const file = realPathOf(outsidePath(chroot, module));
    const earlier = seen.get(file);
    if (earlier === module) throw misuse(`${module} is given twice`, "give each module once");
    if (earlier !== undefined) {
      throw misuse(`${earlier} and ${module} are the same file`, "give each module once");
    }
    seen.set(file, module);
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function pidfileOf({ args }: CommandInput): Pick<Paths, "pidfile"> | null {
  const path = textOf(args, "pidfile");
  return path === null ? null : { pidfile: absolutePath(path) };
}

/** Where a process that holds the log can't be made to write to another file. */
function fixedLog(isCommand: boolean, chroot: string | null): Parameters<typeof planLog>[3] {
  if (isCommand)
    return {
      why: "a command holds its log open: have logrotate rotate it, with copytruncate",
      isEnclosed: false,
    };
  if (chroot === null) return null;
  return {
    why: "inside a chroot there is no log to open anew: have logrotate use copytruncate",
    isEnclosed: true,
  };
}

function workingDirectoryOf(path: string | null, foreground: boolean, chroot: string | null): string | null {
  if (path === null) return foreground && chroot === null ? null : defaults.workingDirectory;
  const directory = pathWithin(chroot, path);
  if (statSync(outsidePath(chroot, directory), { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw misuse(`--chdir ${directory} is not a directory`, "make it first");
}

function umaskOf(text: string | null, foreground: boolean): number | null {
  if (text === null) return foreground ? null : defaults.umask;
  if (/^0?[0-7]{1,3}$/.test(text)) return Number.parseInt(text, 8);
  throw misuse(`--umask ${JSON.stringify(text)} is not an octal mode from 0 to 777`, "write --umask 027");
}

function systemCrontabOf(isGiven: boolean, modules: readonly string[]): boolean {
  if (!isGiven || modules.some((module) => isCrontab(module, true))) return isGiven;
  throw misuse("--system-crontab says how crontabs are read, and none of the modules is one", "leave it out");
}

function timeZoneOf(text: string | null): string | null {
  if (text !== null) checkTimeZone(text);
  return text;
}

function parseAssignment(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at > 0 && !text.includes("\0")) return [text.slice(0, at), text.slice(at + 1)];
  throw misuse(`--env ${JSON.stringify(text)} is not KEY=VALUE`, "write --env PORT=8080");
}

function readAssignments(file: string): Array<[name: string, value: string]> {
  try {
    const parsed = parseEnv(readFileSync(file, "utf8"));
    return Object.entries(parsed).map(([name, value]) => [name, value ?? ""]);
  } catch (error) {
    throw worldError(`read the --env-file ${file}`, error);
  }
}

function misuse(message: string, hint: string): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}
