// The last lines of a file, and following it through a rename, a truncation and a partial line.
import { afterEach, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { follow, lastLines, textFrom } from "../../src/logs/follow.ts";
import { until } from "../e2e/harness.ts";

const directories: string[] = [];

function file(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "djob-follow-"));
  directories.push(directory);
  const path = join(directory, "worker.log");
  writeFileSync(path, text);
  return path;
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

test.each([
  ["a\nb\nc\n", 2, "b\nc\n"],
  ["a\nb\nc", 2, "b\nc"],
  ["a\nb\n\n", 2, "b\n\n"],
  ["a\n", 5, "a\n"],
  ["", 5, ""],
  ["\n\n\n", 2, "\n\n"],
  ["a\nb\n", 0, ""],
])("of %j the last %d lines are %j", (text, count, expected) => {
  expect(lastLines(file(text), count).toString()).toBe(expected);
});

test("lines longer than a block are found whole", () => {
  const long = "x".repeat(200_000);
  expect(lastLines(file(`first\n${long}\nlast\n`), 2).toString()).toBe(`${long}\nlast\n`);
});

test("every count of lines is right in a file of many blocks", () => {
  const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}\n`);
  const path = file(lines.join(""));
  for (const count of [1, 7, 4_999, 29_999, 30_000, 40_000]) {
    expect(lastLines(path, count).toString() === lines.slice(-count).join("")).toBe(true);
  }
});

test("a text from some place on stops at the end, also when the place is behind it", () => {
  const path = file("abc");
  expect(textFrom(path, 1)).toBe("bc");
  expect(textFrom(path, 10)).toBe("");
});

test("a file that is missing is an error", () => {
  expect(() => lastLines("/nowhere/worker.log", 1)).toThrow("ENOENT");
  expect(follow("/nowhere/worker.log", 1, () => {}, new AbortController().signal)).rejects.toThrow("ENOENT");
});

/** Follows a file. `text` is what came so far. */
function following(path: string, count: number) {
  let text = "";
  const end = new AbortController();
  const write = (bytes: Uint8Array) => {
    text += Buffer.from(bytes).toString("latin1");
  };
  const ended = follow(path, count, write, end.signal);
  return {
    shows: (expected: string) => until(`it shows ${expected}`, () => text === expected || null),
    async [Symbol.asyncDispose]() {
      end.abort();
      await ended;
    },
  };
}

test("what is appended is shown, the last lines first", async () => {
  const path = file("a\nb\n");
  await using tail = following(path, 1);
  await tail.shows("b\n");
  appendFileSync(path, "half");
  await tail.shows("b\nhalf");
  appendFileSync(path, " whole\n");
  await tail.shows("b\nhalf whole\n");
});

test("after a rename the rest of the old file comes first, then the new one", async () => {
  const path = file("");
  await using tail = following(path, 10);
  appendFileSync(path, "1\n");
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, "2\n");
  await tail.shows("1\n2\n");
  appendFileSync(`${path}.1`, "3\n");
  appendFileSync(path, "4\n");
  await tail.shows("1\n2\n3\n4\n");
  appendFileSync(path, "5\n");
  await tail.shows("1\n2\n3\n4\n5\n");
});

test("a file that was removed is waited for, and a truncated one is shown from its beginning", async () => {
  const path = file("old\n");
  await using tail = following(path, 0);
  unlinkSync(path);
  appendFileSync(path, "new and longer\n");
  await tail.shows("new and longer\n");
  truncateSync(path, 0);
  appendFileSync(path, "x\n");
  await tail.shows("new and longer\nx\n");
});
