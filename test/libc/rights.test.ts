// Open files go from one process to another over a pair of sockets, with the bytes that they were sent with.
import { expect, onTestFinished, test } from "bun:test";
import { fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeDescriptor, socketPair } from "../../src/libc/files.ts";
import { zeroed } from "../../src/libc/memory.ts";
import { receiveFiles, sendFiles } from "../../src/libc/rights.ts";
import { thrownBy } from "./children.ts";

function pair(): { own: number; theirs: number; file: (name: string) => number; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "djob-rights-"));
  const [own, theirs] = socketPair();
  const open: number[] = [own, theirs];
  onTestFinished(() => {
    for (const descriptor of open) closeDescriptor(descriptor);
    rmSync(directory, { recursive: true });
  });
  const file = (name: string) => {
    const descriptor = openSync(join(directory, name), "a");
    open.push(descriptor);
    return descriptor;
  };
  return { own, theirs, file, directory };
}

const textOf = (bytes: DataView<ArrayBuffer>, count: number | null) =>
  Buffer.from(bytes.buffer, 0, count ?? 0).toString();

test("what is written to a file that was received is in the file that was sent", () => {
  const { own, theirs, file, directory } = pair();
  const [one, two] = [file("one"), file("two")];
  expect(sendFiles(own, Buffer.from("two files"), [one, two])).toBe(9);
  const bytes = zeroed(100);
  const { count, files } = receiveFiles(theirs, bytes);
  expect(textOf(bytes, count)).toBe("two files");
  expect(files).toHaveLength(2);
  for (const [index, received] of files.entries()) {
    expect(fstatSync(received).ino).toBe(fstatSync([one, two][index] ?? -1).ino);
    expect(readFileSync(`/proc/self/fdinfo/${received}`, "utf8")).toMatch(/^flags:\s+0?2\d{6}$/m);
    writeSync(received, `${index}`);
    closeDescriptor(received);
  }
  expect(["one", "two"].map((name) => readFileSync(join(directory, name), "utf8"))).toEqual(["0", "1"]);
});

test("bytes without files come as they are, nothing is null, and the end is 0", () => {
  const { own, theirs } = pair();
  const bytes = zeroed(4);
  expect(receiveFiles(theirs, bytes)).toEqual({ count: null, files: [] });
  writeSync(own, "abcdef");
  expect(receiveFiles(theirs, bytes)).toEqual({ count: 4, files: [] });
  expect(receiveFiles(theirs, bytes)).toEqual({ count: 2, files: [] });
  expect(textOf(bytes, 2)).toBe("ef");
});

test("nobody reads any more: an error, and no signal", () => {
  const [own, theirs] = socketPair();
  closeDescriptor(theirs);
  expect(thrownBy(() => sendFiles(own, Buffer.from("x"), [0]))).toMatchObject({ code: "EPIPE" });
  expect(receiveFiles(own, zeroed(1)).count).toBe(0);
  closeDescriptor(own);
});

test("no room: nothing goes, and the files stay", () => {
  const { own, theirs, file } = pair();
  const one = file("one");
  const block = Buffer.alloc(65_536);
  let sent = 1;
  for (let turns = 0; sent > 0 && turns < 100; turns += 1) sent = sendFiles(own, block, [one]);
  expect(sent).toBe(0);
  expect(fstatSync(one).size).toBe(0);
  expect(theirs).toBeGreaterThan(0);
});

test("what is no descriptor is refused", () => {
  expect(thrownBy(() => sendFiles(-1, Buffer.from("x"), []))).toBeInstanceOf(RangeError);
  expect(thrownBy(() => sendFiles(1, Buffer.from("x"), [Number.NaN]))).toBeInstanceOf(TypeError);
  expect(thrownBy(() => receiveFiles(-1, zeroed(1)))).toBeInstanceOf(RangeError);
});
