// Writing lines to a descriptor that takes less than it is given, or nothing: what is lost is counted, and told when it can be.
import { expect, test } from "bun:test";
import { constants } from "node:os";
import { type FileWatch, LogStream, type StreamSystem } from "../../src/logs/stream.ts";
import { type LogState, Trouble } from "../../src/logs/trouble.ts";

const { errno } = constants;
const sinceMs = Date.parse("2026-11-26T00:00:00.000Z");

/** A descriptor that takes so many bytes of each write in turn, or answers with an error; then it takes all. */
function bench(answers: Array<number | keyof typeof errno>, watch: FileWatch | null = null) {
  let text = "";
  let pauses = 0;
  const states: LogState[] = [];
  const trouble = new Trouble((state) => void states.push(state));
  const writeBuffer: StreamSystem["writeBuffer"] = (_descriptor, bytes, offset) => {
    const answer = answers.shift() ?? bytes.length;
    const taken = typeof answer === "number" ? Math.min(answer, bytes.length - offset) : 0;
    text += Buffer.from(bytes.subarray(offset, offset + taken)).toString();
    if (offset + taken === bytes.length) return bytes.length;
    const next = typeof answer === "string" ? answer : answers.shift();
    const code = typeof next === "string" ? next : "ENOSPC";
    return { bytes: offset + taken, ofBytes: bytes.length, errno: errno[code] };
  };
  const system: StreamSystem = {
    writeBuffer,
    writeString: (descriptor, head, line, tail) =>
      writeBuffer(descriptor, Buffer.from(head + line + tail), 0),
    pause: () => {
      pauses += 1;
    },
  };
  const stream = new LogStream(1, watch, trouble, (_nowMs, message) => `NOTE ${message}\n`, system);
  return { stream, states, trouble, text: () => text, pauses: () => pauses };
}

test.each([
  ["ENOSPC", "no space left on device"],
  ["EDQUOT", "quota exceeded"],
  ["EROFS", "read-only file system"],
  ["EIO", "input/output error"],
  ["EMFILE", "too many open files"],
] as const)("%s: lines are lost and counted, and one line tells how many", (code, why) => {
  const { stream, states, text, trouble } = bench([code, code, code]);
  for (const line of ["a\n", "b\n  more of b\n", "c\n", "d\n", "e\n"]) stream.write(line, sinceMs);
  expect(states[0]).toMatchObject({ state: "degraded" });
  expect(states[0]?.reason?.toLowerCase()).toContain(why);
  expect(text()).toMatch(/^NOTE 4 lines were lost since 2026-11-26T00:00:00\.000Z: .*\nd\ne\n$/);
  expect(states).toHaveLength(2);
  expect(trouble.state).toEqual({ state: "ok", reason: null, lostLines: 4 });
});

test("a line that was cut off is ended before the next one", () => {
  const { stream, text } = bench([2, "ENOSPC", "ENOSPC"]);
  stream.write("abcd\n", sinceMs);
  stream.write("lost\n", sinceMs);
  stream.write("next\n", sinceMs);
  expect(text()).toMatch(/^ab\nNOTE 2 lines were lost .*\nnext\n$/);
});

test("a line that lacks nothing but its end is not lost", () => {
  const { stream, text, trouble } = bench([4, "ENOSPC"]);
  stream.write("abcd\n", sinceMs);
  stream.write("next\n", sinceMs);
  expect(text()).toBe("abcd\nnext\n");
  expect(trouble.state.lostLines).toBe(0);
});

test("what found room but for its last part is not told twice", () => {
  const { stream, text } = bench(["ENOSPC", 10_000]);
  stream.write("lost\n", sinceMs);
  stream.write("a\n", sinceMs);
  stream.write("b\n", sinceMs);
  expect(text()).toMatch(/^NOTE 1 line was lost .*\na\nb\n$/);
});

test("a slow reader is waited for, one that never reads only once", () => {
  const slow = bench([1, "EAGAIN", "EAGAIN", 1_000]);
  slow.stream.write("abc\n", sinceMs);
  expect(slow.text()).toBe("abc\n");
  expect(slow.states).toEqual([]);
  const never = bench(Array.from({ length: 1_000 }, () => "EAGAIN" as const));
  for (let line = 0; line < 100; line += 1) never.stream.write("x\n", sinceMs);
  expect(never.pauses()).toBe(50);
  expect(never.trouble.state).toEqual({ state: "degraded", reason: "nobody reads it", lostLines: 100 });
});

test("nothing is written to a file that nobody can find", () => {
  let reason: string | null = "the log was removed";
  const watch: FileWatch = {
    dueMs: 0,
    get blocked() {
      return reason;
    },
    look() {},
    grown() {},
  };
  const { stream, text, trouble } = bench([], watch);
  stream.write("a\n", sinceMs);
  stream.write("b\n", sinceMs);
  expect(trouble.state).toEqual({ state: "degraded", reason: "the log was removed", lostLines: 2 });
  reason = null;
  stream.write("c\n", sinceMs);
  expect(text()).toMatch(/^NOTE 2 lines were lost .*: the log was removed\nc\n$/);
});
