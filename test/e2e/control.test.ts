// The control socket: what it answers, to whom, and that no request takes the daemon down.
import { expect, test } from "bun:test";
import { lstatSync, readdirSync } from "node:fs";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";

const module = `import { job } from "djob";
job("mail", "always", async ({ signal }) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await Bun.sleep(100);
});`;

async function running(space: Workspace) {
  space.write("worker.ts", module);
  const pid = await space.run(["worker.ts"]);
  const socket = `${space.state}/worker.sock`;
  await until("its run goes on", async () => (await space.status("worker")).jobs[0]?.state === "running");
  const ask = (path: string, method = "GET") => fetch(`http://djob${path}`, { unix: socket, method });
  return { pid, socket, ask };
}

test("GET /status is the document of djob status --json, for curl as well; only the owner may connect", async () => {
  const space = workspace();
  const { socket, ask } = await running(space);
  expect(lstatSync(socket).isSocket()).toBe(true);
  expect(lstatSync(socket).mode & 0o777).toBe(0o600);
  const response = await ask("/status");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toStartWith("application/json");
  const document: unknown = await response.json();
  expect(document).toEqual(await space.status("worker"));
  const curl = Bun.spawn(["curl", "-sS", "--unix-socket", socket, "http://djob/status"], { stdout: "pipe" });
  expect(await curl.stdout.json()).toEqual(document);
});

test("POST /stop stops, and answers when the runs have ended", async () => {
  const space = workspace();
  const { pid, ask } = await running(space);
  const response = await ask("/stop", "POST");
  expect(await response.json()).toEqual({ outcome: "clean", runs: [] });
  await until("it is gone", () => !isAlive(pid));
  expect(space.files()).toEqual(["worker.log"]);
});

test("what there is not is answered with 404, a wrong method with 405, a bad value with 400, all as JSON", async () => {
  const space = workspace();
  const { pid, ask } = await running(space);
  const refusals = [
    ["/", "GET", 404],
    ["/status/", "GET", 404],
    ["/nothing?x=%00", "POST", 404],
    ["/status", "POST", 405],
    ["/status", "DELETE", 405],
    ["/stop", "GET", 405],
    ["/stop?timeoutMs=soon", "POST", 400],
    ["/stop?timeoutMs=99999999999", "POST", 400],
  ] as const;
  for (const [path, method, status] of refusals) {
    const response = await ask(path, method);
    expect({ path, status: response.status }).toEqual({ path, status });
    expect(await response.json()).toMatchObject({ error: { code: status, message: expect.any(String) } });
    if (status === 405) expect(response.headers.get("allow")).toBe(path === "/stop" ? "POST" : "GET");
  }
  expect(await space.status("worker")).toMatchObject({ pid, state: "running" });
});

test("10,000 malformed requests leave the daemon running, answering, and with no descriptor more", async () => {
  const space = workspace();
  const { pid, socket } = await running(space);
  const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
  await space.status("worker");
  const before = descriptors();
  const random = generator(20_261_121);
  const keptOpen: Array<{ end(): void }> = [];
  let sent = 0;
  let answers = 0;
  const send = async () => {
    while (sent < 10_000) {
      sent += 1;
      const leaveOpen = sent % 200 === 0;
      const payload = malformed(random);
      const closed = Promise.withResolvers<void>();
      const connection = await Bun.connect({
        unix: socket,
        socket: {
          data() {
            answers += 1;
          },
          close: () => closed.resolve(),
          error: () => closed.resolve(),
        },
      });
      connection.write(payload);
      if (leaveOpen) keptOpen.push(connection);
      else {
        // Only this half: the daemon is to read all of it, and to close.
        connection.shutdown();
        await closed.promise;
      }
    }
  };
  await Promise.all(Array.from({ length: 32 }, send));
  expect(keptOpen).toHaveLength(50);
  expect(answers).toBeGreaterThan(8_000);
  expect(await space.status("worker")).toMatchObject({ pid, state: "running" });
  for (const connection of keptOpen) connection.end();
  await until("the descriptors are closed", () => descriptors() <= before);
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
  expect(space.read("worker.log")).not.toContain("ERROR");
}, 30_000);

/** A linear congruential generator: the same requests in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

function malformed(random: (below: number) => number): Uint8Array | string {
  const bytes = (length: number) => Uint8Array.from({ length }, () => random(256));
  const word = () => Buffer.from(bytes(1 + random(12))).toString("base64url");
  const kinds: ReadonlyArray<() => Uint8Array | string> = [
    () => bytes(random(300)),
    () => "GET /status HTTP/1.1\r\nHost: djob\r\n\r\n".slice(0, random(36)),
    () => `GET /status HTTP/1.1\r\nHost: ${"x".repeat(random(40_000))}\r\n\r\n`,
    () => `GET /${"a/".repeat(random(20_000))} HTTP/1.1\r\nHost: djob\r\n\r\n`,
    () => `${word()} /stop HTTP/1.1\r\nHost: djob\r\n\r\n`,
    () => `DELETE /stop HTTP/1.1\r\nHost: djob\r\nContent-Length: ${word()}\r\n\r\n`,
    () => `POST /status HTTP/1.1\r\nHost: djob\r\nContent-Length: 99999999999999\r\n\r\nshort`,
    () => `POST /status HTTP/1.1\r\nHost: djob\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${word()}`,
    () => `GET /status HTTP/9.9\r\n\r\n`,
    () => `GET http://[::bad/${word()} HTTP/1.1\r\nHost: ${word()}\0\r\n\r\n`,
    () => `GET /%ff%00${word()} HTTP/1.1\r\nHost: djob\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    () => `GET /status HTTP/1.1\r\n${`${word()}: ${word()}\r\n`.repeat(random(400))}\r\n`,
    () => "\r\n".repeat(random(2_000)),
  ];
  return kinds[random(kinds.length)]?.() ?? "";
}
