// Columns for people, and where output goes.
import { describe, expect, test } from "bun:test";
import { columns } from "../../src/cli/output.ts";

describe("columns", () => {
  test("are as wide as their widest cell, two spaces apart, and the last one is not padded", () => {
    expect(
      columns([
        ["NAME", "STATE", "PID"],
        ["a", "running", "1"],
        ["longer", "x", "22"],
      ]),
    ).toBe("NAME    STATE    PID\na       running  1\nlonger  x        22");
  });

  test("count what is seen: no colours, and wide characters twice", () => {
    expect(
      columns([
        ["\u001b[32mok\u001b[39m", "1"],
        ["abc", "2"],
      ]),
    ).toBe("\u001b[32mok\u001b[39m   1\nabc  2");
    expect(
      columns([
        ["日本", "1"],
        ["abcd", "2"],
      ]),
    ).toBe("日本  1\nabcd  2");
  });

  test("rows may differ in length, and end without spaces", () => {
    expect(columns([["a", "b"], ["long", ""], ["only"]])).toBe("a     b\nlong\nonly");
    expect(columns([])).toBe("");
  });
});
