// Whatever is thrown in a thread or process is thrown again in the worker, as far as it can be.
import { expect, test } from "bun:test";
import { inspect } from "node:util";
import {
  heardThrown,
  isolationError,
  rebuildThrown,
  tellThrown,
} from "../../../src/runtime/isolate/thrown.ts";
import { errorText } from "../../../src/runtime/journal.ts";

/** There and back, as JSON. */
function moved(thrown: unknown): unknown {
  const heard = heardThrown(JSON.parse(JSON.stringify(tellThrown(thrown))));
  if (heard === null) throw new Error("it was not heard");
  return rebuildThrown(heard);
}

test("an error keeps class, message, stack, code and causes, and is shown as it was", () => {
  const error = Object.assign(new RangeError("out", { cause: new Error("in", { cause: "deep" }) }), {
    code: "E_OUT",
    more: { n: 1 },
  });
  const shown = errorText(error);
  const copy = moved(error) as RangeError & { code: string };
  expect(copy).toBeInstanceOf(RangeError);
  expect(copy).toMatchObject({ name: "RangeError", message: "out", code: "E_OUT" });
  expect(copy.stack).toBe(error.stack);
  expect(copy.cause).toBeInstanceOf(Error);
  expect((copy.cause as Error).message).toBe("in");
  expect((copy.cause as Error).cause).toBe("deep");
  expect(errorText(copy)).toBe(shown);
  expect(shown).toContain("more: { n: 1 }");
});

test("a class of the user's own becomes an Error of its name", () => {
  class Busy extends Error {
    override readonly name = "Busy";
  }
  const copy = moved(new Busy("later")) as Error;
  expect(copy).toBeInstanceOf(Error);
  expect(copy.name).toBe("Busy");
});

test.each(["toString", "constructor", "__proto__", "hasOwnProperty", ""])(
  "an error named %p is an Error of that name",
  (name) => {
    const copy = moved(Object.assign(new Error("odd"), { name })) as Error;
    expect(copy).toBeInstanceOf(Error);
    expect({ name: copy.name, message: copy.message }).toEqual({ name, message: "odd" });
  },
);

test("what an abort throws is still an abort", () => {
  for (const name of ["AbortError", "TimeoutError"])
    expect(moved(new DOMException("enough", name))).toMatchObject({ name, message: "enough" });
});

test.each([["text"], [7], [null], [true], [undefined]])("%p stays what it is", (value) => {
  expect(moved(value)).toBe(value);
});

test("an object is shown as it was, and what can't be looked at as that", () => {
  expect(errorText(moved({ code: 7 }))).toBe("{ code: 7 }");
  expect(errorText(moved(Symbol("odd")))).toBe("undefined");
  const refuse = () => {
    throw new Error("do not look");
  };
  const trap = new Proxy(new Error("hidden"), { get: refuse, getPrototypeOf: refuse, ownKeys: refuse });
  expect(() => moved(trap)).not.toThrow();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  expect(() => moved(circular)).not.toThrow();
  const endless = new Error("endless");
  endless.cause = endless;
  expect((moved(endless) as Error).message).toBe("endless");
});

test("the end of a thread is shown by its message alone, and its place if there is one", () => {
  expect(inspect(isolationError("its thread ended"))).toBe("its thread ended");
  const error = isolationError("process.exit(3) was called", "\n    at /srv/a.ts:1:2");
  expect(inspect(error)).toBe("process.exit(3) was called\n    at /srv/a.ts:1:2");
  expect(error.stack).toBe("IsolationError: process.exit(3) was called\n    at /srv/a.ts:1:2");
});
