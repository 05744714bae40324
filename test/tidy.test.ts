// Keeps the house: who may import whom, where the system may be touched, and nothing that nobody uses.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readmeWithTables } from "../scripts/readme.ts";

const root = join(import.meta.dir, "..");
const sources = filesOf("src");
const scripts = filesOf("scripts");
const tests = filesOf("test");

/** The folders of src that each folder of src may import from, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli", "daemon", "exit-code.ts"],
  "exit-code.ts": [],
  "version.ts": [],
  cli: [
    "exit-code.ts",
    "boot",
    "daemon",
    "runtime",
    "control",
    "logs",
    "schedule",
    "api",
    "store",
    "version.ts",
  ],
  boot: ["exit-code.ts", "daemon"],
  daemon: ["exit-code.ts", "version.ts", "runtime", "control", "logs", "schedule", "store", "libc"],
  runtime: ["exit-code.ts", "version.ts", "api", "control", "logs", "schedule", "store", "libc"],
  testing: ["runtime", "schedule", "store", "api"],
  control: [],
  logs: ["libc"],
  schedule: [],
  store: [],
  libc: [],
  api: [],
};

test("each folder imports only from the folders below it", () => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports
      .map((target) => ({ from: roomOf(path), to: roomOf(target), path, target }))
      .filter(({ from, to }) => from !== to && !(mayImport[from] ?? []).includes(to))
      .map(({ path: file, target }) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("what touches the system stands in one place", () => {
  const places: ReadonlyArray<readonly [what: string, pattern: RegExp, allowed: RegExp]> = [
    ["bun:ffi", /from "bun:ffi"/, /^src\/libc\/(library|memory)\.ts$/],
    ["bun:sqlite", /["']bun:sqlite["']/, /^src\/store\/sqlite\/connection\.ts$/],
    ["process.exit", /(?:^|[=>;{(]|return)\s*process\.exit\(/m, /^src\/main\.ts$/],
    [
      "the wall clock",
      /\bDate\.now\(|new Date\(\)/,
      /^src\/(runtime\/clock|daemon\/worker|cli\/.*|testing\/(clock|main))\.ts$/,
    ],
    ["chance", /\bMath\.random\(/, /^src\/runtime\/clock\.ts$/],
  ];
  for (const [what, pattern, allowed] of places) {
    const found = sources.filter(({ path, code }) => pattern.test(code) && !allowed.test(path));
    expect({ what, found: found.map(({ path }) => path) }).toEqual({ what, found: [] });
  }
});

test("no file imports another that imports it, by way of others or for a type alone", () => {
  // A job has runs, and a run its job.
  const allowed = ["src/runtime/running/job-runs.ts > src/runtime/running/run.ts"];
  const left = new Map(
    sources.map(({ path, imports }) => [path, imports.filter((to) => !allowed.includes(`${path} > ${to}`))]),
  );
  // What imports nothing that is left is in no circle.
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const [path, imports] of left) if (!imports.some((to) => left.has(to))) left.delete(path);
  }
  const inNoCircle = (path: string) => ![...left.values()].some((imports) => imports.includes(path));
  for (let outer = [...left.keys()].filter(inNoCircle); outer.length > 0; ) {
    for (const path of outer) left.delete(path);
    outer = [...left.keys()].filter(inNoCircle);
  }
  expect([...left.keys()]).toEqual([]);
});

test("no source file is out of reach of main.ts", () => {
  const reached = new Set<string>();
  const pending = ["src/main.ts", "src/testing/preload.ts"];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    pending.push(...(sources.find((source) => source.path === path)?.imports ?? []));
  }
  expect(sources.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test("no export is without a user", () => {
  const all = [...sources, ...scripts, ...tests];
  const unused = sources.flatMap(({ path, code }) =>
    [...code.matchAll(/^export (?:async )?(?:function|class|const|type|interface) (\w+)/gm)]
      .map(([, name]) => name ?? "")
      .filter(
        (name) => !all.some((other) => other.path !== path && new RegExp(`\\b${name}\\b`).test(other.code)),
      )
      .filter((name) => !isPartOfSignature(code, name))
      .map((name) => `${path}: ${name}`),
  );
  expect(unused).toEqual([]);
});

test("files stay short, and say first what they are for", () => {
  for (const { path, text } of sources) {
    expect({ path, short: text.split("\n").length <= 301 }).toEqual({ path, short: true });
    expect({ path, opens: /^(#!.*\n)?\/\/ \S/.test(text) }).toEqual({ path, opens: true });
  }
});

test("no test is skipped, focused or empty", () => {
  const pattern = /\b(test|it|describe)\.(skip|todo|only|if)\b/;
  expect(tests.filter(({ code }) => pattern.test(code)).map(({ path }) => path)).toEqual([]);
});

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** The project's own files that it imports. */
  readonly imports: readonly string[];
}

function filesOf(folder: string): Source[] {
  return [...new Bun.Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })]
    .filter((path) => !path.startsWith("test/fixtures/"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
      const imports = [...code.matchAll(/(?:from|import\()\s*"(\.[^"]+\.ts)"/g)].map(([, target]) =>
        relative(root, join(root, dirname(path), target ?? "")),
      );
      return { path, text, code, imports };
    });
}

/** The folder of src that a file is in, or the file itself. */
function roomOf(path: string): string {
  return path.split("/")[1] ?? path;
}

/** A type that an exported thing of the same file speaks of is exported for those who use that thing. */
function isPartOfSignature(code: string, name: string): boolean {
  return (code.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1 && /^[A-Z]/.test(name);
}

test("every link within the README leads to a heading", () => {
  const text = readFileSync(join(root, "README.md"), "utf8").replace(/^```.*?^```/gms, "");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
});

test("the README's tables are those of the commands", async () => {
  expect(readFileSync(join(root, "README.md"), "utf8")).toBe(await readmeWithTables());
});
