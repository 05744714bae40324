// A worker's words reach a supervisor that may be root: what is not exactly a message is none.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { heard } from "../../src/daemon/supervise/heard.ts";

const failure = {
  module: "/srv/worker.ts",
  message: "Error: no",
  location: { file: "/srv/worker.ts", line: 3, column: 1 },
  sourceLine: "throw new Error('no')",
  stack: null,
  hint: null,
};
const job = {
  ...{ name: "poll", schedule: "every 10s", tz: null, state: "idle", next: "2026-11-21T09:30:00.000Z" },
  last: { scheduledAt: "2026-11-21T09:29:50.000Z", outcome: "succeeded", durationMs: 3 },
};
const messages = [
  { type: "ready", jobs: 2 },
  { type: "failed", failure },
  { type: "failed", failure: { ...failure, location: null } },
  { type: "pong", id: 3 },
  { type: "crashed", what: "uncaught exception: Error: boom" },
  { type: "status", id: 1, jobs: [job, { ...job, last: null, next: null }] },
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
    { type: "status", id: 1, jobs: [null] },
    { type: "status", id: 1, jobs: [{ ...job, last: {} }] },
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
        if (changed !== null)
          expect(typeof Reflect.get(changed, field)).toBe(typeof Reflect.get(message, field));
      }
    }),
  );
});
