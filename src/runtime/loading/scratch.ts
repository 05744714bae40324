// Loads modules in a process that exists for nothing else: to see what they declare, or to run one of their jobs. What keeps
// them from being loaded ends the process.
import { provideApi } from "../../api/module.ts";
import { exitCode } from "../../exit-code.ts";
import { doubtfulNumbers } from "../declare/doubtful.ts";
import { failureOf, type ModuleFailure, notInTime } from "../failure.ts";
import { Registry } from "../registry.ts";
import type { CrontabPort } from "./crontab/source.ts";
import { declareModules } from "./declare-modules.ts";
import { LoadError, type LoadedModule, watchExit } from "./loader.ts";

export interface ScratchPort {
  readonly readyTimeoutMs: number;
  /** How much longer than its launcher the scratch process waits for itself. */
  readonly loadGraceMs: number;
  /** What hashed fields and jitter are spread by. */
  readonly host: string;
  readonly crontabs: CrontabPort;
  failed(failure: ModuleFailure): void;
  exit(code: number): never;
}

export interface ScratchModules {
  readonly registry: Registry;
  readonly modules: readonly LoadedModule[];
  /** The one that was loaded last. */
  readonly last: string | null;
  /** What means something else than it may be thought to. */
  readonly warnings: readonly string[];
}

/**
 * @param judge called when all are loaded, while what goes wrong still is a failure to load
 * @returns what they have declared; from now on what goes wrong is the caller's
 */
export async function loadInScratch(
  paths: readonly string[],
  port: ScratchPort,
  judge: (loaded: ScratchModules) => void | Promise<void> = () => {},
): Promise<ScratchModules> {
  const registry = new Registry(port.host);
  const warnings: string[] = [];
  provideApi({
    job: (...given: unknown[]) => {
      registry.add(...given);
      warnings.push(...doubtfulNumbers(given[0], given[1]));
    },
    hooks: (given) => registry.addHooks(given),
    sockets: [],
  });
  const exits = watchExit();
  let module: string | null = null;
  let isTold = false;
  const fail = (failure: ModuleFailure): never => {
    isTold = true;
    port.failed(failure);
    return port.exit(exitCode.notReady);
  };
  const onExit = (code: number) => {
    if (!isTold) port.failed(exits.failureOf(code, module));
  };
  const onError = (error: unknown) => fail(failureOf(error, module));
  process.on("exit", onExit);
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  const timer = setTimeout(
    () => fail(notInTime(module, port.readyTimeoutMs)),
    port.readyTimeoutMs + port.loadGraceMs,
  );
  try {
    const modules = await declareModules(paths, {
      registry,
      crontabs: port.crontabs,
      onModule: (path) => {
        module = path;
      },
      warn: (message) => void warnings.push(message),
    });
    timer.unref();
    const loaded = { registry, modules, last: module, warnings };
    await judge(loaded);
    return loaded;
  } catch (error) {
    return fail(error instanceof LoadError ? error.failure : failureOf(error, module));
  } finally {
    clearTimeout(timer);
    exits.stop();
    process.off("exit", onExit);
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onError);
  }
}
