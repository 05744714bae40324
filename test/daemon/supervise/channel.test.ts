// The pair of sockets between supervisor and worker, whatever is at the other end: a process that writes without a pause, one that
// does not read, one that left its end to another.
import { afterEach, expect, spyOn, test } from "bun:test";
import { Channel } from "../../../src/daemon/supervise/channel.ts";
import { closeDescriptor, socketPair, tryWrite } from "../../../src/libc/files.ts";
import { readableSignal } from "../../../src/libc/readable.ts";
import { spawn } from "../../../src/libc/spawn.ts";
import { until } from "../../e2e/harness.ts";
import { exitOf, shell } from "../../libc/children.ts";

const open: number[] = [];
afterEach(() => {
  for (const descriptor of open.splice(0)) closeDescriptor(descriptor);
});

/** A shell whose descriptor 3 is the other end. */
function channelTo(script: string): { channel: Channel; pid: number; theirs: number } {
  const [own, theirs] = socketPair();
  const pid = spawn(shell(script, { descriptors: [{ from: theirs, to: 3 }] }));
  return { channel: new Channel(own), pid, theirs };
}

const listeners = { message() {}, garbage() {}, closed() {} };

test("who writes without a pause leaves others their turn", async () => {
  const [own, theirs] = socketPair();
  open.push(theirs);
  const line = Buffer.from('{"type":"x"}\n');
  const lines = 5_000;
  let messages = 0;
  let atFirstTurn = lines;
  const channel = new Channel(own);
  await new Promise<void>((resolve) => {
    const message = () => {
      messages += 1;
      // There is always one more to be read.
      if (messages < lines) tryWrite(theirs, line);
      else resolve();
    };
    channel.listen({ ...listeners, message });
    tryWrite(theirs, line);
    setTimeout(() => {
      atFirstTurn = messages;
    }, 1);
  });
  channel.end();
  expect(atFirstTurn).toBeLessThan(lines / 2);
});

test("what finds no room is tried again by one timer, which has time", async () => {
  const [own, theirs] = socketPair();
  open.push(own, theirs);
  const channel = new Channel(own);
  channel.listen(listeners);
  const timers = spyOn(globalThis, "setTimeout");
  try {
    for (let count = 0; count < 3_000; count += 1) channel.send({ type: "leave", id: count });
    await until("it has time", () => timers.mock.calls.some(([, pauseMs]) => Number(pauseMs) > 100));
    expect(timers.mock.calls.length).toBeLessThan(100);
  } finally {
    timers.mockRestore();
  }
});

test("all of it arrives when there is room again, in its order", async () => {
  const [own, theirs] = socketPair();
  const [one, other] = [new Channel(own), new Channel(theirs)];
  one.listen(listeners);
  const count = 3_000;
  for (let id = 0; id < count; id += 1) one.send({ type: "leave", id });
  const heard: number[] = [];
  other.listen({ ...listeners, message: ({ id }: { id: number }) => void heard.push(id) });
  await until("it has come", () => heard.length === count);
  expect(heard).toEqual(Array.from({ length: count }, (_, id) => id));
  one.end();
  other.end();
});

test("the end of its process is its end, with its last words, whoever holds the other end by now", async () => {
  const listening = process.listenerCount(readableSignal);
  const { channel, pid, theirs } = channelTo(`echo '{"type":"last"}' >&3`);
  open.push(theirs);
  const heard: unknown[] = [];
  let isClosed = false;
  channel.listen({
    ...listeners,
    message: (message) => void heard.push(message),
    closed: () => (isClosed = true),
  });
  exitOf(pid);
  channel.end();
  expect(heard).toEqual([{ type: "last" }]);
  expect({ isOpen: channel.isOpen, isClosed }).toEqual({ isOpen: false, isClosed: true });
  expect(process.listenerCount(readableSignal)).toBe(listening);
});
