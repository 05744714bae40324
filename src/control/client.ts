// Asks a daemon over its control socket.
import type { DaemonStatus, ReloadReport, SpecReport, StopReport, UpgradeReport } from "./messages.ts";

/** The daemon's answer, or null if nobody answered in time. */
export type Answer<T> = Promise<T | null>;

export function askStatus(socket: string, timeoutMs: number): Answer<DaemonStatus> {
  return ask(socket, "GET", "/status", timeoutMs);
}

export function askSpec(socket: string, timeoutMs: number): Answer<SpecReport> {
  return ask(socket, "GET", "/spec?secrets=true", timeoutMs);
}

/**
 * Answered once all runs have ended.
 * @param stopTimeoutMs how long they may take; null: what the daemon was started with
 */
export function askStop(socket: string, stopTimeoutMs: number | null, timeoutMs: number): Answer<StopReport> {
  const query = stopTimeoutMs === null ? "" : `?timeoutMs=${stopTimeoutMs}`;
  return ask(socket, "POST", `/stop${query}`, timeoutMs);
}

/** Of a supervisor. @param schedule such as TERM/30/KILL/5 */
export function askStopBySteps(socket: string, schedule: string, timeoutMs: number): Answer<StopReport> {
  return ask(socket, "POST", `/stop?${new URLSearchParams({ schedule })}`, timeoutMs);
}

/** Answered when the new code is ready, or has failed to become so. */
export function askReload(socket: string, timeoutMs: number): Answer<ReloadReport> {
  return ask(socket, "POST", "/reload", timeoutMs);
}

/** Answered when the new executable has been found good, or has not. */
export function askUpgrade(socket: string, timeoutMs: number): Answer<UpgradeReport> {
  return ask(socket, "POST", "/upgrade", timeoutMs);
}

/** The runtime itself would give up an answer that does not come within five minutes (`timeout`): how long to wait is said here. */
async function ask<T>(socket: string, method: string, path: string, timeoutMs: number): Promise<T | null> {
  try {
    const response = await fetch(`http://djob${path}`, {
      unix: socket,
      method,
      timeout: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    // No socket, nobody behind it, or no answer in time: the lock says what is true.
    return null;
  }
}

export interface Answered {
  /** HTTP status. */
  readonly status: number;
  readonly value: unknown;
}

export interface Question {
  readonly method: "GET" | "POST";
  /** With its query, percent-encoded. */
  readonly path: string;
  /** Sent as JSON; undefined: nothing. */
  readonly body?: unknown;
}

/** What is answered to a question about jobs, refusals too; null if nobody answered in time. */
export async function askJobs(
  socket: string,
  question: Question,
  timeoutMs: number,
): Promise<Answered | null> {
  try {
    const response = await send(socket, question, AbortSignal.timeout(timeoutMs));
    return { status: response.status, value: await response.json() };
  } catch {
    return null;
  }
}

/**
 * The lines of an answer that goes on, each as the value that its JSON is; a refusal is one line.
 * @throws what fetch throws if the connection ends before the answer does
 */
export async function* followJobs(
  socket: string,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const response = await send(socket, question, signal);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
  if (rest !== "") yield JSON.parse(rest);
}

function send(socket: string, { method, path, body }: Question, signal: AbortSignal): Promise<Response> {
  return fetch(`http://djob${path}`, {
    unix: socket,
    method,
    timeout: false,
    signal,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
}
