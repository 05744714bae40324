// Messages out of bytes, however they are cut, and none that is too long.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MessageSplitter } from "../../../src/daemon/isolated/stream.ts";

test("messages are whole, wherever the bytes were cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(20)), (given, cuts) => {
      const messages = given.map((text) => JSON.stringify(text));
      const bytes = Buffer.from(messages.map((text) => `${text}\n`).join(""));
      const heard: string[] = [];
      const splitter = new MessageSplitter((text) => heard.push(text));
      let from = 0;
      for (const cut of cuts) {
        splitter.push(bytes.subarray(from, from + cut));
        from += cut;
      }
      splitter.push(bytes.subarray(from));
      expect(heard).toEqual(messages);
    }),
  );
});

test("one that is far too long is none, and takes no memory", () => {
  const heard: string[] = [];
  const splitter = new MessageSplitter((text) => heard.push(text));
  const chunk = new Uint8Array(1 << 20).fill(65);
  for (let count = 0; count < 40; count += 1) splitter.push(chunk);
  splitter.push(Buffer.from('\n{"a":1}\n'));
  expect(heard).toEqual(["", '{"a":1}']);
});
