// Help as a person sees it: no line is wider than the terminal, and no flag is left out.
import { describe, expect, test } from "bun:test";
import { commands } from "../../src/cli/commands.ts";
import { commandHelp, wrapped } from "../../src/cli/help.ts";

const plain = (_style: string, text: string) => text;

describe.each(Object.keys(commands))("djob %s --help", (name) => {
  test.each([60, 80, 120])("fits %d columns, but for examples, and names every flag", async (width) => {
    const command = await commands[name]?.();
    if (command === undefined) throw new Error(name);
    const text = commandHelp(command, plain, width);
    const isExample = (line: string) => line.startsWith("  djob ");
    expect(text.split("\n").filter((line) => line.length > width && !isExample(line))).toEqual([]);
    for (const [flag, { type }] of Object.entries(command.args))
      expect(text).toContain(type === "positional" ? flag.toUpperCase() : `--${flag}`);
  });
});

test("words are broken at spaces, and a long one stands alone", () => {
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapped("incomprehensible it is", 5)).toEqual(["incomprehensible", "it is"]);
});
