// The files of "djob/testing", which the build bakes in: what `djob test` preloads, and the package that `djob types --install`
// makes of them.
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// @ts-expect-error: TypeScript can not know that this import gives the text of a declaration file.
import djobTypes from "../api/djob.d.ts" with { type: "text" };
// @ts-expect-error: the same.
import testingTypes from "../api/testing.d.ts" with { type: "text" };
import { DjobError, errorCode, worldError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import { version } from "../version.ts";

/** JSON: names of files with their texts. Baked in by scripts/build.ts. */
declare const DJOB_TESTING: string | undefined;

/** Begins what a generated package says of itself: no other is ever overwritten. */
const description = "Types and testing for jobs, written by djob types --install";

/** The declarations of "djob" and "djob/testing". */
export function declarations(): string {
  return `${djobTypes}\n${testingTypes}`;
}

/** Into a directory of their own. @returns the file to preload */
export function writeTestingFiles(directory: string): string {
  for (const [name, text] of Object.entries(baked())) writeFileSync(join(directory, name), text);
  return join(directory, "preload.js");
}

/** Makes node_modules/djob. @returns its path @throws {DjobError} if there is another package of that name */
export function installPackage(project: string): string {
  const directory = join(project, "node_modules", "djob");
  refuseAnother(directory);
  const { "preload.js": _, ...files } = baked();
  try {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const all = {
      ...files,
      "djob.d.ts": djobTypes,
      "testing.d.ts": testingTypes,
      "package.json": manifest(),
    };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(directory, name), text as string);
  } catch (error) {
    throw worldError(`write ${directory}`, error);
  }
  return directory;
}

function manifest(): string {
  const exports = {
    ".": { types: "./djob.d.ts", default: "./djob.js" },
    "./testing": { types: "./testing.d.ts", default: "./main.js" },
  };
  const engines = { bun: `>=${Bun.version}` };
  const content = { name: "djob", version, description, private: true, type: "module", engines, exports };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function refuseAnother(directory: string): void {
  const path = join(directory, "package.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" && isEmpty(directory)) return;
    if (errorCode(error) === "ENOENT") throw anothers(directory);
    throw worldError(`read ${path}`, error);
  }
  if (text.includes(description)) return;
  throw anothers(directory);
}

function isEmpty(directory: string): boolean {
  return (
    !existsSync(directory) || (lstatSync(directory).isDirectory() && readdirSync(directory).length === 0)
  );
}

function anothers(directory: string): DjobError {
  return new DjobError(
    exitCode.failed,
    `cannot write ${directory}: there is a package djob that this command did not make`,
    "remove it, or use djob types > djob.d.ts",
  );
}

function baked(): Record<string, string> {
  if (typeof DJOB_TESTING === "string") return JSON.parse(DJOB_TESTING);
  throw new Error("the files of djob/testing are only in a djob that scripts/build.ts has made");
}
