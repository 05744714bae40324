// How an attempt has ended, judged by what its handler has returned or thrown.
import type { Run } from "./run.ts";

/** How an attempt has ended. */
export interface AttemptEnd {
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled";
  readonly error: unknown;
  readonly result: unknown;
  /** What the run left in `context.state`. */
  readonly state: unknown;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What the job's retry.when has said already, where the run was; none: it has not. */
  readonly mayRetry?: boolean | null;
}

/** As most runs end. */
const plainSuccess: AttemptEnd = Object.freeze({
  outcome: "succeeded",
  error: null,
  result: undefined,
  state: undefined,
  exitCode: null,
  signal: null,
});

export function judgeSuccess(run: Run, result: unknown, state: unknown): AttemptEnd {
  if (!run.isTimedOut && result === undefined && state === undefined) return plainSuccess;
  if (!run.isTimedOut)
    return { outcome: "succeeded", error: null, result, state, exitCode: null, signal: null };
  const error = new DOMException("the run took longer than its timeout", "TimeoutError");
  // The log has the message alone: there is nothing to find in its stack.
  Object.defineProperty(error, Symbol.for("nodejs.util.inspect.custom"), { value: () => error.message });
  return { outcome: "timed-out", error, result: undefined, state: undefined, exitCode: null, signal: null };
}

/** @param reason what the run was aborted with; null: it was not */
export function judgeFailure(run: Run, error: unknown, reason: unknown): AttemptEnd {
  const isAborted = reason !== null && (error === reason || isAbortError(error));
  const outcome = run.isTimedOut ? "timed-out" : isAborted ? "cancelled" : "failed";
  return { outcome, error, result: undefined, state: undefined, exitCode: null, signal: null };
}

function isAbortError(error: unknown): boolean {
  try {
    return error instanceof Error && error.name === "AbortError";
  } catch {
    return false;
  }
}
