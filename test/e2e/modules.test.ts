// What a module may import, and what it finds in its process: as with `bun module.ts`, with nothing installed.
import { describe, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { failToRun, mark, writeMarked } from "./failing.ts";
import { until, type Workspace, workspace } from "./harness.ts";

/** Loads a module and returns what its `tell(…)` was given. */
async function told(space: Workspace, text: string, args: readonly string[] = []): Promise<unknown> {
  space.write(
    "worker.ts",
    `const tell = (value: unknown) => console.log("told " + JSON.stringify(value));\n${text}
import { job } from "djob";\njob("idle", "every 1h", () => {});\n`,
  );
  await space.run(["worker.ts", ...args]);
  return JSON.parse(/INFO {2}told (.*)/.exec(space.read("worker.log"))?.[1] ?? "null");
}

describe("a module may import", () => {
  test("other files, with and without their ending, and what they import", async () => {
    const space = workspace();
    space.write("lib/numbers.ts", 'export { two } from "./deep/two";\nexport const one = 1;\n');
    space.write("lib/deep/two.ts", "export const two: number = 2;\n");
    space.write("lib/old.cjs", "exports.three = 3;\n");
    space.write("lib/plain.mjs", "export const four = 4;\n");
    const imports = `import { one, two } from "./lib/numbers.ts";
import { one as again } from "./lib/numbers";
import { three } from "./lib/old.cjs";
import { four } from "./lib/plain.mjs";\n`;
    expect(await told(space, `${imports}tell([one, two, again === one, three, four]);`)).toEqual([
      1,
      2,
      true,
      3,
      4,
    ]);
  });

  test("JSON, TOML and text", async () => {
    const space = workspace();
    space.write("settings.json", '{ "port": 80 }');
    space.write("settings.toml", "port = 81\n");
    space.write("greeting.txt", "good morning\n");
    const imports = `import json from "./settings.json";
import toml from "./settings.toml";
import text from "./greeting.txt" with { type: "text" };\n`;
    expect(await told(space, `${imports}tell([json.port, toml.port, text]);`)).toEqual([
      80,
      81,
      "good morning\n",
    ]);
  });

  test("packages of the node_modules beside it, by their exports", async () => {
    const space = workspace();
    const manifest = {
      name: "queue",
      exports: {
        ".": { import: "./main.js", require: "./main.cjs" },
        "./typed": "./typed.ts",
      },
    };
    space.write("node_modules/queue/package.json", JSON.stringify(manifest));
    space.write("node_modules/queue/main.js", 'export const kind = "esm";');
    space.write("node_modules/queue/main.cjs", 'exports.kind = "cjs";');
    space.write("node_modules/queue/typed.ts", 'export const typed: string = "typed";');
    const text = `import { kind } from "queue";
import { typed } from "queue/typed";\ntell([kind, require("queue").kind, typed]);`;
    expect(await told(space, text)).toEqual(["esm", "cjs", "typed"]);
  });

  test("by the paths of the tsconfig.json beside it", async () => {
    const space = workspace();
    space.write("tsconfig.json", '{ "compilerOptions": { "paths": { "@lib/*": ["./src/lib/*"] } } }');
    space.write("src/lib/alias.ts", 'export const alias = "found";');
    expect(await told(space, 'import { alias } from "@lib/alias";\ntell(alias);')).toBe("found");
  });

  test("djob from any file and any package, and it is the same everywhere", async () => {
    const space = workspace();
    space.write("lib/more.ts", 'import { job } from "djob"; job("from a file", "every 1h", () => {});');
    space.write(
      "node_modules/cleaner/index.js",
      'import { job } from "djob"; job("from a package", "every 1h", () => {});',
    );
    space.write("node_modules/old/index.cjs", 'require("djob").job("required", "every 1h", () => {});');
    space.write("node_modules/old/package.json", '{ "main": "index.cjs" }');
    await told(space, 'import "./lib/more.ts"; import "cleaner"; import "old";');
    const { jobs } = await space.status("worker");
    expect(jobs.map(({ name }) => name).sort()).toEqual([
      "from a file",
      "from a package",
      "idle",
      "required",
    ]);
  });
});

test("a package that is not installed is an error at its import, and not downloaded", async () => {
  const space = workspace();
  const place = writeMarked(
    space,
    "worker.ts",
    `// left-pad is not needed\nimport pad from ${mark}"left-pad/index.js";\npad();\n`,
  );
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toStartWith(`djob: cannot start worker: Cannot find package 'left-pad'\n  at ${place}\n`);
  expect(said).toEndWith(
    "hint: install it beside the module (bun add left-pad); djob never downloads anything\n",
  );
});

test("a module knows its place, and that it is the main one", async () => {
  const space = workspace();
  space.write("lib/other.ts", "export const isMain = import.meta.main;");
  const text = `import { isMain } from "./lib/other.ts";
tell({ dir: import.meta.dir, path: import.meta.path, argv: process.argv[1], main: [import.meta.main, isMain] });`;
  const path = space.path("worker.ts");
  expect(await told(space, text)).toEqual({ dir: space.dir, path, argv: path, main: [true, false] });
});

test("TypeScript's enums, namespaces, parameter properties and decorators work", async () => {
  const space = workspace();
  const text = `enum Level { Low = 1, High }
const enum Unit { Second = "s" }
namespace Names { export const first = "a"; }
class Point { constructor(readonly x: number, private y = 2) {} sum() { return this.x + this.y; } }
function twice(method: () => number, _context: unknown) { return function (this: unknown) { return 2 * method.call(this as never); }; }
class Doubled { @twice value() { return 21; } }
tell([Level.High, Level[1], Unit.Second, Names.first, new Point(1).sum(), new Doubled().value()]);`;
  expect(await told(space, text)).toEqual([2, "Low", "s", "a", 3, 42]);
});

test.each(["worker.js", "worker.mjs", "worker.cjs", "worker.mts", "worker.cts", "worker.tsx"])(
  "%s is a module, also where package.json says commonjs",
  async (name) => {
    const space = workspace();
    space.write("package.json", '{ "type": "commonjs" }');
    const imported = /c[jt]s$/.test(name)
      ? 'const { job } = require("djob");'
      : 'import { job } from "djob";';
    space.write(name, `${imported}\njob("tick", "every 1h", () => {});\n`);
    await space.run([name]);
    expect((await space.status("worker")).jobs).toHaveLength(1);
  },
);

test("several modules make one daemon, named after the first, loaded in their order", async () => {
  const space = workspace();
  space.write(
    "a.ts",
    'import { job } from "djob"; job("one", "every 1h", () => {}); console.log("a", import.meta.main);',
  );
  space.write(
    "b.ts",
    'import { job } from "djob"; job("two", "every 1h", () => {}); console.log("b", import.meta.main);',
  );
  await space.run(["b.ts", "a.ts"]);
  const { jobs, modules } = await space.status("b");
  expect(jobs.map(({ name }) => name)).toEqual(["two", "one"]);
  expect(modules).toEqual([space.path("b.ts"), space.path("a.ts")]);
  expect(space.read("b.log")).toMatch(/INFO {2}b true\n.*INFO {2}a true\n/);
});

test("a file that is given twice is refused, also by another name", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  symlinkSync("worker.ts", space.path("link.ts"));
  const twice = await space.djob(["run", "worker.ts", "./worker.ts"]);
  expect(twice).toMatchObject({ code: 2, stdout: "" });
  expect(twice.stderr).toContain(`${space.path("worker.ts")} is given twice\n`);
  const linked = await space.djob(["run", "worker.ts", "link.ts"]);
  expect(linked).toMatchObject({ code: 2, stdout: "" });
  expect(linked.stderr).toContain(
    `${space.path("worker.ts")} and ${space.path("link.ts")} are the same file\n`,
  );
});

test("a .env and a bunfig.toml lying about have no effect", async () => {
  const space = workspace();
  space.write(".env", "FROM_DOTENV=1\n");
  space.write("bunfig.toml", 'preload = ["./preload.ts"]\n[install]\nauto = "force"\n');
  space.write("preload.ts", "globalThis.preloaded = true;\n");
  const text = 'tell([process.env["FROM_DOTENV"] ?? "unset", Reflect.has(globalThis, "preloaded")]);';
  expect(await told(space, text, ["--chdir", space.dir])).toEqual(["unset", false]);
});

test("a job's error has the lines of the file that its author wrote", async () => {
  const space = workspace();
  space.write("lib/types.ts", "export interface Order {\n  id: number;\n}\n");
  const place = writeMarked(
    space,
    "lib/send.ts",
    `import type { Order } from "./types.ts";\n\nenum State { Sent }\n\nexport function send(order: Order): never {\n  throw new ${mark}Error("order " + order.id + State.Sent);\n}\n`,
  );
  const call = `import { job } from "djob";\nimport { send } from "./lib/send.ts";\n\njob("mail", "every 20ms", async () => {\n  await Bun.sleep(1);\n  ${mark}send({ id: 7 });\n});\n`;
  const caller = writeMarked(space, "worker.ts", call);
  await space.run(["worker.ts"]);
  const log = await until("the job has failed", () => {
    const text = space.read("worker.log");
    return text.includes("worker.ts:") && text;
  });
  expect(log).toContain("ERROR [mail] the run failed: Error: order 70\n");
  expect(log).toContain(`at send (${place})`);
  expect(log).toContain(caller);
});
