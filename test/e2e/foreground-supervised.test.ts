// --foreground with a supervisor: on a real terminal, and under a service manager.
import { expect, test } from "bun:test";
import { isRoot, openToOthers } from "./account.ts";
import { djobPath, isAlive, until, type Workspace, workspace } from "./harness.ts";
import { processStat } from "./proc.ts";
import { receiver, startService } from "./service-manager.ts";

interface Status {
  readonly state: string;
  readonly pid: number;
  readonly workerPid: number;
  readonly restarts: number;
}

async function running(space: Workspace): Promise<Status> {
  return await until("it runs", async () => {
    const status = space.has("worker.sock") ? ((await space.status("worker")) as unknown as Status) : null;
    return status?.state === "running" && status.workerPid !== null && status;
  });
}

/** djob run --foreground on a terminal of its own. */
function onTerminal(space: Workspace, code: string, flags = "--restart on-failure") {
  space.write("worker.ts", code);
  const command = `exec "${djobPath}" run worker.ts --foreground ${flags}`;
  const script = Bun.spawn(["script", "-qefc", command, "/dev/null"], {
    cwd: space.dir,
    env: { ...space.environment(), SHELL: "/bin/sh" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const shown = { text: "" };
  const reading = (async () => {
    for await (const chunk of script.stdout) shown.text += Buffer.from(chunk).toString();
  })();
  const type = (text: string) => {
    script.stdin.write(text);
    script.stdin.flush();
  };
  return { script, shown, reading, type };
}

test("on a terminal the worker reads what is typed, also after a crash, and Ctrl-C stops in good order", async () => {
  const space = workspace();
  const { script, shown, reading, type } = onTerminal(
    space,
    `import { job } from "djob";
    job("lines", "always", async ({ signal }) => {
      process.stdin.on("data", (chunk) => console.log("got", String(chunk).trim()));
      await new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 50)));
      console.log("last words");
    });`,
  );
  const { pid, workerPid } = await running(space);
  expect(processStat(workerPid).group).toBe(processStat(pid).group);
  type("hello\n");
  await until("it has read", () => shown.text.includes("got hello"));
  process.kill(workerPid, "SIGKILL");
  await until("it is restarted", async () => (await running(space)).restarts === 1);
  await until("it listens", () => (shown.text.match(/is ready/g) ?? []).length === 2);
  type("again\n");
  await until("it has read again", () => shown.text.includes("got again"));
  const second = await running(space);
  type("\u0003");
  expect(await script.exited).toBe(0);
  await reading;
  expect(shown.text).toContain("stopping (SIGINT)");
  expect(shown.text).toContain("last words");
  expect(shown.text).not.toContain("second time");
  expect([pid, second.workerPid].filter(isAlive)).toEqual([]);
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
});

// Nobody else can become another user.
if (isRoot)
  test("another user reads what root types, and can type nothing into root's terminal", async () => {
    const space = workspace();
    openToOthers(space);
    const { script, shown, reading, type } = onTerminal(
      space,
      `import { job } from "djob"; import { dlopen } from "bun:ffi";
    const names = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];
    const open = (name) => { try { return dlopen(name, { ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" } }); } catch {} };
    const { symbols } = names.map(open).find(Boolean);
    const TIOCSTI = 0x5412;
    job("types", "always", async ({ signal }) => {
      console.log("typed:", symbols.ioctl(0, TIOCSTI, Buffer.from("x")));
      process.stdin.on("data", (chunk) => console.log("got", String(chunk).trim()));
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });`,
      "--user 65534 --group 65534",
    );
    const { pid, workerPid } = await running(space);
    await until("it has tried", () => shown.text.includes("typed:"));
    expect(shown.text).toContain("typed: -1");
    expect(processStat(workerPid)).toMatchObject({ session: workerPid, terminal: 0 });
    type("hello\n");
    await until("it has read", () => shown.text.includes("got hello"));
    type("\u0003");
    expect(await script.exited).toBe(0);
    await reading;
    expect(shown.text).toContain("stopping (SIGINT)");
    expect([pid, workerPid].filter(isAlive)).toEqual([]);
  });

test("a second Ctrl-C ends it at once", async () => {
  const space = workspace();
  const { script, shown, reading, type } = onTerminal(
    space,
    'import { job } from "djob"; job("deaf", "always", () => new Promise(() => console.log("it runs")));',
  );
  const { pid, workerPid } = await running(space);
  await until("its job runs", () => shown.text.includes("it runs"));
  type("\u0003");
  await until("it is stopping", () => shown.text.includes("stopping (SIGINT)"));
  type("\u0003");
  expect(await script.exited).toBe(137);
  await reading;
  expect([pid, workerPid].filter(isAlive)).toEqual([]);
});

test("ends when its terminal hangs up", async () => {
  const space = workspace();
  const { script, reading } = onTerminal(
    space,
    'import { job } from "djob"; job("idle", "@yearly", () => {});',
  );
  const { pid, workerPid } = await running(space);
  script.kill("SIGKILL");
  await until("all of it is gone", () => !isAlive(pid) && !isAlive(workerPid));
  await script.exited;
  await reading;
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
});

test("the supervisor is who tells the service manager, over reload, restart and upgrade", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("idle", "@yearly", () => {});');
  const manager = await receiver(space);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "200000" };
  const { child, pid } = startService(space, ["worker.ts", "--restart", "on-failure"], env);
  const ready = `READY=1|MAINPID=${pid}|STATUS=running, 1 job`;
  await until("it is ready", () => manager.news().length === 1);
  expect(manager.news()).toEqual([ready]);
  const first = await running(space);
  expect(first.pid).toBe(pid);

  child.kill("SIGHUP");
  await until("it has reloaded", () => manager.news().length === 3);
  expect(manager.news().slice(1)).toEqual([
    expect.stringMatching(/^RELOADING=1\|MONOTONIC_USEC=\d+\|STATUS=reloading$/),
    ready,
  ]);

  process.kill((await running(space)).workerPid, "SIGKILL");
  await until("it is restarted", () => manager.news().length === 4);
  expect(manager.news().at(-1)).toBe(ready);

  const signs = () => manager.told.filter(({ text }) => text === "WATCHDOG=1").length;
  expect((await space.djob(["upgrade", "worker"])).code).toBe(0);
  await until("it tells of itself again", () => manager.news().length === 5);
  expect(manager.news().at(-1)).toBe(ready);
  const count = signs();
  await until("the signs of life go on", () => signs() > count + 3);

  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  await until("it has told that, too", () => manager.news().at(-1)?.startsWith("STOPPING=1") === true);
  expect(new Set(manager.told.map(({ senderPid }) => senderPid))).toEqual(new Set([pid]));
});

test("a worker can't speak to the service manager in its place", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("idle", "@yearly", () => {});
    console.log("sees", process.env.NOTIFY_SOCKET, process.env.WATCHDOG_USEC, process.env.DJOB_STAGE);`,
  );
  const manager = await receiver(space);
  const { lines } = startService(space, ["worker.ts", "--restart", "always"], {
    NOTIFY_SOCKET: manager.path,
    WATCHDOG_USEC: "1000000",
  });
  await until("it has looked", () => lines.some((line) => line.includes("sees")));
  expect(lines.find((line) => line.includes("sees"))).toEndWith("sees undefined undefined undefined");
  await running(space);
});
