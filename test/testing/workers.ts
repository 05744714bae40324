// Modules of users for the tests of "djob/testing", in a directory of the test file's own, and the module "djob" for them.
import { afterAll, beforeAll } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plugin } from "bun";
import * as djob from "../../src/testing/djob.ts";

export const directory = mkdtempSync(join(tmpdir(), "djob-testing-"));
let files = 0;

beforeAll(() => {
  plugin({
    name: "djob",
    setup: (build) => void build.module("djob", () => ({ exports: { ...djob }, loader: "object" })),
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

export function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** A module of its own for each test. */
export function worker(text: string): string {
  files += 1;
  return write(`worker-${files}.ts`, `import { hooks, job } from "djob";\n${text}\n`);
}

export const noon = { now: "2026-06-01T12:00:00Z" };
