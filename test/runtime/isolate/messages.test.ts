// What comes out of a thread or process is whatever a user's code likes to write: only what is a message is taken for one.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { heardFromHost } from "../../../src/runtime/isolate/messages.ts";
import { tellThrown } from "../../../src/runtime/isolate/thrown.ts";

const thrown = tellThrown(new TypeError("no"));
const failure = { module: "/m.ts", message: "no", location: null, sourceLine: null, stack: null, hint: null };
const good: ReadonlyArray<Readonly<Record<string, unknown>> & { readonly type: string }> = [
  { type: "loaded" },
  { type: "unloadable", failure },
  { type: "unloadable", failure: { ...failure, location: { file: "/m.ts", line: 1, column: 2 } } },
  { type: "line", level: "warn", text: "a\nb", apart: null },
  { type: "succeeded", result: null, state: "{}" },
  { type: "failed", error: thrown, mayRetry: null },
  { type: "failed", error: thrown, mayRetry: false },
  { type: "rested", reusable: true },
  { type: "measured", id: 3, bytes: 1.5 },
  { type: "exiting", code: -1, stack: null },
  { type: "crashed", what: "uncaught exception", error: thrown },
];

test.each(good)("%j is heard as it was said", (message) => {
  expect(heardFromHost(JSON.stringify(message)) as unknown).toEqual(message);
  expect(heardFromHost(JSON.stringify({ ...message, more: 1 })) as unknown).toEqual(message);
});

test("a message one of whose parts is missing or something else is none", () => {
  for (const message of good) {
    for (const key of Object.keys(message)) {
      const { [key]: _left, ...rest } = message;
      expect(heardFromHost(JSON.stringify(rest))).toBe(null);
      for (const value of [{}, [], { toString: 1 }])
        expect(heardFromHost(JSON.stringify({ ...message, [key]: value }))).toBe(null);
    }
  }
});

test("whatever else is written there is none, and throws nothing", () => {
  for (const text of ["", "null", "[]", "7", '{"type":"__proto__"}', '{"type":"toString"}', "{"])
    expect(heardFromHost(text)).toBe(null);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(heardFromHost(text)).toBe(null);
    }),
  );
  const types = fc.constantFrom(...good.map(({ type }) => type).filter((type) => type !== "loaded"));
  fc.assert(
    fc.property(types, fc.dictionary(fc.string(), fc.jsonValue()), (type, rest) => {
      expect(heardFromHost(JSON.stringify({ ...rest, type }))).toBe(null);
    }),
  );
});
