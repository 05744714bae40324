// Command lines word by word: what is refused, and what is suggested instead.
import { describe, expect, test } from "bun:test";
import type { Command } from "../../src/cli/command.ts";
import { checkArguments, nearest } from "../../src/cli/strict.ts";
import { DjobError } from "../../src/daemon/error.ts";

const command: Command = {
  meta: { name: "sample", description: "" },
  args: {
    module: { type: "positional", required: true },
    name: { type: "string" },
    lines: { type: "string", alias: "n" },
    follow: { type: "boolean", alias: "f" },
    env: { type: "string", repeatable: true },
    json: { type: "boolean" },
  },
  positionals: { minimum: 1, maximum: 2 },
  examples: [],
  run: async () => 0,
};

function refusal(...args: string[]): string {
  try {
    checkArguments(command, args);
  } catch (error) {
    if (!(error instanceof DjobError)) throw error;
    expect(error.code).toBe(2);
    return `${error.message}; ${error.hint}`;
  }
  throw new Error(`not refused: ${args.join(" ")}`);
}

describe("what is right passes", () => {
  test("flags and arguments in any order, values attached or apart", () => {
    const { positionals, repeated } = checkArguments(command, [
      "--name",
      "a",
      "x.ts",
      "-fn5",
      "--json",
      "y.ts",
    ]);
    expect(positionals).toEqual(["x.ts", "y.ts"]);
    expect(repeated).toMatchObject({ name: ["a"], lines: ["5"] });
    expect(checkArguments(command, ["x", "--name=a=b"]).repeated).toMatchObject({ name: ["a=b"] });
  });

  test("a repeatable flag gives all of its values, in order", () => {
    const { repeated } = checkArguments(command, ["x", "--env", "A=1", "--env=B=--2", "--env", "A=3"]);
    expect(repeated).toEqual({ env: ["A=1", "B=--2", "A=3"] });
  });

  test("a value may be a negative number, or a dash", () => {
    expect(checkArguments(command, ["x", "-n", "-5"]).repeated).toEqual({ lines: ["-5"] });
    expect(checkArguments(command, ["x", "--name", "-"]).repeated).toEqual({ name: ["-"] });
  });
});

describe("what is wrong is refused", () => {
  test.each([
    [["x", "--nmae", "a"], "there is no flag --nmae; did you mean --name?"],
    [["x", "--folow"], "there is no flag --folow; did you mean --follow?"],
    [["x", "--no-json"], "there is no flag --no-json"],
    [["x", "--quite-another"], "there is no flag --quite-another; see djob sample --help"],
    [["x", "-q"], "there is no flag -q"],
    [["x", "-fq"], "there is no flag -q"],
    [["x", "--name"], "--name needs a value"],
    [["x", "--name="], "--name needs a value"],
    [["x", "--name", ""], "--name needs a value"],
    [["x", "--name", "--json"], "--name needs a value"],
    [["x", "--name", "-f"], "--name needs a value"],
    [["x", "-n"], "-n needs a value"],
    [["x", "--json=yes"], '--json takes no value, and has "yes"'],
    [["x", "--json", "--json"], "--json is given twice"],
    [["x", "--name", "a", "--name", "b"], "--name is given twice"],
    [["--json"], "it needs a module"],
    [["x", "y", "z"], 'stray argument "z"'],
  ])("%j", (args, expected) => {
    expect(refusal(...args)).toStartWith(`cannot run djob sample: ${expected}`);
  });
});

describe("the nearest word", () => {
  test.each([
    ["worke", "worker"],
    ["wroker", "worker"],
    ["WORKER", null],
    ["sotp", "stop"],
    ["x", null],
    ["unrelated", null],
  ])("of %j is %j", (word, expected) => {
    expect(nearest(word, ["status", "stop", "worker"])).toBe(expected);
  });

  test("of nothing is none", () => {
    expect(nearest("worker", [])).toBeNull();
  });
});
