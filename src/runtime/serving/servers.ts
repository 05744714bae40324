// `export default { fetch }`, served as `bun` serves it: port and host come from the object itself or from PORT. The first
// such module gets the first listening socket of a socket activation, if there is one.
import type { Server } from "bun";
import type { ListenSocket } from "djob";
import { watchedDescriptors } from "../../libc/epoll.ts";
import { yieldConnections } from "../../libc/reuse-port.ts";
import { describeSocket } from "../../libc/sockets.ts";
import { failure, failureOf } from "../failure.ts";
import { LoadError, type LoadedModule } from "../loading/loader.ts";
import { type ServeOptions, serveOn } from "./adopt-listener.ts";

const drainPollMs = 5;
/** How long whoever was accepted last may take to send a request: it comes right behind the connection. */
const lastRequestMs = 50;
/** Whether answers close their connections: a client that keeps one open would lose it under its next request. */
let isDraining = false;

export interface RunningServer {
  readonly server: Server<unknown>;
  /** Where it answers, for people. */
  readonly place: string;
  /** For a socket that outlives this process: leaves to others who has not been accepted yet. */
  readonly stopAccepting?: () => void;
}

/** @returns the servers, listening. @throws {LoadError} if one can't listen */
export function startServers(
  modules: readonly LoadedModule[],
  sockets: readonly ListenSocket[],
): RunningServer[] {
  const servers: RunningServer[] = [];
  let handedOver = sockets.find(({ listening }) => listening);
  for (const { path, exports } of modules) {
    const options = exports["default"];
    if (!hasFetch(options)) continue;
    try {
      servers.push(start({ development: false, ...closingWhenDrained(options) }, handedOver));
      handedOver = undefined;
    } catch (error) {
      for (const { server } of servers) void server.stop(true);
      throw new LoadError(serveFailure(error, path));
    }
  }
  return servers;
}

/**
 * Accepts nothing more. @returns when each request that was going on is answered
 * @param isReplaced whether another server answers in its place, so that clients go on
 */
export async function drainServers(servers: readonly RunningServer[], isReplaced: boolean): Promise<void> {
  isDraining = true;
  const adopted = servers.filter(({ stopAccepting }) => stopAccepting !== undefined);
  for (const { stopAccepting } of adopted) stopAccepting?.();
  if (isReplaced) for (const { server } of servers) leaveNewConnections(server.port);
  // stop() resets a connection on which it has read nothing yet.
  if (adopted.length > 0 || (isReplaced && servers.length > 0)) await Bun.sleep(lastRequestMs);
  for (const { server } of servers) void server.stop();
  while (servers.some(({ server }) => server.pendingRequests > 0)) await Bun.sleep(drainPollMs);
}

/** With reusePort, the successor listens at the same port by now, and gets all that come from now on. */
function leaveNewConnections(port: number | undefined): void {
  for (const { descriptor } of watchedDescriptors()) {
    const socket = describeSocket(descriptor);
    if (socket?.listening && socket.port === port && port !== undefined) yieldConnections(descriptor);
  }
}

/** Whether a module's default export is something to serve. */
export function hasFetch(value: unknown): value is ServeOptions & object {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "fetch") === "function";
}

function closingWhenDrained<Options extends ServeOptions & object>(options: Options): Options {
  const { fetch: given } = options;
  if (given === undefined) return options;
  const answer: (...all: readonly unknown[]) => unknown = given as never;
  async function fetch(this: unknown, ...all: readonly unknown[]): Promise<unknown> {
    const response: unknown = await Reflect.apply(answer, this, all);
    if (!isDraining || !(response instanceof Response)) return response;
    const headers = new Headers(response.headers);
    headers.set("connection", "close");
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
  }
  return { ...options, fetch };
}

function start(options: ServeOptions, socket: ListenSocket | undefined): RunningServer {
  if (socket === undefined) {
    const server = Bun.serve(options);
    return { server, place: String(server.url) };
  }
  const { family, address, port, path, name } = socket;
  const host = family === "inet6" ? `[${address}]` : address;
  const place = family === "unix" ? (path ?? "a Unix socket") : `${host}:${port}`;
  return { ...serveOn(socket, options), place: `${place} (the socket ${name} of the service manager)` };
}

function serveFailure(error: unknown, path: string) {
  const { message } = failureOf(error, path);
  const hint = /EADDRINUSE|in use/.test(message)
    ? "choose another port with PORT=…, or port in the export"
    : null;
  return failure(path, `cannot serve its default export: ${message}`, null, { hint });
}
