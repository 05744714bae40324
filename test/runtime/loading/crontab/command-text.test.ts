// The percent signs of a command, compared with a machine of one state as cronie's sources describe it.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { splitCommand } from "../../../../src/runtime/loading/crontab/command-text.ts";

test.each([
  ["echo hello", "echo hello", null],
  ["cat%one", "cat", "one\n"],
  ["cat%one%two", "cat", "one\ntwo\n"],
  ["cat%one%", "cat", "one\n"],
  ["cat%", "cat", null],
  ["mail joe%Joe,%%Where are your kids?%", "mail joe", "Joe,\n\nWhere are your kids?\n"],
  ["date +\\%F", "date +%F", null],
  ["echo \\n \\\\ \\", "echo \\n \\\\ \\", null],
  ["echo a\\\\%b", "echo a\\\\", "b\n"],
  ["cat%100\\% \\x", "cat", "100% \\x\n"],
])("%p is the command %p that reads %p", (text, command, stdin) => {
  expect(splitCommand(text)).toEqual({ command, stdin });
});

function plainReading(text: string): { command: string; stdin: string | null } {
  let command = "";
  let at = 0;
  for (; at < text.length && text[at] !== "%"; at += 1) {
    const pair = text.slice(at, at + 2);
    if (text[at] !== "\\") command += text[at];
    else {
      // A pair stays, but for an escaped percent sign.
      command += pair === "\\%" ? "%" : pair;
      at += 1;
    }
  }
  const rest = text.slice(at + 1);
  if (at >= text.length || rest === "") return { command, stdin: null };
  const lines = rest.replaceAll("\\%", "\0").replaceAll("%", "\n").replaceAll("\0", "%");
  return { command, stdin: lines.endsWith("\n") ? lines : `${lines}\n` };
}

test("every text is read as the plain reading has it", () => {
  const text = fc.string({ unit: fc.constantFrom("a", " ", "%", "%", "\\", "\\"), maxLength: 12 });
  fc.assert(
    fc.property(text, (each) => expect(splitCommand(each)).toEqual(plainReading(each))),
    { numRuns: 3_000 },
  );
});
