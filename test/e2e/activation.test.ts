// Socket activation: the sockets that a service manager has opened, in the modules' hands.
import { expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { createConnection } from "node:net";
import type { ListenSocket } from "djob";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { program } from "./programs.ts";
import { startService } from "./service-manager.ts";

const showing = 'import { sockets } from "djob"; console.log("SOCKETS " + JSON.stringify(sockets));';
const serving = `${showing}
export default { fetch: async (request, server) => {
  if (new URL(request.url).pathname === "/slow") await Bun.sleep(300);
  return new Response("served " + (server.requestIP(request)?.address ?? "unix") + " by " + process.pid);
} };`;

/** djob run --foreground with sockets at 3 and above. */
async function activated(
  space: Workspace,
  places: readonly string[],
  { names = "", args = ["worker.ts"], env = {} as Record<string, string> } = {},
) {
  const before = [program(space, "socket-activator"), names, ...places, "--"];
  const service = startService(space, [...args, "--foreground"], env, before);
  const { lines, errors } = service;
  const shown = await until(
    `it is ready: ${errors.join()}`,
    () => lines.some((line) => line.includes("is ready")) && lines.find((line) => line.includes("SOCKETS ")),
  );
  const sockets: ListenSocket[] = JSON.parse(shown.slice(shown.indexOf("SOCKETS ") + 8));
  return { ...service, sockets };
}

const text = async (url: string, options?: BunFetchRequestInit) => await (await fetch(url, options)).text();

test("modules see each socket: its name, kind and address", async () => {
  const space = workspace();
  space.write("worker.ts", `${showing} setInterval(() => {}, 60_000);`);
  const path = space.path("unix.sock");
  const { sockets } = await activated(space, ["tcp", path, "file", "tcp6", "udp"], {
    names: "web:a,b:x::dns",
  });
  const port = expect.any(Number);
  const fd = expect.any(Number);
  const stream = { fd, type: "stream", listening: true } as const;
  expect(sockets).toEqual([
    { ...stream, name: "web", family: "inet", address: "127.0.0.1", port, path: null },
    { ...stream, name: "a,b", family: "unix", address: null, port: null, path },
    { ...stream, name: "unknown", family: "inet6", address: "::1", port, path: null },
    {
      fd,
      type: "datagram",
      listening: false,
      name: "dns",
      family: "inet",
      address: "127.0.0.1",
      port,
      path: null,
    },
  ]);
  expect(Math.min(...sockets.map((socket) => socket.fd))).toBeGreaterThanOrEqual(10);
});

test.each(["tcp", "tcp6", "unix"])("export default { fetch } is served on a %s socket", async (kind) => {
  const space = workspace();
  space.write("worker.ts", serving);
  const path = space.path("unix.sock");
  const { child, pid, sockets, lines } = await activated(space, ["udp", kind === "unix" ? path : kind]);
  const socket = sockets[1];
  const host = kind === "tcp6" ? "[::1]" : "127.0.0.1";
  const url = kind === "unix" ? "http://localhost" : `http://${host}:${socket?.port}`;
  const options = kind === "unix" ? { unix: path } : {};
  const from = kind === "unix" ? "unix" : kind === "tcp" ? "127.0.0.1" : "::1";
  const answers: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const headers = { connection: round % 2 === 0 ? "close" : "keep-alive" };
    // Fewer at once than the socket's backlog: a Unix socket refuses what is above it.
    const asked = Array.from({ length: 100 }, () => text(url, { ...options, headers }));
    answers.push(...(await Promise.all(asked)));
  }
  expect(new Set(answers)).toEqual(new Set([`served ${from} by ${pid}`]));
  expect(lines.some((line) => line.includes("serving") && line.includes("of the service manager"))).toBe(
    true,
  );
  // A stop answers what it has begun.
  const slow = text(`${url}/slow`, options);
  await until("it is answering", async () => (await text(url, options)) !== "");
  child.kill("SIGTERM");
  expect(await slow).toBe(`served ${from} by ${pid}`);
  expect(await child.exited).toBe(0);
});

test("a reload loses no connection: they wait in the socket", async () => {
  const space = workspace();
  space.write("worker.ts", serving);
  const { child, sockets, lines } = await activated(space, ["tcp"]);
  const url = `http://127.0.0.1:${sockets[0]?.port}`;
  const failed: unknown[] = [];
  let going = true;
  let answered = 0;
  const clients = [1, 2, 3].map(async () => {
    while (going) {
      await text(url, { headers: { connection: "close" } }).then(
        () => (answered += 1),
        (error) => failed.push(error),
      );
    }
  });
  const images = () => lines.filter((line) => line.includes("is ready")).length;
  for (let reload = 1; reload <= 3; reload += 1) {
    child.kill("SIGHUP");
    await until("the new image is ready", () => images() === reload + 1);
    const before = answered;
    await until("it answers", () => answered > before + 20);
  }
  going = false;
  await Promise.all(clients);
  expect(failed).toEqual([]);
});

test("a stop during a reload is a stop, and a server that the module has stopped itself is left alone", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${serving}
    import { job } from "djob"; job("long", "always", async ({ signal }) => {
      signal.addEventListener("abort", () => console.log("aborted"));
      console.log("long");
      await Bun.sleep(60_000);
    });`,
  );
  const { child, lines, errors } = await activated(space, ["tcp"], {
    args: ["worker.ts", "--stop-timeout", "1s"],
  });
  await until("the run goes on", () => lines.some((line) => line.includes("[long] long")));
  child.kill("SIGHUP");
  await until("it reloads", () => lines.some((line) => line.includes("[long] aborted")));
  child.kill("SIGTERM");
  await child.exited;
  expect(lines.filter((line) => line.includes("is ready"))).toHaveLength(1);
  expect(errors).toEqual([expect.stringContaining("killed: long did not end within 1 s")]);

  space.write(
    "own.ts",
    `${showing} export default { fetch: async (_, server) => { setTimeout(() => server.stop(true)); return new Response("x"); } };`,
  );
  const own = await activated(space, ["tcp"], { args: ["own.ts"] });
  await text(`http://127.0.0.1:${own.sockets[0]?.port}`).catch(() => {});
  own.child.kill("SIGTERM");
  expect({ code: await own.child.exited, errors: own.errors }).toEqual({ code: 0, errors: [] });
});

test("a module's own net server takes a socket by its fd, and finds it again after a reload", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${showing} import net from "node:net";
    const server = net.createServer((socket) => socket.end("from net")).listen({ fd: sockets[0].fd });
    process.on("SIGHUP", () => server.close());`,
  );
  const { child, sockets, lines } = await activated(space, ["tcp"]);
  const ask = async () => {
    let answer = "";
    for await (const chunk of createConnection(sockets[0]?.port ?? 0, "127.0.0.1")) answer += chunk;
    return answer;
  };
  expect(await ask()).toBe("from net");
  child.kill("SIGHUP");
  await until("the new image is ready", () => lines.filter((line) => line.includes("is ready")).length === 2);
  expect(await ask()).toBe("from net");
});

test("the children of a module get neither the sockets nor a word of them", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `${serving} import { spawn } from "node:child_process";
    for (const child of [spawn("sleep", ["60"]), Bun.spawn(["sleep", "60"])]) console.log("CHILD " + child.pid);`,
  );
  const { lines, pid } = await activated(space, ["tcp", "tcp"]);
  const socketsOf = (process: number) =>
    readdirSync(`/proc/${process}/fd`)
      .map((entry) => readlinkSync(`/proc/${process}/fd/${entry}`))
      .filter((target) => target.startsWith("socket:"));
  const listening = new Set(socketsOf(pid));
  const children = lines.flatMap((line) => /CHILD (\d+)/.exec(line)?.[1] ?? []).map(Number);
  expect(children.length).toBe(2);
  for (const child of children) {
    expect(isAlive(child)).toBe(true);
    expect(
      readdirSync(`/proc/${child}/fd`)
        .map(Number)
        .filter((fd) => fd >= 3),
    ).toEqual([]);
    process.kill(child, "SIGKILL");
  }
  expect(listening.size).toBeGreaterThanOrEqual(2);
});

test("sockets that are meant for another process are none", async () => {
  const space = workspace();
  space.write("worker.ts", `${showing} setInterval(() => {}, 60_000);`);
  expect((await activated(space, ["tcp"], { env: { WRONG_LISTEN_PID: "1" } })).sockets).toEqual([]);
});

test("nobody but djob itself can say where the sockets are", async () => {
  const space = workspace();
  space.write("worker.ts", `${showing} setInterval(() => {}, 60_000);`);
  const env = { WRONG_LISTEN_PID: "1", DJOB_LISTEN_FDS: "0:stdin" };
  expect((await activated(space, ["tcp"], { env })).sockets).toEqual([]);
});
