import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicUsec } from "../../src/libc/monotonic.ts";
import { readAddress, unixAddress } from "../../src/libc/socket-address.ts";
import {
  bindDatagramSocket,
  describeSocket,
  receiveDatagram,
  sendDatagram,
  setNonBlocking,
} from "../../src/libc/sockets.ts";
import { thrownBy } from "./children.ts";

const directory = mkdtempSync(join(tmpdir(), "djob-sockets-"));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([join(directory, "path.sock"), `@djob-libc-${process.pid}`])(
  "datagrams to %s arrive whole, in order, and are awaited by nobody",
  (path) => {
    const descriptor = bindDatagramSocket(path);
    expect(receiveDatagram(descriptor)).toBeNull();
    for (const text of ["READY=1\nSTATUS=ä", "x".repeat(20_000)]) sendDatagram(path, text);
    expect(receiveDatagram(descriptor)).toBe("READY=1\nSTATUS=ä");
    expect(receiveDatagram(descriptor)).toBe("x".repeat(20_000));
    expect(receiveDatagram(descriptor)).toBeNull();
    expect(describeSocket(descriptor)).toEqual({
      family: "unix",
      type: "datagram",
      listening: false,
      path,
      address: null,
      port: null,
    });
    expect(existsSync(path)).toBe(path.startsWith("/"));
    // Close-on-exec: no child has it.
    const child = spawnSync("sh", ["-c", `test ! -e /proc/self/fd/${descriptor}`]);
    expect(child.status).toBe(0);
    closeSync(descriptor);
    expect(thrownBy(() => sendDatagram(path, "x"))).toMatchObject({ code: "ECONNREFUSED" });
  },
);

test("a receiver whose queue is full, and one that is not there, are told by code", () => {
  const path = join(directory, "full.sock");
  const descriptor = bindDatagramSocket(path);
  const full = thrownBy(() => {
    for (;;) sendDatagram(path, "x");
  });
  expect(full).toMatchObject({ name: "SystemError", code: "EAGAIN", syscall: "sendto", path });
  closeSync(descriptor);
  expect(thrownBy(() => sendDatagram(join(directory, "none"), "x"))).toMatchObject({ code: "ENOENT" });
  expect(thrownBy(() => bindDatagramSocket(path))).toMatchObject({ code: "EADDRINUSE" });
});

test("no descriptor is left open by what was sent or refused", () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let round = 0; round < 50; round += 1) thrownBy(() => sendDatagram(join(directory, "none"), "x"));
  expect(open()).toBe(before);
});

test("an abstract name is as long as it is, and a path ends in NUL", () => {
  expect([...unixAddress("@ab")]).toEqual([1, 0, 0, 97, 98]);
  expect([...unixAddress("/a")]).toEqual([1, 0, 47, 97, 0]);
  expect(() => unixAddress(`/${"x".repeat(107)}`)).toThrow(RangeError);
  expect(unixAddress(`@${"x".repeat(107)}`).length).toBe(110);
  expect(() => unixAddress("")).toThrow(RangeError);
  expect(() => unixAddress("/a\0b")).toThrow(RangeError);
});

test("addresses of every family are read", () => {
  expect(readAddress(new Uint8Array([2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0]))).toMatchObject({
    family: "inet",
    address: "127.0.0.1",
    port: 8080,
  });
  const inet6 = new Uint8Array(28);
  inet6.set([10, 0, 0, 80]);
  inet6.set([0x20, 0x01, 0x0d, 0xb8], 8);
  inet6[23] = 1;
  expect(readAddress(inet6)).toMatchObject({ family: "inet6", address: "2001:db8::1", port: 80 });
  expect(readAddress(new Uint8Array([1, 0]))).toMatchObject({ family: "unix", path: null });
  expect(readAddress(new Uint8Array([16, 0, 0, 0]))).toBeNull();
});

test("what is no socket is none, and wrong arguments are bugs", () => {
  const file = openSync("/dev/null", "r");
  expect(describeSocket(file)).toBeNull();
  closeSync(file);
  expect(describeSocket(file)).toBeNull();
  for (const wrong of [Number.NaN, -1, 2 ** 32, undefined as unknown as number]) {
    expect(() => describeSocket(wrong)).toThrow();
    expect(() => receiveDatagram(wrong)).toThrow();
    expect(() => setNonBlocking(wrong)).toThrow();
  }
  expect(() => sendDatagram("@x", "")).toThrow(RangeError);
});

test("the flag of a descriptor that must not block is set, and the others stay", () => {
  const descriptor = bindDatagramSocket(`@djob-flags-${process.pid}`);
  const flags = () => readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8").match(/flags:\s*(\d+)/)?.[1];
  const before = Number.parseInt(flags() ?? "", 8);
  setNonBlocking(descriptor);
  expect(Number.parseInt(flags() ?? "", 8)).toBe(before | 0o4000);
  closeSync(descriptor);
});

test("the clock is the kernel's monotonic one, which counts from the machine's start", () => {
  const [first, second] = [monotonicUsec(), monotonicUsec()];
  expect(second).toBeGreaterThanOrEqual(first);
  // /proc/uptime counts the time in which the machine was suspended, too.
  const uptimeUsec = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6;
  expect(Number(second)).toBeLessThan(uptimeUsec + 1e6);
  expect(Number(second)).toBeGreaterThan(0);
});

test("who listens and accepts nobody keeps nobody waiting", async () => {
  const path = join(directory, "deaf.sock");
  const listen = `import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(0); print("listening", flush=True); sys.stdin.read()`;
  const listener = Bun.spawn(["python3", "-c", listen, path], { stdin: "pipe", stdout: "pipe" });
  await listener.stdout.getReader().read();
  // It would block all of this process.
  const module = new URL("../../src/libc/sockets.ts", import.meta.url).pathname;
  const connect = `import { connectStream } from ${JSON.stringify(module)};
    try { for (;;) connectStream(${JSON.stringify(path)}); } catch ({ code }) { console.log(code); }`;
  const child = spawnSync(process.execPath, ["-e", connect], { encoding: "utf8", timeout: 10_000 });
  listener.stdin.end();
  await listener.exited;
  expect({ signal: child.signal, stdout: child.stdout }).toEqual({ signal: null, stdout: "EAGAIN\n" });
});
