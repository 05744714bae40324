import { expect, test } from "bun:test";
import { type Message, MessageReader, tell, tellIfPossible } from "../../../src/daemon/starting/readiness.ts";
import { waitForVerdict } from "../../../src/daemon/starting/verdict.ts";
import { closeDescriptor, pipe, writeAll } from "../../../src/libc/files.ts";

const ready: Message = { type: "ready", pid: 42, jobs: 3 };
const bytes = (text: string) => new TextEncoder().encode(text);

test("messages arrive whole, however they are cut", () => {
  const failed: Message = { type: "broken", message: "größer\nals 日本", hint: null };
  const all = bytes(`${JSON.stringify(failed)}\n${JSON.stringify(ready)}\n`);
  for (const size of [1, 2, 3, 7, all.length]) {
    const reader = new MessageReader();
    const messages: Message[] = [];
    for (let at = 0; at < all.length; at += size) messages.push(...reader.read(all.subarray(at, at + size)));
    expect(messages).toEqual([failed, ready]);
  }
});

test("a message without its end of line is none yet", () => {
  expect(new MessageReader().read(bytes(JSON.stringify(ready)))).toEqual([]);
});

test.each(["", "ready", "{", "null", "[]", "42", '{"type":"unknown"}', "{}", "\u0000"])(
  "what is no message of djob's, such as %p, breaks the start",
  (line) => {
    const [message] = new MessageReader().read(bytes(`${line}\n`));
    expect(message).toEqual({
      type: "broken",
      message: `something else than djob wrote to descriptor 4: ${JSON.stringify(line)}`,
      hint: expect.any(String),
    });
  },
);

test("telling nobody is noticed, and a descriptor that is no pipe is an error", () => {
  const { readEnd, writeEnd } = pipe();
  expect(tell(writeEnd, ready)).toBe(true);
  closeDescriptor(readEnd);
  expect(tell(writeEnd, ready)).toBe(false);
  expect(tellIfPossible(writeEnd, ready)).toBe(false);
  closeDescriptor(writeEnd);
  expect(() => tell(writeEnd, ready)).toThrow("Bad file descriptor");
  expect(tellIfPossible(writeEnd, ready)).toBe(false);
});

test("ready means that the message came", async () => {
  const pids: number[] = [];
  const verdict = await judge([{ type: "spawned", pid: 7 }, ready], "", (pid) => pids.push(pid));
  expect(verdict).toEqual(ready);
  expect(pids).toEqual([7]);
});

test("the first word counts", async () => {
  const broken: Message = { type: "broken", message: "no", hint: null };
  expect(await judge([broken, ready])).toEqual(broken);
});

test("the end of the pipe is not ready, also in the middle of the message", async () => {
  expect(await judge([])).toEqual({ type: "closed" });
  expect(await judge([{ type: "spawned", pid: 7 }])).toEqual({ type: "closed" });
  expect(await judge([], JSON.stringify(ready))).toEqual({ type: "closed" });
});

test("silence is a timeout", async () => {
  const { readEnd, writeEnd } = pipe();
  expect(await waitForVerdict(readEnd, 10, () => {})).toEqual({ type: "timeout" });
  closeDescriptor(writeEnd);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s interrupts the waiting, and nothing after it",
  async (signal) => {
    process.removeAllListeners(signal);
    const { readEnd, writeEnd } = pipe();
    const waiting = waitForVerdict(readEnd, 10_000, () => {});
    process.kill(process.pid, signal);
    expect(await waiting).toEqual({ type: "interrupted", signal });
    expect(process.listenerCount(signal)).toBe(1);
    process.removeAllListeners(signal);
    closeDescriptor(writeEnd);
  },
);

test("whoever is told that it is ready hears signals as before", async () => {
  const counts = () => [process.listenerCount("SIGINT"), process.listenerCount("SIGTERM")];
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  expect(await judge([ready])).toEqual(ready);
  expect(counts()).toEqual([0, 0]);
  expect(await judge([])).toEqual({ type: "closed" });
  expect(counts()).toEqual([1, 1]);
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
});

async function judge(messages: readonly Message[], rest = "", spawned: (pid: number) => void = () => {}) {
  const { readEnd, writeEnd } = pipe();
  for (const message of messages) tell(writeEnd, message);
  if (rest !== "") writeAll(writeEnd, bytes(rest));
  closeDescriptor(writeEnd);
  return await waitForVerdict(readEnd, 10_000, spawned);
}
