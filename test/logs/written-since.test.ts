// What a log holds from some place on.
import { expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLinesSince, readSince } from "../../src/logs/written-since.ts";

function inDirectory(use: (path: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "djob-written-since-"));
  try {
    use(join(directory, "worker.log"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("each look goes on where the one before has ended, and begins anew in a file that was cut off", () => {
  inDirectory((path) => {
    const texts: string[] = [];
    let at = 1;
    const look = () => {
      let text = "";
      at = readSince(path, at, (block) => {
        text += Buffer.from(block).toString();
      });
      texts.push(text);
    };
    look();
    writeFileSync(path, "abc");
    look();
    look();
    appendFileSync(path, "d".repeat(200_000));
    look();
    writeFileSync(path, "e");
    look();
    expect(texts).toEqual(["", "bc", "", "d".repeat(200_000), "e"]);
  });
});

test("the last lines are those of its last 64 KiB at most, and none of what was there before", () => {
  inDirectory((path) => {
    expect(lastLinesSince(path, 0, 2)).toEqual([]);
    writeFileSync(path, "before\none\ntwo\nthree\n");
    expect(lastLinesSince(path, 7, 2)).toEqual(["two", "three"]);
    expect(lastLinesSince(path, 7, 10)).toEqual(["one", "two", "three"]);
    expect(lastLinesSince(path, 100, 10)).toEqual([]);
    appendFileSync(path, `${"x".repeat(100_000)}\nlast\n`);
    const [cut = "", ...others] = lastLinesSince(path, 7, 10);
    expect({ length: cut.length < 65_536, others }).toEqual({ length: true, others: ["last"] });
  });
});
