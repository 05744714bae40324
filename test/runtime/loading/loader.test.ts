import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoadError, loadModules, missingModule, watchExit } from "../../../src/runtime/loading/loader.ts";

const directory = mkdtempSync(join(tmpdir(), "djob-loader-"));
const { main } = Bun;
const [, script = ""] = process.argv;
afterAll(() => {
  Reflect.set(Bun, "main", main);
  process.argv[1] = script;
  rmSync(directory, { recursive: true });
});

test("modules are loaded one after another, each as the main one", async () => {
  const first = write("first.ts", "export const seen = [import.meta.main, Bun.main, process.argv[1]];");
  const second = write("second.ts", "export const seen = [import.meta.main, Bun.main, process.argv[1]];");
  const told: string[] = [];
  const loaded = await loadModules([first, second], (path) => told.push(path));
  expect(told).toEqual([first, second]);
  expect(loaded).toMatchObject([
    { path: first, exports: { seen: [true, first, first] } },
    { path: second, exports: { seen: [true, second, second] } },
  ]);
});

test("after a module that fails no other is loaded", async () => {
  const broken = write("broken.ts", '\nthrow new RangeError("too far");');
  const next = write("next.ts", "globalThis.nextWasLoaded = true;");
  const error = await loadModules([broken, next], () => {}).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LoadError);
  expect(error).toMatchObject({
    failure: {
      module: broken,
      message: "RangeError: too far",
      location: { file: broken, line: 2, column: 11 },
      sourceLine: 'throw new RangeError("too far");',
    },
  });
  expect(Reflect.has(globalThis, "nextWasLoaded")).toBe(false);
});

test("what can't be a module is known before it is loaded", () => {
  mkdirSync(join(directory, "folder"));
  const file = write("file.ts", "");
  expect(missingModule(file)).toBeNull();
  expect(missingModule(join(directory, "folder"))?.message).toBe("it is a directory, not a file");
  expect(missingModule("/dev/null")?.message).toBe("it is not a file");
  expect(missingModule(join(directory, "nowhere.ts"))).toMatchObject({
    module: join(directory, "nowhere.ts"),
    message: "there is no such file",
  });
});

test("an exit that nobody called is still told", () => {
  const { exit } = process;
  const watch = watchExit();
  expect(process.exit).not.toBe(exit);
  expect(watch.failureOf(3, "/m.ts")).toMatchObject({
    module: "/m.ts",
    message: "process.exit(3) was called while the module was being loaded",
    location: null,
  });
  watch.stop();
  expect(process.exit).toBe(exit);
});

function write(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}
