// `export default { fetch }`, served as `bun` serves it: port and host come from the object itself or from PORT.
import type { Server } from "bun";
import { failure, failureOf } from "./failure.ts";
import { LoadError, type LoadedModule } from "./loader.ts";

const drainPollMs = 5;

/** @returns the servers, listening. @throws {LoadError} if one can't listen */
export function startServers(modules: readonly LoadedModule[]): Server<unknown>[] {
  const servers: Server<unknown>[] = [];
  for (const { path, exports } of modules) {
    const options = exports["default"];
    if (!hasFetch(options)) continue;
    try {
      servers.push(Bun.serve({ development: false, ...options }));
    } catch (error) {
      for (const server of servers) void server.stop(true);
      throw new LoadError(serveFailure(error, path));
    }
  }
  return servers;
}

/** Accepts nothing more. @returns when each request that was going on is answered */
export async function drainServers(servers: readonly Server<unknown>[]): Promise<void> {
  for (const server of servers) void server.stop();
  while (servers.some((server) => server.pendingRequests > 0)) await Bun.sleep(drainPollMs);
}

type ServeOptions = Parameters<typeof Bun.serve>[0];

/** Whether a module's default export is something to serve. */
export function hasFetch(value: unknown): value is ServeOptions & object {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "fetch") === "function";
}

function serveFailure(error: unknown, path: string) {
  const { message } = failureOf(error, path);
  const hint = /EADDRINUSE|in use/.test(message)
    ? "choose another port with PORT=…, or port in the export"
    : null;
  return failure(path, `cannot serve its default export: ${message}`, null, { hint });
}
