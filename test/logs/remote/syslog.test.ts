// Messages for syslog: none is larger than what receivers take, whatever a job logs.
import { expect, test } from "bun:test";
import { readSync } from "node:fs";
import { closeDescriptor, socketPair } from "../../../src/libc/files.ts";
import { setNonBlocking } from "../../../src/libc/sockets.ts";
import type { LogRecord } from "../../../src/logs/line.ts";
import { StreamOfMessages } from "../../../src/logs/remote/output.ts";
import { encodeForSyslog } from "../../../src/logs/remote/syslog.ts";

const sender = { name: "worker", pid: 1, host: "host", facility: "daemon" } as const;
const record: LogRecord = { timeMs: 0, level: "info", job: "poll", message: "polled" };

function messagesOf(fields: Readonly<Record<string, unknown>>): string[] {
  return encodeForSyslog({ ...record, fields }, sender).map((bytes) => Buffer.from(bytes).toString());
}

test("fields are structured data", () => {
  const [only, ...others] = messagesOf({ status: 200 });
  expect(only).toEndWith(`[djob@32473 job="poll"][fields@32473 status="200"] polled`);
  expect(others).toEqual([]);
});

test("fields that are long are text of the message, in pieces of which none is too large", () => {
  const body = "z".repeat(400_000);
  const messages = messagesOf({ body });
  for (const message of messages) expect(message.length).toBeLessThanOrEqual(8_192);
  const texts = messages.map((message) => message.slice(message.indexOf("] ") + 2));
  expect(texts.join("")).toBe(`polled {"body":"${body}"}`);
});

test("a stream gets each message whole, also if it took a part of one and another came first", () => {
  const [own, theirs] = socketPair();
  setNonBlocking(own);
  const stream = new StreamOfMessages(own);
  const long = Buffer.alloc(1 << 22, "a");
  expect(stream.send(long)).toBe(false);
  let heard = "";
  const readWhile = (goesOn: () => boolean) => {
    const bytes = Buffer.alloc(1 << 16);
    while (goesOn()) heard += bytes.toString("latin1", 0, readSync(theirs, bytes, 0, bytes.length, null));
  };
  const other = Buffer.from("other");
  readWhile(() => !stream.send(other));
  stream.close();
  readWhile(() => !heard.endsWith("other\0"));
  closeDescriptor(theirs);
  expect(heard.split("\0").map((text) => text.length)).toEqual([long.length, other.length, 0]);
});
