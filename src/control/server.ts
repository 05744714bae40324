// The daemon's control socket: HTTP over a Unix socket of mode 0600, JSON both ways.
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import type { Server } from "bun";
import {
  type DaemonStatus,
  type ErrorReport,
  longestTimeoutMs,
  type ReloadReport,
  type SpecReport,
  type StopReport,
  type UpgradeReport,
} from "./messages.ts";

/** What the requests are answered with. */
export interface ControlHandlers {
  status(): DaemonStatus | Promise<DaemonStatus>;
  spec(): SpecReport;
  reload(): Promise<ReloadReport>;
  upgrade(): Promise<UpgradeReport>;
  /**
   * @param timeoutMs for the runs to end; null: what the daemon was started with
   * @param schedule steps such as TERM/30/KILL/5, which a supervisor can take; null: none are given
   * @throws {Error} if the schedule is none
   */
  stop(timeoutMs: number | null, schedule: string | null): Promise<StopReport>;
}

export interface ControlServer {
  /** Requests that have not been answered yet. */
  readonly pending: number;
  /** Stops listening at once and removes the socket. */
  close(): void;
}

/** Listens; the server does not keep the event loop alive. The lock must be held: a socket that is there is stale. */
export function serveControl(path: string, handlers: ControlHandlers): ControlServer {
  removeSocket(path);
  const answerStop = async (request: Request) => {
    const { searchParams } = new URL(request.url);
    const timeout = searchParams.get("timeoutMs");
    if (timeout !== null && !(/^\d+$/.test(timeout) && Number(timeout) <= longestTimeoutMs)) {
      const hint = `give whole milliseconds, at most ${longestTimeoutMs}`;
      return errorResponse(400, `timeoutMs is ${JSON.stringify(timeout)}`, hint);
    }
    // Runs may take longer to end than a connection may be idle.
    server.timeout(request, 0);
    let stopped: Promise<StopReport>;
    try {
      stopped = handlers.stop(timeout === null ? null : Number(timeout), searchParams.get("schedule"));
    } catch (error) {
      return errorResponse(400, error instanceof Error ? error.message : String(error));
    }
    return Response.json(await stopped);
  };
  const answerReload = async (request: Request) => {
    server.timeout(request, 0);
    return Response.json(await handlers.reload());
  };
  const answerUpgrade = async (request: Request) => {
    server.timeout(request, 0);
    return Response.json(await handlers.upgrade());
  };
  const umask = process.umask(0o177);
  let server: Server<undefined>;
  try {
    server = Bun.serve({
      unix: path,
      development: false,
      maxRequestBodySize: 1 << 20,
      routes: {
        "/status": { GET: async () => Response.json(await handlers.status()) },
        "/spec": { GET: () => Response.json(handlers.spec()) },
        "/stop": { POST: (request) => answerStop(request) },
        "/reload": { POST: (request) => answerReload(request) },
        "/upgrade": { POST: (request) => answerUpgrade(request) },
      },
      fetch: (request) => refuse(request),
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

/** Removes a socket, and nothing but a socket. */
export function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}

const allowed: ReadonlyMap<string, string> = new Map([
  ["/status", "GET"],
  ["/spec", "GET"],
  ["/stop", "POST"],
  ["/reload", "POST"],
  ["/upgrade", "POST"],
]);

function refuse(request: Request): Response {
  const { pathname } = new URL(request.url);
  const method = allowed.get(pathname);
  if (method === undefined) {
    const known = [...allowed].map(([path, verb]) => `${verb} ${path}`).join(", ");
    return errorResponse(404, `there is no ${pathname}`, `known are ${known}`);
  }
  return errorResponse(405, `${pathname} does not take ${request.method}`, `use ${method}`, {
    allow: method,
  });
}

function errorResponse(status: number, message: string, hint: string | null = null, headers = {}): Response {
  const report: ErrorReport = { error: { code: status, message, hint } };
  return Response.json(report, { status, headers });
}
