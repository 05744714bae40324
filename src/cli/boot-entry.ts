// From the arguments of `djob install` to what is started at boot: the modules and flags that were given, or those of a
// daemon that runs. They are checked here as `djob run` checks them, because at boot nobody is there to read an error.
import { lstatSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { BootEntry } from "../boot/entry.ts";
import type { InitKind } from "../boot/system.ts";
import { askSpec } from "../control/client.ts";
import { DjobError } from "../daemon/error.ts";
import { find, placeOf } from "../daemon/finding/locate.ts";
import { pathsFor } from "../daemon/paths.ts";
import { isName, nameOfModule, restoreSpec, type Spec } from "../daemon/spec.ts";
import { requireModules } from "../daemon/starting/start.ts";
import { ownDirectories } from "../daemon/surroundings.ts";
import { checkWay } from "../daemon/trust.ts";
import { exitCode } from "../exit-code.ts";
import { isCrontab } from "../runtime/loading/crontab/kind.ts";
import type { CommandInput } from "./command.ts";
import { nameOfCommand } from "./command-flags.ts";
import { run } from "./commands/run.ts";
import { absolutePath, directoriesOf, placeIn } from "./flags.ts";
import { notRunning } from "./names.ts";
import { flagsOfSpec, flagWords, givenFlags, inputOf, type RunFlags } from "./run-flags.ts";
import { planRun } from "./run-plan.ts";

export interface BootPlan {
  readonly entry: BootEntry;
  readonly spec: Spec;
  /** What its user should know, besides. */
  readonly warnings: readonly string[];
}

const answerMs = 5_000;
const moduleEnding = /\.([cm]?[jt]sx?)$/;
/** Where a daemon's files are is said by flags at boot, whatever the environment of the one who installs it. */
const placeVariables = ["DJOB_DIR", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "LOGS_DIRECTORY"];

/** @throws {DjobError} with exit code 2, 7 or 9 for what could not be started now */
export async function planBoot(input: CommandInput, kind: InitKind): Promise<BootPlan> {
  const request = await requestOf(input);
  const foreground = kind === "systemd" || kind === "launchd";
  const flags = withPlace(request, kind);
  const { tail } = request;
  const words = [...flagWords(flags), ...(tail === null ? request.modules : ["--", ...tail])];
  const { spec } = planRun(inputOf(run, foreground ? ["--foreground", ...words] : words, input.output));
  requireModules(spec);
  const place = new Map([...flags].filter(([name]) => name === "dir" || name === "pidfile"));
  const scope = process.geteuid?.() === 0 ? "system" : "user";
  const entry: BootEntry = {
    name: spec.name,
    djobPath: ownExecutable(),
    runArguments: words,
    placeArguments: flagWords(place),
    environment: scope === "user" ? stateHome() : [],
    scope,
    neededDirectories: distinct(spec.modules.map((module) => dirname(module))),
    writtenDirectories: distinct([
      ...(flags.get("dir") ?? []),
      ...["pidfile", "log", "log-err"].flatMap((name) => flags.get(name) ?? []).map(dirname),
    ]),
    dropsPrivileges: flags.has("user"),
    runsCrontab: spec.modules.some((module) => isCrontab(module, spec.systemCrontab)),
    isPrivate: flags.has("env"),
    readyTimeoutMs: spec.readyTimeoutMs,
    stopTimeoutMs: spec.stopTimeoutMs,
  };
  return { entry, spec, warnings: [...request.warnings, ...warningsOf(entry, flags, spec)] };
}

interface BootRequest {
  readonly modules: readonly string[];
  /** A program and its arguments in place of modules. */
  readonly tail: readonly string[] | null;
  readonly flags: RunFlags;
  readonly warnings: readonly string[];
}

/** A single argument that is no file may be the name of a daemon that runs. */
async function requestOf(input: CommandInput): Promise<BootRequest> {
  const { args, positionals, repeated } = input;
  const given = givenFlags(run, repeated);
  const { tail } = input;
  if (tail !== null) {
    const name = given.has("name") ? [] : [["name", [nameOfModule(nameOfCommand(tail))]] as const];
    return { modules: [], tail, flags: new Map([...name, ...given]), warnings: [] };
  }
  const [only = ""] = positionals;
  if (positionals.length > 1 || isFile(absolutePath(only)) || !isName(only)) {
    const name = given.has("name") ? [] : [["name", [nameOfModule(only)]] as const];
    return {
      modules: positionals.map(absolutePath),
      tail: null,
      flags: new Map([...name, ...given]),
      warnings: [],
    };
  }
  const directories = directoriesOf(args);
  const place = placeIn(directories, args, only);
  const found = await find(place);
  if (found.life !== "alive") {
    if (moduleEnding.test(only))
      return { modules: [absolutePath(only)], tail: null, flags: given, warnings: [] };
    const { message, hint } = notRunning(place, found, directories);
    throw new DjobError(
      exitCode.notRunning,
      `cannot install ${only}: there is no such file, and ${message}`,
      hint,
    );
  }
  const report = found.status === null ? null : await askSpec(place.paths.socket, answerMs);
  const spec = report === null ? found.spec : restoreSpec(report.spec);
  if (spec === null) throw silent(only);
  return {
    modules: spec.modules,
    tail: spec.command === null ? null : [spec.command.program, ...spec.command.argv.slice(1)],
    flags: new Map([...flagsOfSpec(spec, bootDirectories()), ...given]),
    warnings: [`${only}'s environment is not taken over: give it variables with --env-file or --env`],
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** DJOB_DIR is not there at boot, and what launchd starts has no log but its own. */
function withPlace({ flags, modules }: BootRequest, kind: InitKind): RunFlags {
  const all = new Map(flags);
  const dir = process.env["DJOB_DIR"];
  if (!all.has("dir") && dir?.startsWith("/")) all.set("dir", [dir]);
  if (kind === "launchd" && !all.has("log")) {
    const name = all.get("name")?.[0] ?? nameOfModule(modules[0] ?? "");
    all.set("log", [pathsFor(name, ownDirectories(all.get("dir")?.[0] ?? null)).log]);
  }
  return all;
}

/** Where a daemon's files are at boot if no flag says otherwise. */
function bootDirectories() {
  const kept = Object.entries(process.env).filter(([name]) => !placeVariables.includes(name));
  return ownDirectories(null, Object.fromEntries(kept));
}

/** Moves a user's files, so it must be the same at boot as in the user's shell. */
function stateHome(): BootEntry["environment"] {
  const path = process.env["XDG_STATE_HOME"];
  return path?.startsWith("/") ? [["XDG_STATE_HOME", path]] : [];
}

function ownExecutable(): string {
  try {
    return realpathSync(process.execPath);
  } catch {
    throw new DjobError(
      exitCode.failed,
      `cannot install: this djob's own file is gone (${process.execPath})`,
      "call the djob that is to be started at boot",
    );
  }
}

function warningsOf({ name, scope, djobPath, isPrivate }: BootEntry, flags: RunFlags, spec: Spec): string[] {
  const secrets = isPrivate
    ? [
        "the values of --env can be seen by this machine's users (ps, systemctl show): put secrets into a file of mode 0600, and name it with --env-file",
      ]
    : [];
  if (scope === "user") return secrets;
  const files = flags.has("user")
    ? [djobPath]
    : [djobPath, ...spec.modules, ...(flags.get("env-file") ?? [])];
  return [
    ...secrets,
    ...files.flatMap((path) => {
      const why = whyUntrusted(path);
      return why === null
        ? []
        : [`${name} will run as root at boot, but ${path} is not root's alone: ${why}`];
    }),
  ];
}

/** Why somebody else than root could change a file; null if nobody can. */
function whyUntrusted(path: string): string | null {
  try {
    const file = realpathSync(path);
    checkWay(dirname(file));
    const { uid, mode } = lstatSync(file);
    if (uid !== 0) return `it belongs to user ${uid}`;
    return (mode & 0o002) === 0 ? null : "everybody may write to it";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function silent(name: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot install ${name}: it does not answer, so its flags are not known`,
    "give its modules and flags",
  );
}

function distinct(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}

/** Whether a daemon of this spec runs already. */
export async function isRunning({ name, paths }: Spec): Promise<boolean> {
  const place = placeOf(name, ownDirectories(dirname(paths.socket)), paths.pidfile);
  return (await find(place)).life === "alive";
}
