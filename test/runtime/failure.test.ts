import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  describeFailure,
  failure,
  failureOf,
  locationIn,
  notInTime,
  RegistrationError,
  unshowable,
  userStack,
  withoutOwnFrames,
} from "../../src/runtime/failure.ts";
import { thrownTitle } from "../../src/runtime/journal.ts";
import { ScheduleError } from "../../src/schedule/schedule-error.ts";

const stack = `TypeError: no database
    at connect (/home/me/lib/db.ts:4:9)
    at /home/me/worker.ts:7:1
    at run (node:async_hooks:144:29)
    at start (/$bunfs/root/djob:12:1)
    at map (native:1:11)
    at parse (unknown)`;

test("a stack keeps the frames of the user's own files only", () => {
  expect(userStack(stack)).toBe(
    "TypeError: no database\n    at connect (/home/me/lib/db.ts:4:9)\n    at /home/me/worker.ts:7:1",
  );
});

test("the first place of a stack is where it happened", () => {
  expect(locationIn(stack)).toEqual({ file: "/home/me/lib/db.ts", line: 4, column: 9 });
  expect(locationIn("Error: x\n    at /home/me/worker.ts:7:1")).toEqual({
    file: "/home/me/worker.ts",
    line: 7,
    column: 1,
  });
  expect(locationIn("Error: at /not/a/frame.ts:1:1")).toBeNull();
  expect(locationIn("")).toBeNull();
});

test("a place with spaces and parentheses in its path is read whole", () => {
  expect(locationIn("Error: x\n    at f (/home/my files (2)/a b.ts:10:20)")).toEqual({
    file: "/home/my files (2)/a b.ts",
    line: 10,
    column: 20,
  });
});

test("an Error keeps its name, its place and its way there", () => {
  const error = new TypeError("no database");
  error.stack = stack;
  expect(failureOf(error, "/home/me/worker.ts")).toEqual({
    module: "/home/me/worker.ts",
    message: "TypeError: no database",
    location: { file: "/home/me/lib/db.ts", line: 4, column: 9 },
    sourceLine: null,
    stack: userStack(stack),
    hint: null,
  });
});

test("a mistake in how djob is used has neither a name nor a stack", () => {
  for (const error of [new RegistrationError("wrong", "do this"), new ScheduleError("wrong", "do this")]) {
    expect(failureOf(error, null)).toMatchObject({ message: "wrong", stack: null, hint: "do this" });
  }
});

test.each([
  ["text", '"text" was thrown'],
  [undefined, "undefined was thrown"],
  [null, "null was thrown"],
  [{ code: 7 }, "{\n  code: 7,\n} was thrown"],
])("%p that is thrown is shown as it is", (value, message) => {
  expect(failureOf(value, "/m.ts")).toMatchObject({ module: "/m.ts", message, location: null });
});

test("of several errors the first is told", () => {
  const first = new Error("first");
  expect(failureOf(new AggregateError([first, new Error("second")]), null).message).toBe("Error: first");
});

test("what can't be looked at is told as that", () => {
  const refuse = () => {
    throw new Error("do not look");
  };
  const trap = new Proxy(new Error("hidden"), { get: refuse, getPrototypeOf: refuse, ownKeys: refuse });
  for (const thrown of [trap, { [Symbol.for("nodejs.util.inspect.custom")]: refuse }])
    expect(failureOf(thrown, "/m.ts")).toMatchObject({ module: "/m.ts", message: unshowable });
  expect(thrownTitle(trap)).toBe(unshowable);
  expect(thrownTitle(new RangeError("far"))).toBe("RangeError: far");
  expect(thrownTitle(7)).toBe("7");
});

test("a syntax error has the position that the parser gave", () => {
  const error = {
    name: "BuildMessage",
    message: "Unexpected ;",
    position: { file: "/x.ts", line: 2, column: 9 },
  };
  expect(failureOf(error, null)).toMatchObject({
    message: "syntax error: Unexpected ;",
    location: { file: "/x.ts", line: 2, column: 9 },
  });
});

test.each([
  ["left-pad", "bun add left-pad"],
  ["left-pad/lib/x.js", "bun add left-pad"],
  ["@scope/name/sub", "bun add @scope/name"],
])("for the missing package %s the hint names what to install", (specifier, command) => {
  expect(missing(specifier).hint).toContain(`(${command});`);
});

test.each(["./file.ts", "../file", "/abs/file.ts", "@/alias", "#internal", "~/alias", "node:nothing"])(
  "for %s there is nothing to install",
  (specifier) => {
    expect(missing(specifier).hint).toBeNull();
  },
);

test("the description has the place first, the source line with a caret, the way there and the hint", () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "worker.ts");
  writeFileSync(file, "first\n\tconst second = third;\n");
  const reason = failure(
    "/m.ts",
    "Error: why",
    { file, line: 2, column: 17 },
    {
      stack: "Error: why\n    at a (/a.ts:1:1)\n    at /b.ts:2:2",
      hint: "do this",
    },
  );
  expect(describeFailure(reason)).toBe(
    [
      "Error: why",
      `  at ${file}:2:17`,
      "  2 | \tconst second = third;",
      "    | \t               ^",
      "    at a (/a.ts:1:1)",
      "    at /b.ts:2:2",
      "hint: do this",
    ].join("\n"),
  );
});

test("without a place the module is named, and a single frame is not repeated", () => {
  const reason = failure("/m.ts", "why", null, { stack: "Error: why\n    at /b.ts:2:2" });
  expect(describeFailure(reason)).toBe("why\n  in /m.ts");
  expect(describeFailure(failure(null, "why", null))).toBe("why");
});

test("a time that is up is told in seconds", () => {
  expect(notInTime("/m.ts", 1_500).message).toBe("it was not ready after 1.5 s");
});

function missing(specifier: string) {
  const error = {
    name: "ResolveMessage",
    message: "Cannot find it",
    specifier,
    referrer: "/nowhere/x.ts",
    position: null,
  };
  return failureOf(error, null);
}

function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), "djob-failure-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("an error in the log has the user's frames, and what follows them", () => {
  const shown = `Error: boom
      at inner (/srv/w.ts:2:36)
      at run (node:async_hooks:144:29)
      at #m (src/runtime/scheduler.ts:137:51) {
    [cause]: Error: deep
        at <anonymous> (/srv/w.ts:3:44)
        at src/main.ts:25:10
  }`;
  expect(withoutOwnFrames(shown)).toBe(`Error: boom
      at inner (/srv/w.ts:2:36) {
    [cause]: Error: deep
        at <anonymous> (/srv/w.ts:3:44)
  }`);
});

test("in a test, djob's own frames are those of its bundle", () => {
  const frames =
    "    at #m (/tmp/djob-test-Ab1/chunk-1.js:2:3)\n    at g (/srv/node_modules/djob/main.js:1:1)";
  const user = "Error: x\n    at f (/srv/w.ts:1:1)";
  expect(withoutOwnFrames(`${user}\n${frames}`)).toBe(user);
  expect(userStack(`${user}\n${frames}`)).toBe(user);
});

test("an error of djob's own keeps its frames", () => {
  const shown = "TypeError: ours\n    at #m (src/runtime/scheduler.ts:137:51)";
  expect(withoutOwnFrames(shown)).toBe(shown);
});
