// console.* for user modules: every call becomes a record with time, level and the job whose run it was made in. What
// the console's methods mean stays Bun's and node:console's own business.
import type { Console } from "node:console";
import type { Writable } from "node:stream";
import { errorTitle } from "./form/values.ts";
import type { Level } from "./line.ts";

/** @param error the first of what was written that is one; undefined: there is none */
export type RecordWriter = (level: Level, message: string, error: unknown) => void;

/**
 * Replaces the global console's methods. `write` gets one message a call, without its last end of line.
 * @param isStructured whether the log has a place of its own for an error: its message then names it, without the stack
 */
export function takeOverConsole(write: RecordWriter, isStructured = false): void {
  let indent = "";
  const record = (level: Level, message: string, error?: unknown) => {
    write(level, indent === "" ? message : indent + message.replaceAll("\n", `\n${indent}`), error);
  };
  for (const [method, level] of plainMethods) {
    console[method] = (...values: unknown[]) => {
      const [first] = values;
      if (values.length === 1 && typeof first === "string") {
        record(level, first);
        return;
      }
      const error = isStructured ? values.find((value) => value instanceof Error) : undefined;
      const shown = error === undefined ? values : values.map(withoutStack);
      record(level, textOf(shown), error);
    };
  }
  console.group = (...values: unknown[]) => {
    if (values.length > 0) record("info", textOf(values));
    indent += "  ";
  };
  console.groupCollapsed = console.group;
  console.groupEnd = () => {
    indent = indent.slice(2);
  };
  console.trace = (...values: unknown[]) => {
    // Bun's own leaves the message out, and begins with a frame of djob's.
    const here = { stack: "" };
    Error.captureStackTrace(here, console.trace);
    const title = values.length === 0 ? "Trace" : `Trace: ${textOf(values)}`;
    record(
      "debug",
      here.stack.replace(/^Error.*/, () => title),
    );
  };
  // The rest (tables, counters, stop-watches, assertions) is rare: its machinery is made at the first call.
  let full: Console | null = null;
  let current: Level = "info";
  for (const [method, level] of otherMethods) {
    const call = (...values: unknown[]) => {
      full ??= new (process.getBuiltinModule("node:console").Console)(
        streamTo((text) => record(current, text)),
      );
      current = level;
      const target: unknown = Reflect.get(full, method);
      if (typeof target === "function") Reflect.apply(target, full, values);
    };
    Reflect.set(console, method, call);
  }
}

const plainMethods = [
  ["log", "info"],
  ["info", "info"],
  ["warn", "warn"],
  ["error", "error"],
  ["debug", "debug"],
] as const;

const otherMethods: ReadonlyArray<readonly [string, Level]> = [
  ["assert", "error"],
  ["count", "info"],
  ["countReset", "info"],
  ["dir", "info"],
  ["dirxml", "info"],
  ["table", "info"],
  ["time", "info"],
  ["timeEnd", "info"],
  ["timeLog", "info"],
];

function withoutStack(value: unknown): unknown {
  return value instanceof Error ? errorTitle(value) : value;
}

function textOf(values: readonly unknown[]): string {
  const [first] = values;
  if (values.length === 1 && typeof first === "string") return first;
  return process.getBuiltinModule("node:util").format(...values);
}

function streamTo(write: (text: string) => void): Writable {
  const { Writable } = process.getBuiltinModule("node:stream");
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      write(String(chunk).replace(/\n$/, ""));
      done();
    },
  });
}
