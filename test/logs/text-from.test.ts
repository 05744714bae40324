// What a file holds from some place on.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textFrom } from "../../src/logs/text-from.ts";

test("it stops at the end, also when the place is behind it, and a file that is missing is an error", () => {
  const directory = mkdtempSync(join(tmpdir(), "djob-text-from-"));
  try {
    const path = join(directory, "worker.log");
    writeFileSync(path, "abc");
    expect([textFrom(path, 0), textFrom(path, 1), textFrom(path, 3), textFrom(path, 10)]).toEqual([
      "abc",
      "bc",
      "",
      "",
    ]);
    expect(() => textFrom(join(directory, "other.log"), 0)).toThrow("ENOENT");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
