// Bun.spawn hands a child that is given no environment the one that Bun itself was started with, whatever became of
// process.env since, and so does a Web Worker. Neither may get djob's own variables, and a module that changes
// process.env expects its children to see that, as they do with node:child_process.

/**
 * To be called before a module is loaded: `import { spawn } from "bun"` takes what is there at that moment.
 * @param preload the script that a Web Worker loads first; null: none
 */
export function handDownProcessEnvironment(preload: string | null): void {
  const { spawn, spawnSync } = Bun;
  Bun.spawn = withEnvironment(spawn);
  Bun.spawnSync = withEnvironment(spawnSync);
  globalThis.Worker = new Proxy(Worker, {
    construct: (target, [url, options], newTarget) =>
      Reflect.construct(target, [url, withPreload({ env: process.env, ...options }, preload)], newTarget),
  });
}

function withPreload(options: WorkerOptions, preload: string | null): WorkerOptions {
  if (preload === null) return options;
  return { ...options, preload: [preload, ...[options.preload ?? []].flat()] };
}

/** Both take `(command, options)` or the options alone. An `env` that is given stays, and null means none is given. */
function withEnvironment<Spawn extends typeof Bun.spawn | typeof Bun.spawnSync>(native: Spawn): Spawn {
  const call = native as (first: unknown, second?: unknown) => unknown;
  const spawn = (first: unknown, second?: unknown) =>
    Array.isArray(first) ? call(first, complete(second)) : call(complete(first));
  return spawn as Spawn;
}

function complete(options: unknown): unknown {
  if (options === undefined || options === null) return { env: process.env };
  // What is no object is the caller's mistake, which Bun itself reports.
  if (typeof options !== "object") return options;
  return { ...options, env: Reflect.get(options, "env") ?? process.env };
}
