// What was thrown in a thread or process, on its way to the worker: there it is an Error again, of the language's own class if it was
// one, with its stack, code and causes, and it is shown as it would have been at its place.
import { withoutOwnFrames } from "../failure.ts";
import { errorText } from "../journal.ts";
import { parsedJson } from "../parsed-json.ts";

export interface Thrown {
  /** null: it was no Error. */
  readonly error: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | null;
    readonly code: string | number | null;
    readonly cause: Thrown | null;
  } | null;
  /** As the log shows it. */
  readonly shown: string;
  /** JSON text of what is no Error; null: it is none. */
  readonly value: string | null;
}

const longestCharacters = 65_536;
const deepestCause = 4;

/** A map: what is thrown may have any name, "toString" too. */
const classes: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

/** Whatever was thrown. */
export function tellThrown(thrown: unknown, depth = 0): Thrown {
  const shown = cut(errorText(thrown));
  try {
    if (!(thrown instanceof Error)) return { error: null, shown, value: JSON.stringify(thrown) ?? null };
    const { name, message, stack, cause } = thrown;
    const code: unknown = Reflect.get(thrown, "code");
    return {
      error: {
        name: cut(name),
        message: cut(message),
        stack: typeof stack === "string" ? cut(withoutOwnFrames(stack)) : null,
        code: typeof code === "string" || typeof code === "number" ? code : null,
        cause: cause === undefined || depth >= deepestCause ? null : tellThrown(cause, depth + 1),
      },
      shown,
      value: null,
    };
  } catch {
    return { error: null, shown, value: null };
  }
}

/** @returns what the worker has in its place */
export function rebuildThrown({ error, shown, value }: Thrown): unknown {
  if (error === null) {
    const plain = parsedJson(value);
    return typeof plain === "object" && plain !== null ? showAs(plain, shown) : plain;
  }
  const { name, message, stack, code, cause } = error;
  const made =
    name === "AbortError" || name === "TimeoutError"
      ? new DOMException(message, name)
      : new (classes.get(name) ?? Error)(message);
  define(made, "name", name);
  define(made, "stack", stack ?? `${name}: ${message}`);
  if (code !== null && !(made instanceof DOMException)) define(made, "code", code);
  if (cause !== null) define(made, "cause", rebuildThrown(cause));
  return showAs(made, shown);
}

/**
 * How a thread or process ended, in place of an error of its handler.
 * @param frames of the place in the handler's module that has led to it, if there is one
 */
export function isolationError(message: string, frames = ""): Error {
  const error = new Error(message);
  define(error, "name", "IsolationError");
  define(error, "stack", `IsolationError: ${message}${frames}`);
  return showAs(error, `${message}${frames}`);
}

export function heardThrown(value: unknown, depth = 0): Thrown | null {
  if (typeof value !== "object" || value === null || depth > deepestCause) return null;
  const { error, shown, value: plain } = value as Record<string, unknown>;
  if (typeof shown !== "string" || !(plain === null || typeof plain === "string")) return null;
  if (error === null) return { error, shown, value: plain };
  if (typeof error !== "object") return null;
  const { name, message, stack, code, cause } = error as Record<string, unknown>;
  if (typeof name !== "string" || typeof message !== "string") return null;
  if (!(stack === null || typeof stack === "string")) return null;
  const known = typeof code === "string" || typeof code === "number" ? code : null;
  return {
    error: { name, message, stack, code: known, cause: heardThrown(cause, depth + 1) },
    shown,
    value: null,
  };
}

function showAs<Value extends object>(value: Value, shown: string): Value {
  define(value, Symbol.for("nodejs.util.inspect.custom"), () => shown);
  return value;
}

function define(target: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}

function cut(text: string): string {
  return String(text).slice(0, longestCharacters);
}
