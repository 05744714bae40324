// Loads modules and has them declare their jobs, whatever form they are in.
import { realpathSync } from "node:fs";
import { goesByOwnZone } from "../../schedule/plan.ts";
import { misreadZone } from "../../schedule/zone-period.ts";
import { failure, type ModuleFailure } from "../failure.ts";
import type { Registry } from "../registry.ts";
import { declareScheduled } from "./cloudflare.ts";
import { type CrontabRegistry, declareCrontab } from "./crontab/declare.ts";
import { crontabNames, isCrontab, isScriptName } from "./crontab/kind.ts";
import {
  type CrontabPort,
  type CrontabSource,
  type FileProblem,
  failureOfProblems,
  readCrontab,
} from "./crontab/source.ts";
import { LoadError, type LoadedModule, loadModules } from "./loader.ts";

export interface Declaring {
  readonly registry: CrontabRegistry & Pick<Registry, "fresh" | "module" | "jobs">;
  readonly crontabs: CrontabPort;
  /** A module is about to be loaded. */
  onModule(path: string): void;
  /** What somebody should know, and nothing fails for. */
  warn(message: string): void;
}

/** @throws {LoadError | RegistrationError | ScheduleError} for what a module's author has to mend */
export async function declareModules(
  paths: readonly string[],
  declaring: Declaring,
): Promise<LoadedModule[]> {
  const { registry, onModule } = declaring;
  // Before any module's code has done anything.
  const sources = soundCrontabs(paths, declaring);
  const modules: LoadedModule[] = [];
  for (const path of paths) {
    const source = sources.get(path);
    if (source !== undefined) declareSource(source, declaring);
    else {
      registry.module = path;
      modules.push(...(await loadModules([path], onModule).catch((error) => throwAsModule(error, path))));
    }
  }
  for (const module of modules) {
    registry.module = module.path;
    declareScheduled(module, registry);
  }
  // Whatever is declared from now on comes from a callback.
  registry.module = null;
  const isEmpty = sources.size > 0 && [...sources.values()].every(({ entries }) => entries.length === 0);
  if (modules.length === 0 && isEmpty) throw new LoadError(nothingToRun(paths));
  const misread = misreadZone(process.env["TZ"]);
  if (misread !== null && registry.jobs.some(({ plan }) => goesByOwnZone(plan))) declaring.warn(misread);
  return modules;
}

/**
 * What is wrong with the crontabs among the modules, all of it; null: nothing.
 */
export function brokenCrontabs(
  paths: readonly string[],
  declaring: Pick<Declaring, "registry" | "crontabs">,
): ModuleFailure | null {
  try {
    soundCrontabs(paths, { ...declaring, onModule: () => {} });
    return null;
  } catch (error) {
    if (error instanceof LoadError) return error.failure;
    throw error;
  }
}

/** Those of the modules that are no crontabs. */
export function scriptsOf(paths: readonly string[], { isSystem }: CrontabPort): string[] {
  return paths.filter((path) => !isCrontab(path, isSystem));
}

function soundCrontabs(
  paths: readonly string[],
  { registry, crontabs, onModule }: Omit<Declaring, "warn">,
): Map<string, CrontabSource> {
  const sources = new Map<string, CrontabSource>();
  const problems: FileProblem[] = [];
  for (const path of paths.filter((each) => isCrontab(each, crontabs.isSystem))) {
    onModule(path);
    const source = readSource(path, crontabs);
    sources.set(path, source);
    const found = [...source.problems, ...declareCrontab(source, registry.fresh()).problems];
    problems.push(
      ...found.toSorted((one, other) => one.line - other.line).map((each) => ({ ...each, path })),
    );
  }
  if (problems.length > 0) throw new LoadError(failureOfProblems(problems));
  return sources;
}

function readSource(path: string, crontabs: CrontabPort): CrontabSource {
  try {
    return readCrontab(path, crontabs);
  } catch (error) {
    const hint =
      error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : null;
    const message = error instanceof Error ? error.message : String(error);
    throw new LoadError(failure(path, message, null, { hint }));
  }
}

function declareSource(source: CrontabSource, { registry, warn }: Declaring): void {
  const { problems, warnings } = declareCrontab(source, registry);
  const { path } = source;
  if (problems.length > 0)
    throw new LoadError(failureOfProblems(problems.map((each) => ({ ...each, path }))));
  for (const warning of [...source.warnings, ...warnings]) warn(warning);
}

/** A file without an ending may have been meant as a crontab. */
function throwAsModule(error: unknown, path: string): never {
  if (!(error instanceof LoadError) || error.failure.hint !== null || isScriptName(realPathOf(path)))
    throw error;
  const hint = `it is taken for TypeScript: a crontab is a file named ${crontabNames}, or any with --system-crontab`;
  throw new LoadError({ ...error.failure, hint });
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function nothingToRun(paths: readonly string[]): ModuleFailure {
  const [only] = paths;
  const hint = "write a line such as: */5 * * * * /usr/local/bin/backup";
  return failure(only ?? null, "there is nothing to do: the crontab has no line that runs a command", null, {
    hint,
  });
}
