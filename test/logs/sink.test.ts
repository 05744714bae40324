// Writing to the log when the system takes less than it is given, or nothing at all.
import { expect, test } from "bun:test";
import { type SinkSystem, writeBytes, writeText } from "../../src/logs/sink.ts";

/** A descriptor that answers each write in turn: a number of bytes taken, or an error's code. */
function system(answers: ReadonlyArray<number | string>) {
  const written: string[] = [];
  let pauses = 0;
  let call = 0;
  const fake: SinkSystem = {
    write(_descriptor, bytes, offset) {
      const answer = answers[Math.min(call, answers.length - 1)] ?? 0;
      call += 1;
      if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
      written.push(Buffer.from(bytes.subarray(offset, offset + answer)).toString());
      return Math.min(answer, bytes.length - offset);
    },
    pause: () => {
      pauses += 1;
    },
  };
  return { fake, written, pauses: () => pauses, calls: () => call };
}

test("a text that fits goes out in one write", () => {
  const { fake, written } = system([1_000]);
  expect(writeText(1, "näher\n", fake)).toBe(true);
  expect(written).toEqual(["näher\n"]);
});

test("what was not taken is written again, from there on", () => {
  const { fake, written } = system([3, 1, 100]);
  expect(writeText(1, "abcdef", fake)).toBe(true);
  expect(written).toEqual(["abc", "d", "ef"]);
});

test.each(["ENOSPC", "EPIPE", "EIO", "EBADF", "EDQUOT"])("%s loses the text and throws nothing", (code) => {
  const { fake, calls } = system([code]);
  expect(writeText(1, "lost", fake)).toBe(false);
  expect(calls()).toBe(1);
});

test("a disk that fills up half-way loses the rest", () => {
  const { fake, written } = system([2, "ENOSPC"]);
  expect(writeText(1, "abcd", fake)).toBe(false);
  expect(written).toEqual(["ab"]);
});

test("a slow reader of a non-blocking descriptor is waited for", () => {
  const { fake, written, pauses } = system(["EAGAIN", "EAGAIN", 2, "EAGAIN", 2]);
  expect(writeText(1, "abcd", fake)).toBe(true);
  expect(written).toEqual(["ab", "cd"]);
  expect(pauses()).toBe(3);
});

test("a reader that never reads is not waited for for ever", () => {
  const { fake, pauses } = system(["EAGAIN"]);
  expect(writeText(1, "abcd", fake)).toBe(false);
  expect(pauses()).toBe(200);
});

test("nothing to write is written at once", () => {
  const { fake, calls } = system([]);
  expect(writeBytes(1, new Uint8Array(), fake)).toBe(true);
  expect(calls()).toBe(0);
});
