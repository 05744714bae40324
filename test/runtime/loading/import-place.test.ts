import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placeOfImport, placeOfImportedName } from "../../../src/runtime/loading/import-place.ts";

const directory = mkdtempSync(join(tmpdir(), "djob-import-"));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['import x from "left-pad";', 1, 15],
  ["import 'left-pad';", 1, 8],
  ['// "left-pad" is needed\nimport {\n  x,\n} from "left-pad";', 4, 8],
  ['const x = await import("left-pad");', 1, 24],
  ['const x = require( "left-pad" );', 1, 20],
  ['export * from "left-pad";', 1, 15],
  ['load("left-pad");', 1, 6],
  ['import(["left", "pad"].join("-"));', 1, 1],
])("the import of left-pad in %p is found", (text, line, column) => {
  const file = write("place.ts", text);
  expect(placeOfImport(file, "left-pad")).toEqual({ file, line, column });
});

test("what looks like a pattern is taken as it is", () => {
  const file = write("pattern.ts", 'import "./aXb";\nimport "./a.b";');
  expect(placeOfImport(file, "./a.b")).toEqual({ file, line: 2, column: 8 });
});

test("a file that can't be read has no place", () => {
  expect(placeOfImport(join(directory, "nowhere.ts"), "x")).toBeNull();
});

test("a name that is not exported is found where it is imported, however deep", () => {
  const target = write("deep/target.ts", "export const there = 1;");
  const file = write(
    "deep/user.ts",
    'import { there, $there } from "./target";\nconsole.log(there, $there);',
  );
  const main = write("main.ts", 'import "./deep/user.ts";\nimport "node:fs";\nimport "./deep/missing.ts";');
  expect(placeOfImportedName(main, "$there", target)).toEqual({ file, line: 1, column: 17 });
  expect(placeOfImportedName(main, "there", target)).toEqual({ file, line: 1, column: 10 });
});

test("a default import has the place of its specifier", () => {
  const target = write("plain.ts", "export const there = 1;");
  const main = write("default.ts", 'import plain from "./plain.ts";\nconsole.log(plain);');
  expect(placeOfImportedName(main, "default", target)).toEqual({ file: main, line: 1, column: 19 });
});

test("modules that import each other are looked at once", () => {
  const main = write("a.ts", 'import "./b.ts";');
  write("b.ts", 'import "./a.ts";');
  expect(placeOfImportedName(main, "x", "/nowhere.ts")).toBeNull();
});

function write(name: string, text: string): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
