// What a user hands to a log, as text and as plain JSON values: whatever it is, it is shown, and nothing that it does throws.

/** node:util takes a millisecond to load, and a daemon that is starting has nothing to inspect. */
export function shownFields(fields: Readonly<Record<string, unknown>>): string {
  try {
    const { inspect } = process.getBuiltinModule("node:util");
    return inspect(fields, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });
  } catch {
    return hidden;
  }
}

export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: unknown;
}

/** An error as `{ name, message, stack, cause }`; of what is none but was thrown, what it is. */
export function plainError(error: unknown): PlainError {
  try {
    if (error instanceof Error) {
      const plain = new Plainer().plain(error);
      if (isPlainError(plain)) return plain;
    }
    if (isPlainError(error)) return error;
  } catch {
    // A Proxy.
    return { name: "thrown", message: hidden };
  }
  return { name: "thrown", message: textOf(error) };
}

/** `Name: message` of an error, without its stack. */
export function errorTitle(error: unknown): string {
  const { name, message } = plainError(error);
  return message === "" ? name : `${name}: ${message}`;
}

/** The same value in JSON's terms: null, booleans, finite numbers, texts, arrays, objects. */
export function plainValue(value: unknown): unknown {
  return new Plainer().plain(value);
}

const hidden = "[can't be shown]";
const deepest = 10;
/** Of all that one record shows. */
const mostNodes = 100_000;

class Plainer {
  readonly #above: object[] = [];
  #nodes = 0;

  plain(value: unknown): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "bigint":
        return value.toString();
      case "undefined":
        return null;
      case "symbol":
        return value.toString();
      case "function":
        return `[Function ${textOf(value.name)}]`;
      default:
        return typeof value !== "object" || value === null ? null : this.#object(value);
    }
  }

  #object(value: object): unknown {
    this.#nodes += 1;
    if (this.#above.includes(value)) return "[Circular]";
    if (this.#above.length >= deepest || this.#nodes > mostNodes)
      return Array.isArray(value) ? "[Array]" : "[Object]";
    this.#above.push(value);
    try {
      return this.#parts(value);
    } catch {
      // A proxy, or a toJSON that throws.
      return hidden;
    } finally {
      this.#above.pop();
    }
  }

  #parts(value: object): unknown {
    if (Array.isArray(value)) return Array.from(value, (item) => this.plain(item));
    if (value instanceof Error) return this.#error(value);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof Map)
      return this.#entries(Array.from(value, ([key, item]) => [keyText(key), item] as const));
    if (value instanceof Set) return Array.from(value, (item) => this.plain(item));
    if (value instanceof RegExp) return String(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return shortText(value);
    const toJson: unknown = Reflect.get(value, "toJSON");
    if (typeof toJson === "function") return this.plain(Reflect.apply(toJson, value, [""]));
    if (value instanceof Number || value instanceof String || value instanceof Boolean)
      return value.valueOf();
    return this.#entries(Object.keys(value).map((key) => [key, propertyOf(value, key)] as const));
  }

  #entries(entries: ReadonlyArray<readonly [string, unknown]>): Record<string, unknown> {
    const plain: Record<string, unknown> = Object.create(null);
    for (const [key, item] of entries) if (item !== undefined) plain[key] = this.plain(item);
    return plain;
  }

  #error(error: Error): Record<string, unknown> {
    const { name, message, stack, cause } = {
      name: propertyOf(error, "name"),
      message: propertyOf(error, "message"),
      stack: propertyOf(error, "stack"),
      cause: propertyOf(error, "cause"),
    };
    const others = Object.keys(error).filter((key) => !errorKeys.includes(key));
    return {
      name: textOf(name),
      message: textOf(message),
      ...(typeof stack === "string" ? { stack } : {}),
      ...(cause === undefined ? {} : { cause: this.plain(cause) }),
      ...this.#entries(others.map((key) => [key, propertyOf(error, key)] as const)),
    };
  }
}

/** Bun adds the place to an error's own properties. */
const errorKeys = [
  "name",
  "message",
  "stack",
  "cause",
  "line",
  "column",
  "sourceURL",
  "originalLine",
  "originalColumn",
];

export function isPlainError(value: unknown): value is PlainError {
  if (typeof value !== "object" || value === null) return false;
  return typeof propertyOf(value, "name") === "string" && typeof propertyOf(value, "message") === "string";
}

function propertyOf(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key);
  } catch (error) {
    return `[Getter threw ${error instanceof Error ? error.name : "something"}]`;
  }
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : textOf(key);
}

function textOf(value: unknown): string {
  try {
    return typeof value === "object" && value !== null ? shortText(value) : String(value);
  } catch {
    return hidden;
  }
}

function shortText(value: object): string {
  return process
    .getBuiltinModule("node:util")
    .inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 1 });
}
