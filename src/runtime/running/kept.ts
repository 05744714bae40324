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
  return jsonUpTo(result, maximumResultBytes).text;
}

/** @returns JSON text, or null with or without a problem: nothing is to be kept */
export function keptState(
  state: unknown,
  before: string | null,
): { text: string | null; problem: string | null } {
  if (state === undefined) {
    return before === null ? { text: null, problem: null } : { text: "null", problem: null };
  }
  const { text, isTooLong } = jsonUpTo(state, maximumStateBytes);
  if (text !== null) return { text, problem: null };
  if (!isTooLong) return { text: null, problem: "it is not a JSON value" };
  return { text: null, problem: `it has more than ${maximumStateBytes} bytes as JSON` };
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
        stack: typeof stack === "string" ? cut(userStack(stack)) : null,
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

/**
 * A value as JSON, if that is no longer than so many bytes: what is longer is given up early, because a million rows of a database
 * would hold the event loop for a second.
 */
export function jsonUpTo(
  value: unknown,
  mostBytes: number,
): { readonly text: string | null; readonly isTooLong: boolean } {
  let left = mostBytes;
  try {
    // Each value takes a byte at least, and a text as many as it has characters.
    const text = JSON.stringify(value, (_key, part: unknown) => {
      left -= typeof part === "string" ? part.length : 1;
      if (left < 0) throw new Error("it is too long");
      return part;
    });
    if (text === undefined) return { text: null, isTooLong: false };
    return Buffer.byteLength(text) <= mostBytes ? { text, isTooLong: false } : tooLong;
  } catch {
    return left < 0 ? tooLong : { text: null, isTooLong: false };
  }
}

const tooLong = { text: null, isTooLong: true } as const;
