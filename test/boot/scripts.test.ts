// The init scripts: quoting as sh reads it, and shellcheck's verdict. What they do is tested end to end.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openrcScript } from "../../src/boot/openrc-script.ts";
import { shellWords } from "../../src/boot/shell.ts";
import { sysvScript } from "../../src/boot/sysv-script.ts";
import { callTool, entryOf, words } from "./entry.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "djob-scripts-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const awkward = entryOf({
  djobPath: "/opt/a b/dj'ob",
  runArguments: ["--env=A=$x `y` \"z\" 'w' \\ ~ !", "~/x", "/srv/ä b/$w.ts"],
  placeArguments: ["--dir=/srv/my place"],
  environment: [["XDG_STATE_HOME", "/home/a b"]],
});

test("any argument reaches a program as it was given", () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 20 }), (given) => {
      const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${shellWords(given)}`]);
      expect(stdout.toString().split("\0").slice(0, -1)).toEqual(given);
    }),
    { numRuns: 150 },
  );
});

test.each([
  ["the SysV script", sysvScript(entryOf())],
  ["a SysV script with awkward arguments", sysvScript(awkward)],
  ["the OpenRC script", openrcScript(entryOf())],
  ["an OpenRC script with awkward arguments", openrcScript(awkward)],
])("shellcheck has nothing to say about %s", (_, text) => {
  const path = join(directory, "script");
  writeFileSync(path, text);
  expect(callTool("shellcheck", "shellcheck", [path])).toBe("");
});

test("the SysV script has the header that the LSB asks for, and chkconfig's", () => {
  const lines = sysvScript(entryOf()).split("\n");
  expect(lines[0]).toBe("#!/bin/sh");
  expect(lines[1]).toBe("### BEGIN INIT INFO");
  for (const key of ["Required-Start", "Required-Stop", "Default-Start", "Default-Stop", "Short-Description"])
    expect(lines.some((line) => line.startsWith(`# ${key}: `))).toBe(true);
  expect(lines).toContain("# Provides:          djob-worker");
  expect(lines).toContain("# chkconfig: 2345 95 05");
});

test("the OpenRC script leaves it to djob to daemonize, and has a reload", () => {
  const text = openrcScript(entryOf());
  expect(text).toContain('"$djob" run --ok --name=worker /srv/app/worker.ts');
  expect(text).toContain('extra_started_commands="reload"');
  expect(text).not.toContain("--foreground");
  expect(text).not.toMatch(/^command=|^PATH=/m);
});
