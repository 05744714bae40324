// Bare numbers that may have been meant as seconds: told by djob check, and never wrong to have.
import { expect, test } from "bun:test";
import { doubtfulNumbers } from "../../src/runtime/declare/doubtful.ts";

test.each([
  [{ every: "1h", timeout: 30 }, ["timeout: 30"]],
  [{ every: 60, timeout: 999 }, ["every: 60", "timeout: 999"]],
  [
    { cron: "@daily", catchUp: "last", catchUpWindow: 5, expectEvery: 1 },
    ["catchUpWindow: 5", "expectEvery: 1"],
  ],
  [{ cron: "@daily", ping: { url: "http://x", timeout: 10 } }, ["ping.timeout: 10"]],
  [{ cron: "@daily", isolate: "process", maxCpu: 5 }, ["maxCpu: 5"]],
])("%p may not be meant", (options, told) => {
  const sentences = told.map(
    (text) =>
      `the job "a" has ${text}, which is milliseconds: for seconds write "${text.replace(/^.* /, "")}s"`,
  );
  expect(doubtfulNumbers("a", options)).toEqual(sentences);
});

test.each([
  [{ every: 100, timeout: 1_000 }],
  [{ every: "10ms", timeout: "30ms", graceMs: 50, retry: { attempts: 2, delay: 100 }, jitter: 500 }],
  [{ cron: "@daily", ping: "http://x" }],
  ["every 1ms"],
  [undefined],
])("%p is taken for what it says", (options) => {
  expect(doubtfulNumbers("a", options)).toEqual([]);
});
