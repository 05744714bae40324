import { expect, test } from "bun:test";
import { parseWatched, unwatch, watch, watchedDescriptors } from "../../src/libc/epoll.ts";
import { describeSocket } from "../../src/libc/sockets.ts";
import { thrownBy } from "./children.ts";

test("what a poll watches is read from the kernel's own listing", () => {
  const text =
    "pos:\t0\nflags:\t02000002\ntfd:        6 events:       19 data:      3ca46ff4740  pos:0 ino:2\n";
  expect(parseWatched(4, text)).toEqual([{ poll: 4, descriptor: 6, events: 0x19, data: 0x3ca46ff4740n }]);
  expect(parseWatched(4, "pos:\t0\nflags:\t02000002\n")).toEqual([]);
});

test("a socket of the runtime's own is found, not watched for a while, and served again", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("served") });
  const isServed = (descriptor: number) => {
    const found = describeSocket(descriptor);
    return found?.listening === true && found.port === server.port;
  };
  const find = () => watchedDescriptors().filter(({ descriptor }) => isServed(descriptor));
  const [listener, ...others] = find();
  if (listener === undefined) throw new Error("it is not watched");
  expect(others).toEqual([]);
  expect(thrownBy(() => watch(listener))).toMatchObject({ code: "EEXIST" });
  unwatch(listener);
  expect(find()).toEqual([]);
  expect(thrownBy(() => unwatch(listener))).toMatchObject({ code: "ENOENT" });
  const answer = fetch(server.url, { headers: { connection: "close" } });
  watch(listener);
  expect(find()).toEqual([listener]);
  expect(await (await answer).text()).toBe("served");
});
