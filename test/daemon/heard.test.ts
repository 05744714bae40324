// A worker's words reach a supervisor that may be root: what is not exactly a message is none.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { heard } from "../../src/daemon/supervise/heard.ts";
import { runOf } from "../control/fake-jobs.ts";

const failure = {
  module: "/srv/worker.ts",
  message: "Error: no",
  location: { file: "/srv/worker.ts", line: 3, column: 1 },
  sourceLine: "throw new Error('no')",
  stack: null,
  hint: null,
};
const messages = [
  { type: "ready", jobs: 2 },
  { type: "failed", failure },
  { type: "failed", failure: { ...failure, location: null } },
  { type: "pong", id: 3 },
  { type: "crashed", what: "uncaught exception: Error: boom" },
  { type: "begun", id: 1, run: runOf("poll", { outcome: null, endedAt: null }) },
  { type: "line", id: 1, line: "hello" },
  { type: "part", id: 1, index: 0, text: "[]" },
  { type: "answer", id: 1, parts: 1 },
  { type: "refused", id: 1, status: 404, message: "there is no such job", hint: null },
  { type: "yielded", atMs: 1_800_000_000_000.5, running: ["poll"] },
  { type: "runEnded", job: "poll" },
  { type: "retired", children: [4711] },
  { type: "stopped", report: { outcome: "forced", runs: ["poll"] } },
];

test.each(messages)("%j is heard", (message) => {
  expect(heard(message)).toEqual(message as never);
});

const nonsense = [
  ...[null, 5, "ready", [], {}, { type: "toString" }, { type: "constructor" }, { type: 5 }],
  ...[{ type: "ready" }, { type: "ready", jobs: -1 }, { type: "ready", jobs: "2" }],
  ...[
    { type: "failed", failure: {} },
    { type: "failed", failure: { ...failure, message: 5 } },
  ],
  { type: "failed", failure: { ...failure, location: { file: "/x", line: "1", column: 1 } } },
  ...[
    { type: "begun", id: 1, run: {} },
    { type: "line", id: 1, line: null },
  ],
  ...[
    { type: "part", id: 1, index: 0.5, text: "" },
    { type: "refused", id: 1, status: 200, message: "", hint: null },
  ],
  ...[
    { type: "yielded", atMs: null, running: [] },
    { type: "yielded", atMs: 1, running: [5] },
  ],
  ...[{ type: "stopped", report: { outcome: "fine", runs: [] } }, { type: "crashed" }, { type: "runEnded" }],
];

test.each(nonsense.map((value) => ({ value })))("%j is not", ({ value }) => {
  expect(heard(value)).toBeNull();
});

test("a message of which one field became something else is none, or has the types that it must have", () => {
  fc.assert(
    fc.property(fc.constantFrom(...messages), fc.anything(), (message, value) => {
      for (const field of Object.keys(message).slice(1)) {
        const changed = heard({ ...message, [field]: value });
        // Its hint may be text or null.
        if (changed !== null && field !== "hint")
          expect(typeof Reflect.get(changed, field)).toBe(typeof Reflect.get(message, field));
      }
    }),
  );
});
