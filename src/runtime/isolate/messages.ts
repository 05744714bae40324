// What the worker and a thread or process of its jobs say to each other: JSON, one message at a time. What comes out of there is
// what a user's code may have written: it is looked at before it is believed.
import { type Level, levels } from "../../logs/line.ts";
import type { ModuleFailure } from "../failure.ts";
import type { RunRequest } from "../running/execution.ts";
import { heardThrown, type Thrown } from "./thrown.ts";

export type ToHost =
  /** First of all, and once. */
  | { readonly type: "load"; readonly module: string }
  /** Answered with "succeeded" or "failed", and then "rested". */
  | { readonly type: "run"; readonly request: RunRequest; readonly maxCpuMs: number | null }
  | { readonly type: "abort"; readonly text: string; readonly name: "AbortError" | "TimeoutError" }
  /** How much memory its heap has, after a collection or since the last: answered with the same id, if its event loop turns. */
  | { readonly type: "measure"; readonly id: number; readonly collect: boolean };

export type FromHost =
  /** The module has been loaded. */
  | { readonly type: "loaded" }
  | { readonly type: "unloadable"; readonly failure: ModuleFailure }
  /** A whole line, without its end. `apart` is JSON text of LineParts; null: it has no fields, or too many. */
  | { readonly type: "line"; readonly level: Level; readonly text: string; readonly apart: string | null }
  /** The handler has returned. `result` and `state` are JSON text; null: undefined, or too much. */
  | { readonly type: "succeeded"; readonly result: string | null; readonly state: string | null }
  /** The handler has thrown. `mayRetry`: what the job's retry.when says; null: it has none. */
  | { readonly type: "failed"; readonly error: Thrown; readonly mayRetry: boolean | null }
  /** After a run: whether nothing of it is left, so that another may follow. */
  | { readonly type: "rested"; readonly reusable: boolean }
  | { readonly type: "measured"; readonly id: number; readonly bytes: number }
  /** process.exit was called. */
  | { readonly type: "exiting"; readonly code: number; readonly stack: string | null }
  /** Something was thrown outside of any handler. */
  | { readonly type: "crashed"; readonly what: string; readonly error: Thrown };

export type Check<Message> = (value: Readonly<Record<string, unknown>>) => Message | null;

/** @returns null for what is none of them */
export function heardFromHost(text: string): FromHost | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const type: unknown = Reflect.get(value, "type");
  if (typeof type !== "string" || !Object.hasOwn(checks, type)) return null;
  return checks[type as FromHost["type"]](value as Record<string, unknown>);
}

const checks: { readonly [Type in FromHost["type"]]: Check<FromHost> } = {
  loaded: () => ({ type: "loaded" }),
  unloadable({ failure }) {
    const heard = heardFailure(failure);
    return heard === null ? null : { type: "unloadable", failure: heard };
  },
  line: ({ level, text, apart }) =>
    isLevel(level) && typeof text === "string" && isTextOrNull(apart)
      ? { type: "line", level, text, apart }
      : null,
  succeeded: ({ result, state }) =>
    isTextOrNull(result) && isTextOrNull(state) ? { type: "succeeded", result, state } : null,
  failed({ error, mayRetry }) {
    const thrown = heardThrown(error);
    if (thrown === null || (mayRetry !== null && typeof mayRetry !== "boolean")) return null;
    return { type: "failed", error: thrown, mayRetry };
  },
  rested: ({ reusable }) => (typeof reusable === "boolean" ? { type: "rested", reusable } : null),
  measured: ({ id, bytes }) =>
    isCount(id) && typeof bytes === "number" && bytes >= 0 ? { type: "measured", id, bytes } : null,
  exiting: ({ code, stack }) =>
    Number.isSafeInteger(code) && isTextOrNull(stack) ? { type: "exiting", code: Number(code), stack } : null,
  crashed({ what, error }) {
    const thrown = heardThrown(error);
    return typeof what === "string" && thrown !== null ? { type: "crashed", what, error: thrown } : null;
  },
};

function heardFailure(value: unknown): ModuleFailure | null {
  if (typeof value !== "object" || value === null) return null;
  const { module, message, location, sourceLine, stack, hint } = value as Record<string, unknown>;
  if (typeof message !== "string") return null;
  if (![module, sourceLine, stack, hint].every(isTextOrNull)) return null;
  return { module, message, location: heardLocation(location), sourceLine, stack, hint } as ModuleFailure;
}

function heardLocation(value: unknown): ModuleFailure["location"] {
  if (typeof value !== "object" || value === null) return null;
  const { file, line, column } = value as Record<string, unknown>;
  return typeof file === "string" && isCount(line) && isCount(column) ? { file, line, column } : null;
}

function isLevel(value: unknown): value is Level {
  return (levels as readonly unknown[]).includes(value);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
