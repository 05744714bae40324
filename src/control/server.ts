// The daemon's control socket: HTTP over a Unix socket of mode 0600, JSON both ways.
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import type { Server } from "bun";
import type { RemoteJobs } from "./calls.ts";
import { answerJobs } from "./job-routes.ts";
import { ControlError } from "./jobs.ts";
import type {
  DaemonStatus,
  ErrorReport,
  ReloadReport,
  RunCount,
  SpecReport,
  StopReport,
  UpgradeReport,
} from "./messages.ts";
import { longestBodyBytes } from "./messages.ts";
import { metricsText, metricsType } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { type Matched, match, queryOf, type Value } from "./routing.ts";

/** What the requests are answered with. */
export interface ControlHandlers {
  status(): DaemonStatus | Promise<DaemonStatus>;
  /** @param withSecrets or else they are masked */
  spec(withSecrets: boolean): SpecReport;
  reload(): Promise<ReloadReport>;
  upgrade(): Promise<UpgradeReport>;
  /**
   * @param timeoutMs for the runs to end; null: what the daemon was started with
   * @param schedule steps such as TERM/30/KILL/5, which a supervisor can take; null: none are given
   * @throws {Error} if the schedule is none
   */
  stop(timeoutMs: number | null, schedule: string | null): Promise<StopReport>;
  readonly jobs: RemoteJobs;
}

export interface ControlServer {
  /** Requests that have not been answered yet. */
  readonly pending: number;
  /** Stops listening at once and removes the socket. */
  close(): void;
}

/**
 * A run, a stop or a reload may take any time, and without this no connection outlives ten seconds without a byte: server.timeout() of
 * one request has no effect on a Unix socket. The types know of no such option there.
 */
const neverIdle: object = { idleTimeout: 0 };

/** Listens; the server does not keep the event loop alive. The lock must be held: a socket that is there is stale. */
export function serveControl(path: string, handlers: ControlHandlers): ControlServer {
  removeSocket(path);
  const umask = process.umask(0o177);
  let server: Server<undefined>;
  try {
    server = Bun.serve({
      ...neverIdle,
      unix: path,
      development: false,
      // What is larger is refused by whoever reads it, as JSON.
      maxRequestBodySize: 2 * longestBodyBytes,
      fetch: (request) => answer(request, handlers),
      error: (error) => errorResponse(500, `the request failed: ${error.message}`),
    });
    chmodSync(path, 0o600);
  } finally {
    process.umask(umask);
  }
  server.unref();
  return {
    get pending() {
      return server.pendingRequests;
    },
    close() {
      removeSocket(path);
      void server.stop(true);
    },
  };
}

async function answer(request: Request, handlers: ControlHandlers): Promise<Response> {
  try {
    const { pathname } = new URL(request.url);
    const matched = match(request.method, pathname);
    if ("route" in matched) return await answerRoute(matched, request, handlers);
    const allow = matched.join(", ");
    return errorResponse(405, `${pathname} does not take ${request.method}`, `use ${allow}`, { allow });
  } catch (error) {
    if (error instanceof ControlError) return errorResponse(error.status, error.message, error.hint);
    throw error;
  }
}

async function answerRoute(matched: Matched, request: Request, handlers: ControlHandlers): Promise<Response> {
  const { operation } = matched.route;
  switch (operation) {
    case "status":
    case "spec":
    case "reload":
    case "upgrade":
    case "stop":
    case "metrics":
    case "openapi":
      break;
    default:
      return await answerJobs(operation, matched, request, handlers.jobs);
  }
  const query = queryOf(matched.route, new URL(request.url).searchParams);
  if (operation === "status") return Response.json(await handlers.status());
  if (operation === "spec") return Response.json(handlers.spec(query["secrets"] === true));
  if (operation === "metrics") return await metrics(handlers);
  if (operation === "openapi") return Response.json(openapi());
  if (operation === "reload") return Response.json(await handlers.reload());
  if (operation === "upgrade") return Response.json(await handlers.upgrade());
  return Response.json(await beginStop(handlers, query));
}

/** Always answered: that its worker can't be asked is a number, too. */
async function metrics({ status, jobs }: ControlHandlers): Promise<Response> {
  const told = await status();
  let counts: readonly RunCount[] | null = null;
  try {
    if (told.responsive && told.command === null) counts = await jobs.ask("counts", null);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
  }
  return new Response(metricsText(told, counts), { headers: { "content-type": metricsType } });
}

/** @throws {ControlError} 400 */
function beginStop(
  handlers: ControlHandlers,
  { timeoutMs, schedule }: Readonly<Record<string, Value>>,
): Promise<StopReport> {
  try {
    return handlers.stop(
      timeoutMs === undefined ? null : Number(timeoutMs),
      schedule === undefined ? null : String(schedule),
    );
  } catch (error) {
    throw new ControlError(400, error instanceof Error ? error.message : String(error));
  }
}

/** Removes a socket, and nothing but a socket. */
export function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

function errorResponse(status: number, message: string, hint: string | null = null, headers = {}): Response {
  const report: ErrorReport = { error: { code: status, message, hint } };
  return Response.json(report, { status, headers });
}
