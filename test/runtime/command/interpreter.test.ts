import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interpreterOf } from "../../../src/runtime/command/interpreter.ts";

test("an interpreter is what the first line of a file names, and nothing waits for a FIFO's other end", () => {
  const directory = mkdtempSync(join(tmpdir(), "djob-interpreter-"));
  try {
    const [script, fifo] = [join(directory, "script"), join(directory, "fifo")];
    writeFileSync(script, "#! /bin/sh -e\ntrue\n");
    Bun.spawnSync(["mkfifo", fifo]);
    expect([script, fifo, directory, join(directory, "missing")].map(interpreterOf)).toEqual([
      "/bin/sh",
      null,
      null,
      null,
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
