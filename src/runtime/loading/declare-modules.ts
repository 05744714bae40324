// Loads modules and has them declare their jobs, whatever form they are in.
import type { Registry } from "../registry.ts";
import { declareScheduled } from "./cloudflare.ts";
import { type LoadedModule, loadModules } from "./loader.ts";

/** @throws {LoadError | RegistrationError | ScheduleError} for what a module's author has to mend */
export async function declareModules(
  paths: readonly string[],
  registry: Pick<Registry, "add">,
  onModule: (path: string) => void,
): Promise<LoadedModule[]> {
  const modules = await loadModules(paths, onModule);
  for (const module of modules) declareScheduled(module, registry);
  return modules;
}
