// Helper programs in C, from test/fixtures, compiled once for a test file.
import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let directory: string | null = null;
const compiled = new Map<string, string>();

/** Compiles test/fixtures/NAME.c. @returns the program's path */
export function program(name: string): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  directory ??= mkdtempSync(join(tmpdir(), "djob-programs-"));
  const path = join(directory, name);
  const source = join(import.meta.dir, "../fixtures", `${name}.c`);
  if (Bun.which("cc") === null) {
    throw new Error("these tests need a C compiler: apt-get install gcc libc6-dev, or apk add gcc musl-dev");
  }
  const compiler = Bun.spawnSync(["cc", "-Wall", "-Wextra", "-Werror", "-o", path, source]);
  if (!compiler.success) throw new Error(`cc cannot compile ${source}:\n${compiler.stderr}`);
  compiled.set(name, path);
  return path;
}

afterAll(() => {
  if (directory !== null) rmSync(directory, { recursive: true, force: true });
  directory = null;
  compiled.clear();
});
