// How records look to a person: whose they are stands before each line, also of daemons that come later.
import { expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Out } from "../../../src/logs/read/out.ts";
import { RecordReader } from "../../../src/logs/read/record-reader.ts";
import { showText, type TextStyle } from "../../../src/logs/read/show-text.ts";

function shown(style: TextStyle, records: ReadonlyArray<readonly [text: string, source: number]>): string {
  const directory = mkdtempSync(join(tmpdir(), "djob-show-"));
  const descriptor = openSync(join(directory, "shown"), "w");
  const out = new Out(descriptor);
  const show = showText(out, style);
  for (const [text, source] of records) {
    const reader = new RecordReader();
    reader.filled(Buffer.from(text).copy(reader.room()));
    while (reader.next("none")) show.record(reader, source);
  }
  show.end();
  out.flushSync();
  closeSync(descriptor);
  const text = readFileSync(join(directory, "shown"), "utf8");
  rmSync(directory, { recursive: true });
  return text;
}

test("a daemon that comes later has a name and a colour of its own, and makes the others as wide", () => {
  const names = ["web"];
  const records = {
    *[Symbol.iterator]() {
      yield ["one\n", 0] as const;
      names.push("mailer");
      yield ["two\n", 1] as const;
      yield ["three\n", 0] as const;
    },
  };
  const style = { names, isTerminal: true, hasColour: true };
  const [cyan, magenta, reset] = ["\x1b[36m", "\x1b[35m", "\x1b[0m"];
  expect(shown(style, records as unknown as Array<readonly [string, number]>)).toBe(
    `${cyan}web |${reset} one\n${magenta}mailer |${reset} two\n${cyan}web    |${reset} three\n`,
  );
});
