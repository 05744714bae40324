// Helper programs in C, from test/fixtures.
import { join } from "node:path";
import type { Workspace } from "./harness.ts";

/** Compiles test/fixtures/NAME.c into the workspace. @returns the program's path */
export function program(space: Workspace, name: string): string {
  const path = space.path(name);
  const source = join(import.meta.dir, "../fixtures", `${name}.c`);
  if (Bun.which("cc") === null) {
    throw new Error("these tests need a C compiler: apt-get install gcc libc6-dev, or apk add gcc musl-dev");
  }
  const compiler = Bun.spawnSync(["cc", "-Wall", "-Wextra", "-Werror", "-o", path, source]);
  if (!compiler.success) throw new Error(`cc cannot compile ${source}:\n${compiler.stderr}`);
  return path;
}
