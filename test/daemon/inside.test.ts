import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { outsidePath } from "../../src/daemon/inside.ts";
import { directory } from "./files.ts";

test("without another root directory, a path is its own", () => {
  expect(outsidePath(null, "/etc/../x")).toBe("/etc/../x");
});

test("a path inside is below the root directory, whatever its links and dots say", () => {
  const root = directory();
  mkdirSync(`${root}/srv/v2`, { recursive: true });
  writeFileSync(`${root}/srv/v2/worker.ts`, "");
  symlinkSync("v2", `${root}/srv/current`);
  symlinkSync("/srv/v2", `${root}/absolute`);
  symlinkSync("../../../../../../etc", `${root}/srv/up`);
  symlinkSync("loop", `${root}/loop`);
  const found: ReadonlyArray<readonly [inside: string, outside: string]> = [
    ["/", ""],
    ["/srv/v2/worker.ts", "/srv/v2/worker.ts"],
    ["/srv/current/worker.ts", "/srv/v2/worker.ts"],
    ["/absolute/worker.ts", "/srv/v2/worker.ts"],
    ["/srv/current/../x", "/srv/x"],
    ["/../../etc/passwd", "/etc/passwd"],
    ["/srv/up/passwd", "/etc/passwd"],
    ["/missing/../x", "/x"],
    ["/srv/v2/worker.ts/below", "/srv/v2/worker.ts/below"],
    ["/loop/x", "/loop/x"],
  ];
  for (const [inside, outside] of found) {
    expect({ inside, outside: outsidePath(root, inside).replace(/\/$/, "") }).toEqual({
      inside,
      outside: `${root}${outside}`,
    });
  }
});
