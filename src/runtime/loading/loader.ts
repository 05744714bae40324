// Loads the user's modules, one after another, as the main module of the process (so that `import.meta.main` holds, and
// process.argv[1] is its path), and tells what ends a process that is still loading: an exit, an exception out of nowhere.
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { distance } from "fastest-levenshtein";
import { failure, failureOf, locationIn, type ModuleFailure, userStack } from "../failure.ts";

export interface LoadedModule {
  readonly path: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Thrown inside djob when a module is no good: what to tell its author. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly failure: ModuleFailure;

  constructor(reason: ModuleFailure) {
    super(reason.message);
    this.failure = reason;
  }
}

/** Why a path can't be a module, seen before anything is started; null if it may be one. */
export function missingModule(path: string): ModuleFailure | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return failure(path, "there is no such file", null, { hint: similarTo(path) });
  if (stats.isFile()) return null;
  if (!stats.isDirectory()) return failure(path, "it is not a file", null);
  const [first = "worker.ts"] = modulesIn(path);
  return failure(path, "it is a directory, not a file", null, {
    hint: `name a file in it, such as ${join(path, first)}`,
  });
}

/** The file beside it that was probably meant: another ending, or a slip of the finger. */
function similarTo(path: string): string | null {
  const name = basename(path);
  if (/^(?:node|bun|deno|npm|npx|python3?|ruby|php|java|sh|bash) /.test(name))
    return `to run a program: djob run -- ${name}`;
  const stem = (file: string) => file.replace(/\.[^.]+$/, "");
  const close = modulesIn(dirname(path))
    .map((file) => ({ file, steps: stem(file) === stem(name) ? 0 : distance(file, name) }))
    .filter(({ steps }) => steps <= 2)
    .sort((a, b) => a.steps - b.steps)[0];
  return close === undefined ? null : `did you mean ${join(dirname(path), close.file)}?`;
}

function modulesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => /\.[cm]?[jt]sx?$|\.(?:crontab|cron|tab)$|^crontab$/.test(file))
      .sort();
  } catch {
    return [];
  }
}

/** @throws {LoadError} */
export async function loadModules(
  paths: readonly string[],
  onModule: (path: string) => void,
): Promise<LoadedModule[]> {
  const loaded: LoadedModule[] = [];
  for (const path of paths) {
    onModule(path);
    Reflect.set(Bun, "main", path);
    process.argv[1] = path;
    try {
      loaded.push({ path, exports: await import(path) });
    } catch (error) {
      throw new LoadError(failureOf(error, path));
    }
  }
  return loaded;
}

/**
 * Loads a module in a thread or process that runs some of its jobs. It is not the main module there: what stands behind
 * `import.meta.main` is for the worker alone.
 * @throws {LoadError}
 */
export async function loadAgain(path: string): Promise<LoadedModule> {
  process.argv[1] = path;
  try {
    return { path, exports: await import(path) };
  } catch (error) {
    throw new LoadError(failureOf(error, path));
  }
}

export interface ExitWatch {
  /** Why a process that exits while it loads a module has failed. */
  failureOf(code: number, module: string | null): ModuleFailure;
  stop(): void;
}

/**
 * Watches process.exit, so that a module which calls it while it is being loaded can be told where it did, and
 * process.reallyExit, which would end the process without a word: there is an "exit" event for both.
 */
export function watchExit(): ExitWatch {
  const target: ExitFunctions = process as unknown as ExitFunctions;
  const { exit, reallyExit } = target;
  let call: { name: string; stack: string } | null = null;
  const note = (name: string) => {
    call ??= { name, stack: userStack(new Error(name).stack ?? "") };
  };
  target.exit = (code) => {
    note("process.exit");
    return exit(code);
  };
  // process.exit itself comes through here at its end.
  target.reallyExit = (code) => {
    if (call !== null) return reallyExit(code);
    note("process.reallyExit");
    return exit(code);
  };
  return {
    failureOf(code, module) {
      const what = `${call?.name ?? "process.exit"}(${code}) was called while the module was being loaded`;
      return failure(module, what, call === null ? null : locationIn(call.stack));
    },
    stop() {
      target.exit = exit;
      target.reallyExit = reallyExit;
    },
  };
}

interface ExitFunctions {
  exit(code?: number | string | null): never;
  reallyExit(code?: number): never;
}
