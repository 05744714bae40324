// A directory for what one test writes.
import { onTestFinished } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** To be called inside a test: it is removed when that has ended. @param what for its name */
export function scratch(what: string): string {
  const path = mkdtempSync(join(tmpdir(), `djob-${what}-`));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
