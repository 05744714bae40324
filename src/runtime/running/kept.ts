// What of a run is small and plain enough to be kept: its result, its state, its error. Pure.
import type { Redact } from "../../logs/redact.ts";
import type { RunError } from "../../store/records.ts";
import { unshowable, userStack } from "../failure.ts";

const maximumStateBytes = 64 * 1024;
const maximumResultBytes = 4 * 1024;
const maximumErrorLength = 16 * 1024;

/** @returns JSON text; null if it is no JSON, or too much */
export function keptResult(result: unknown): string | null {
  if (result === undefined) return null;
  const text = jsonOf(result);
  return text === null || Buffer.byteLength(text) > maximumResultBytes ? null : text;
}

/** @returns JSON text, or null with or without a problem: nothing is to be kept */
export function keptState(
  state: unknown,
  before: string | null,
): { text: string | null; problem: string | null } {
  if (state === undefined) {
    return before === null ? { text: null, problem: null } : { text: "null", problem: null };
  }
  const text = jsonOf(state);
  if (text === null) return { text: null, problem: "it is not a JSON value" };
  const bytes = Buffer.byteLength(text);
  if (bytes <= maximumStateBytes) return { text, problem: null };
  return { text: null, problem: `it has ${bytes} bytes as JSON, and may have ${maximumStateBytes}` };
}

/** Whatever was thrown, as a record keeps it. */
export function runError(error: unknown, redact: Redact | null): RunError {
  const cut = (text: string) => (redact?.(String(text)) ?? String(text)).slice(0, maximumErrorLength);
  try {
    if (error instanceof Error) {
      const { name, message, stack } = error;
      return {
        name: cut(name),
        message: cut(message),
        stack: stack === undefined ? null : cut(userStack(stack)),
      };
    }
    return {
      name: "Error",
      message: cut(typeof error === "string" ? error : Bun.inspect(error)),
      stack: null,
    };
  } catch {
    return { name: "Error", message: unshowable, stack: null };
  }
}

function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}
