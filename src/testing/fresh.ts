// Loads modules as if for the first time: those that have to do with djob, because their jobs belong to one test. What they import
// besides is loaded once, as everywhere in bun test: a test that imports it too sees, and may replace, what the jobs use.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describeFailure } from "../runtime/failure.ts";
import { declareModules } from "../runtime/loading/declare-modules.ts";
import { LoadError } from "../runtime/loading/loader.ts";
import type { Registry } from "../runtime/registry.ts";

const crontabs = { isSystem: false, read: (path: string) => readFileSync(path) };

/** @throws {Error} that says what is wrong with a module, and where */
export async function loadAfresh(paths: readonly string[], registry: Registry): Promise<void> {
  for (const path of withDjob(paths)) delete require.cache[path];
  const { main } = Bun;
  const [, script] = process.argv;
  try {
    await declareModules(paths, { registry, crontabs, onModule: () => {}, warn: () => {} });
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    throw new Error(`cannot load ${error.failure.module ?? "a module"}: ${describeFailure(error.failure)}`, {
      cause: error,
    });
  } finally {
    Reflect.set(Bun, "main", main);
    if (script !== undefined) process.argv[1] = script;
  }
}

/** The modules given, and of what they import all files that import "djob", themselves or through others. */
function withDjob(paths: readonly string[]): ReadonlySet<string> {
  const importers = new Map<string, Set<string>>();
  const found = new Set(paths);
  const pending = [...paths];
  const fresh = new Set(paths);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const specifier of importsOf(path)) {
      if (specifier === "djob") {
        fresh.add(path);
        continue;
      }
      const target = resolved(specifier, path);
      if (target === null) continue;
      importers.set(target, (importers.get(target) ?? new Set()).add(path));
      if (found.has(target)) continue;
      found.add(target);
      pending.push(target);
    }
  }
  // A set's iteration goes on with what is added meanwhile.
  for (const path of fresh) for (const importer of importers.get(path) ?? []) fresh.add(importer);
  return fresh;
}

function importsOf(path: string): string[] {
  const match = /\.[cm]?([jt]sx?)$/.exec(path);
  if (match === null) return [];
  try {
    const loader = match[1] as Bun.JavaScriptLoader;
    return new Bun.Transpiler({ loader }).scanImports(readFileSync(path, "utf8")).map((found) => found.path);
  } catch {
    // What is wrong with it is told when it is loaded.
    return [];
  }
}

/** The user's own file; null for a package, and for what is not there. */
function resolved(specifier: string, from: string): string | null {
  try {
    const path = Bun.resolveSync(specifier, dirname(from));
    return path.startsWith("/") && !path.includes("/node_modules/") ? path : null;
  } catch {
    return null;
  }
}
