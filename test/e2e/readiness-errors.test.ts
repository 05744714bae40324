// A module that can't be loaded: exit 9, with the module's own error at its place in the user's own file.
import { describe, expect, test } from "bun:test";
import { failToRun, mark, writeMarked } from "./failing.ts";
import { workspace } from "./harness.ts";

/** What a person should read on the line of the error, and the module with the offending token marked. */
const broken: ReadonlyArray<readonly [what: string, message: string, text: string]> = [
  [
    "a syntax error",
    "syntax error: Unexpected ;",
    `const first = 1;\nconst second: string = ${mark};\nexport { first, second };\n`,
  ],
  [
    "a throw at top level",
    "TypeError: no database",
    `interface Options { url: string }\n\nfunction connect(options: Options): void {\n  if (options.url === "") throw new ${mark}TypeError("no database");\n}\nconnect({ url: "" });\n`,
  ],
  [
    "a rejected top-level await",
    "Error: too late",
    `const connect = async () => {\n  await Bun.sleep(1);\n  throw new ${mark}Error("too late");\n};\nawait connect();\n`,
  ],
  [
    "an unhandled rejection while it is being loaded",
    "Error: nobody awaits me",
    `void Promise.reject(new ${mark}Error("nobody awaits me"));\nawait Bun.sleep(60_000);\n`,
  ],
  [
    "an unhandled rejection with which it ends",
    "Error: the last word",
    `void (async () => {\n  await Promise.resolve();\n  throw new ${mark}Error("the last word");\n})();\n`,
  ],
  [
    "a timer that throws while it is being loaded",
    "RangeError: from a timer",
    `setTimeout(() => {\n  throw new ${mark}RangeError("from a timer");\n}, 1);\nawait Bun.sleep(60_000);\n`,
  ],
  [
    "process.exit(3) while it is being loaded",
    "process.exit(3) was called while the module was being loaded",
    `const failed: boolean = true;\nif (failed) process.${mark}exit(3);\n`,
  ],
  [
    "process.exit(0) while it is being loaded",
    "process.exit(0) was called while the module was being loaded",
    `await Bun.sleep(1);\nprocess.${mark}exit(0);\n`,
  ],
  [
    "process.reallyExit while it is being loaded",
    "process.reallyExit(4) was called while the module was being loaded",
    `// @ts-ignore\nprocess.${mark}reallyExit(4);\n`,
  ],
  [
    "an import of a file that is not there",
    "Cannot find module './nowhere.ts'",
    `// It is not "./nowhere.ts" here.\nimport { value } from ${mark}"./nowhere.ts";\nconsole.log(value);\n`,
  ],
  [
    "a variable that is not defined",
    "ReferenceError: undefinedName is not defined",
    `const known = 1;\nconsole.log(known, undefinedName${mark});\n`,
  ],
];

describe("a module with", () => {
  test.each(broken)("%s does not start, and its place is told", async (_what, message, text) => {
    const space = workspace();
    const place = writeMarked(space, "worker.ts", text);
    const said = await failToRun(space, ["worker.ts"]);
    const [first, second, ...rest] = said.split("\n");
    expect(first).toBe(`djob: cannot start worker: ${message}`);
    expect(second).toBe(`  at ${place}`);
    expect(rest.join("\n")).not.toContain("$bunfs");
    expectCaret(rest, text);
  });
});

test("a file that does not exist is told at once, with its whole path", async () => {
  const space = workspace();
  const said = await failToRun(space, ["nowhere/worker.ts"]);
  expect(said).toBe(
    `djob: cannot start worker: there is no such file\n  in ${space.path("nowhere/worker.ts")}\n`,
  );
});

test("a directory is no module", async () => {
  const space = workspace();
  space.write("worker/index.ts", "");
  expect(await failToRun(space, ["worker"])).toContain("it is a directory, not a file");
});

test("a syntax error in an imported file is told with that file's place", async () => {
  const space = workspace();
  space.write("worker.ts", 'import "./lib/broken.ts";\n');
  const place = writeMarked(space, "lib/broken.ts", `export const settings = {\n  port: 80,,${mark}\n};\n`);
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toStartWith("djob: cannot start worker: syntax error: ");
  expect(said).toContain(`  at ${place.slice(0, place.lastIndexOf(":"))}:`);
});

test("a throw in an imported file is told with the way to it", async () => {
  const space = workspace();
  const place = writeMarked(
    space,
    "lib/connect.ts",
    `enum State { Open, Closed }\nexport function connect(): void {\n  throw new ${mark}Error("state " + State.Closed);\n}\n`,
  );
  const caller = writeMarked(
    space,
    "worker.ts",
    `import { connect } from "./lib/connect.ts";\n\n${mark}connect();\n`,
  );
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toStartWith(`djob: cannot start worker: Error: state 1\n  at ${place}\n`);
  expect(said).toEndWith(`    at connect (${place})\n    at ${caller}\n`);
});

test("an import of a name that the other file does not export is told where it is imported", async () => {
  const space = workspace();
  space.write("lib/mail.ts", "export const send = () => {};\n");
  space.write("worker.ts", 'import "./lib/index.ts";\n');
  const place = writeMarked(space, "lib/index.ts", `import {\n  ${mark}sent,\n} from "./mail";\nsent();\n`);
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toStartWith(
    `djob: cannot start worker: SyntaxError: Export named 'sent' not found in module '${space.path("lib/mail.ts")}'.\n  at ${place}\n`,
  );
});

test("something else than an Error that is thrown is shown, and its module named", async () => {
  const space = workspace();
  space.write("worker.ts", 'throw { code: 7, why: "no reason" };\n');
  const said = await failToRun(space, ["worker.ts"]);
  expect(said).toContain('why: "no reason"');
  expect(said).toContain(`  in ${space.path("worker.ts")}\n`);
});

test("the second module's error names the second module", async () => {
  const space = workspace();
  space.write("first.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  const place = writeMarked(space, "second.ts", `throw new ${mark}Error("second");\n`);
  const said = await failToRun(space, ["first.ts", "second.ts"]);
  expect(said).toStartWith(`djob: cannot start first: Error: second\n  at ${place}\n`);
});

test("with --json the error is one document on standard output", async () => {
  const space = workspace();
  const place = writeMarked(space, "worker.ts", `\nthrow new ${mark}Error("no database");\n`);
  const { code, stdout, stderr } = await space.djob(["run", "--json", "worker.ts"]);
  expect({ code, stderr }).toEqual({ code: 9, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 9,
      message: `cannot start worker: Error: no database\n  at ${place}\n  2 | throw new Error("no database");\n    |           ^`,
      hint: null,
    },
  });
});

/** The source line of the mark is shown, with a caret under the token. */
function expectCaret(lines: readonly string[], text: string): void {
  const line = text.split("\n").find((candidate) => candidate.includes(mark)) ?? "";
  const [shown = "", caret = ""] = lines;
  expect(shown).toEndWith(` | ${line.replace(mark, "")}`);
  expect(caret.indexOf("^")).toBe(shown.indexOf(" | ") + 3 + line.indexOf(mark));
}

describe("what a beginner gets wrong is told with what would be right", () => {
  test.each([
    [
      "a job that was not imported",
      'job("a", "@daily", () => {});',
      'write at the module\'s top: import { job } from "djob"',
    ],
    [
      "a default import",
      'import job from "djob";\njob("a", "@daily", () => {});',
      "djob exports job, hooks and sockets",
    ],
    [
      "a name that djob has not",
      'import { jobs } from "djob";\njobs();',
      "djob exports job, hooks and sockets",
    ],
    [
      "times before the name",
      'import { job } from "djob";\njob("* * * * *", "poll", () => {});',
      'write job("name", "* * * * *", async () => { … })',
    ],
    [
      "no name at all",
      'import { job } from "djob";\njob("every 10s", () => {});',
      'write job("name", "every 10s", async () => { … })',
    ],
  ])("%s", async (_what, text, hint) => {
    const space = workspace();
    space.write("worker.ts", text);
    expect(await failToRun(space, ["worker.ts"])).toContain(`\nhint: ${hint}`);
  });

  test("a path with a slip, without its ending, or of a directory", async () => {
    const space = workspace();
    const path = space.write("worker.ts", "");
    for (const [given, hint] of [
      ["worker", `did you mean ${path}?`],
      ["worker.js", `did you mean ${path}?`],
      ["wroker.ts", `did you mean ${path}?`],
      ["node app.js", "to run a program: djob run -- node app.js"],
      [".", `name a file in it, such as ${path}`],
    ] as const)
      expect(await failToRun(space, [given, "--name", "worker"])).toEndWith(`\nhint: ${hint}\n`);
  });

  test("a file that is neither a script nor named as a crontab", async () => {
    const space = workspace();
    space.write("worker.txt", "");
    expect(await failToRun(space, ["worker.txt"])).toContain(
      "\nhint: modules end in .ts or .js; a crontab is known",
    );
  });

  test("a command that is not ready in time, with what ready means for it", async () => {
    const space = workspace();
    const flags = ["--name", "worker", "--ready-line", "never", "--ready-timeout", "100ms"];
    expect(await failToRun(space, [...flags, "--", "sleep", "60"])).toContain(
      "hint: ready means that a line of its log matches --ready-line;",
    );
  });
});
