// The log of a process inside another root directory: it asks for another file when its own is full or gone, and takes what it is handed.
import { expect, onTestFinished, test } from "bun:test";
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnclosedFile } from "../../src/logs/enclosed-file.ts";

const startMs = Date.parse("2026-11-26T00:00:00Z");

function bench() {
  const directory = mkdtempSync(join(tmpdir(), "djob-enclosed-"));
  const path = join(directory, "w.log");
  const [descriptor, other] = [openSync(path, "a"), openSync(path, "a")];
  onTestFinished(() => {
    for (const each of [descriptor, other]) closeSync(each);
    rmSync(directory, { recursive: true, force: true });
  });
  let wanted = 0;
  const file = new EnclosedFile({
    descriptors: [descriptor, other],
    largest: () => 100,
    wanted() {
      wanted += 1;
    },
  });
  const write = (text: string, nowMs: number) => {
    if (nowMs >= file.dueMs) file.look(nowMs);
    file.grown(writeSync(descriptor, text), nowMs);
  };
  return { directory, path, descriptor, other, file, write, wanted: () => wanted };
}

test("it asks when the file is full, not at each line, and again while nothing comes of it", () => {
  const { write, wanted } = bench();
  write("x".repeat(50), startMs);
  expect(wanted()).toBe(0);
  write("x".repeat(60), startMs);
  expect(wanted()).toBe(1);
  for (let n = 0; n < 10; n += 1) write("x", startMs + n);
  expect(wanted()).toBe(1);
  write("x", startMs + 25);
  expect(wanted()).toBe(2);
});

test("what others have written to the file counts as well", () => {
  const { write, other, wanted } = bench();
  writeSync(other, "x".repeat(200));
  write("x", startMs);
  expect(wanted()).toBe(1);
});

test("what it is handed takes the place of all its descriptors, and nothing more is asked for", () => {
  const { directory, descriptor, other, file, write, wanted } = bench();
  write("x".repeat(120), startMs);
  const next = join(directory, "next");
  const handedIn = openSync(next, "a");
  file.take(handedIn, startMs + 5);
  write("new\n", startMs + 6);
  writeSync(other, "too\n");
  expect(readFileSync(next, "utf8")).toBe("new\ntoo\n");
  expect(fstatSync(descriptor).ino).toBe(fstatSync(other).ino);
  expect(wanted()).toBe(1);
});

test("a file that was removed is asked for, and a descriptor that a module has closed is nobody's affair here", () => {
  const { path, descriptor, other, file, write, wanted } = bench();
  write("x", startMs);
  unlinkSync(path);
  write("x", startMs + 1_500);
  expect(wanted()).toBe(1);
  closeSync(descriptor);
  file.look(startMs + 9_000);
  expect(wanted()).toBe(1);
  // Out of reach of what is opened next, which has the lowest number.
  const handedIn = [openSync("/dev/null", "a"), openSync("/dev/null", "a")] as const;
  expect(handedIn[0]).toBe(descriptor);
  file.take(handedIn[1], startMs + 9_001);
  expect(fstatSync(other).isCharacterDevice()).toBe(true);
});
