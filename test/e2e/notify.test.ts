// Under a service manager: what it is told, when, and by whom.
import { expect, test } from "bun:test";
import { unlinkSync } from "node:fs";
import { djobPath, until, workspace } from "./harness.ts";
import { receiver, startService } from "./service-manager.ts";

const hourly =
  'import { job } from "djob"; job("hourly", "@hourly", () => {}); job("b", "@daily", () => {});';

test.each(["a path", "an abstract name"])("tells its whole life on %s", async (kind) => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const abstract = `@djob-test-${process.pid}`;
  const manager = await receiver(space, kind === "a path" ? undefined : abstract);
  const { child, pid } = startService(space, ["worker.ts"], { NOTIFY_SOCKET: manager.path });
  const ready = `READY=1|MAINPID=${pid}|STATUS=running, 2 jobs`;
  await until("it is ready", () => manager.news().length > 0);
  expect(manager.told.map(({ text }) => text)).toEqual(["EXTEND_TIMEOUT_USEC=15000000", ready]);
  // Not forked, whatever the flags: the process that was started is the daemon.
  expect(await space.status("worker")).toMatchObject({ pid, foreground: true, state: "running" });

  child.kill("SIGHUP");
  await until("it has reloaded", () => manager.news().length >= 3);
  const [, reloading = "", again] = manager.news();
  const usec = Number(/^RELOADING=1\|MONOTONIC_USEC=(\d+)\|STATUS=reloading$/.exec(reloading)?.[1]);
  const receivedMs = manager.told.find(({ text }) => text === reloading)?.timeMs ?? Number.NaN;
  expect(Math.abs(usec / 1000 - receivedMs)).toBeLessThan(1_000);
  expect(again).toBe(ready);

  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  await until("it has told that, too", () => manager.news().at(-1) === "STOPPING=1|STATUS=stopping");
  expect(new Set(manager.told.map(({ senderPid }) => senderPid))).toEqual(new Set([pid]));
});

test("a reload that is refused ends in READY=1, too", async () => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const manager = await receiver(space);
  const { child } = startService(space, ["worker.ts"], { NOTIFY_SOCKET: manager.path });
  await until("it is ready", () => manager.news().length > 0);
  space.write("worker.ts", "const a = ;");
  child.kill("SIGHUP");
  await until("it goes on", () => manager.news().length >= 3);
  expect(manager.news().map((text) => text.split("|")[0])).toEqual(["READY=1", "RELOADING=1", "READY=1"]);
});

test("a module that fails is told as status, in one line, and READY is not", async () => {
  const space = workspace();
  space.write("worker.ts", 'throw new Error("no database\\nREADY=1");');
  const manager = await receiver(space);
  const { child } = startService(space, ["worker.ts"], { NOTIFY_SOCKET: manager.path });
  expect(await child.exited).toBe(9);
  await until("it says why", () => manager.news().some((text) => text.includes("no database")));
  expect(manager.news().at(-1)).toMatch(/^STATUS=failed: .*no database READY=1$/);
});

test("asks for more time while a module is loading", async () => {
  const space = workspace();
  space.write("worker.ts", `await Bun.sleep(6_000); ${hourly}`);
  const manager = await receiver(space);
  startService(space, ["worker.ts"], { NOTIFY_SOCKET: manager.path });
  await until("it is ready", () => manager.news().length > 0);
  const texts = manager.told.map(({ text }) => text.split("|")[0]);
  expect(texts).toEqual(["EXTEND_TIMEOUT_USEC=15000000", "EXTEND_TIMEOUT_USEC=15000000", "READY=1"]);
});

test("gives a sign of life at half of WATCHDOG_USEC, and none while its event loop is blocked", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("idle", "@yearly", () => {});
    process.on("SIGWINCH", () => { console.log("blocked"); Bun.sleepSync(1_000); console.log("free"); });`,
  );
  const manager = await receiver(space);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "200000" };
  const { child, lines } = startService(space, ["worker.ts"], env);
  const signs = () => manager.told.filter(({ text }) => text === "WATCHDOG=1").map(({ timeMs }) => timeMs);
  await until("it is alive", () => signs().length >= 12);
  const first = signs();
  const meanMs = ((first.at(-1) ?? 0) - (first[1] ?? 0)) / (first.length - 2);
  expect(meanMs).toBeGreaterThan(80);
  expect(meanMs).toBeLessThan(150);
  child.kill("SIGWINCH");
  await until("it is free again", () => lines.some((line) => line.includes("free")));
  const count = signs().length;
  await until("it is alive again", () => signs().length > count + 2);
  const all = signs();
  const gaps = all.map((timeMs, index) => timeMs - (all[index - 1] ?? timeMs));
  expect(Math.max(...gaps)).toBeGreaterThan(900);
});

test("a watchdog that is meant for another process is none of ours", async () => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const manager = await receiver(space);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" };
  startService(space, ["worker.ts"], env);
  await until("it is ready", () => manager.news().length > 0);
  expect(manager.told.filter(({ text }) => text === "WATCHDOG=1")).toEqual([]);
});

test("a job's children get none of the service manager's variables, also after a reload", async () => {
  const space = workspace();
  const saying = (word: string) => `import { job } from "djob"; import { execSync } from "node:child_process";
    import { spawnSync } from "bun";
    job("env", "always", async () => {
      const seen = [...spawnSync(["env"]).stdout.toString().split("\\n"), ...execSync("env").toString().split("\\n")];
      console.log("${word}", seen.filter((line) => /^(NOTIFY|WATCHDOG|LISTEN|DJOB_[LS][IT])/.test(line)).join() || "none",
        seen.some((line) => line.startsWith("PATH=")));
      await new Promise(() => {});
    });`;
  space.write("worker.ts", saying("old"));
  const manager = await receiver(space);
  const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "20000000", LISTEN_FDS: "1", LISTEN_PID: "1" };
  const { child, lines } = startService(space, ["worker.ts", "--stop-timeout", "0s"], env);
  await until("the old code runs", () => lines.some((line) => line.includes("old none true")));
  space.write("worker.ts", saying("new"));
  child.kill("SIGHUP");
  await until("the new code runs", () => lines.some((line) => line.includes("new none true")));
});

test("a manager that is gone, full or out of reach harms nothing", async () => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const manager = await receiver(space);
  unlinkSync(manager.path);
  for (const path of [
    manager.path,
    "/proc/nothing/here",
    "vsock:2:1234",
    "relative",
    `/${"x".repeat(200)}`,
  ]) {
    const { child, lines } = startService(space, ["worker.ts"], {
      NOTIFY_SOCKET: path,
      WATCHDOG_USEC: "4000",
    });
    await until("it is ready", () => lines.some((line) => line.includes("is ready")));
    child.kill("SIGTERM");
    expect({ path, code: await child.exited }).toEqual({ path, code: 0 });
  }
});

test("says on a terminal, and only there, why it stays in the foreground", async () => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const { path } = await receiver(space);
  const { child, errors, lines } = startService(space, ["worker.ts"], { NOTIFY_SOCKET: path });
  await until("it is ready", () => lines.some((line) => line.includes("is ready")));
  child.kill("SIGTERM");
  await child.exited;
  expect(errors).toEqual([]);
  const script = ["script", "-qefc", `exec "${djobPath}" run worker.ts`, "/dev/null"];
  const terminal = Bun.spawn(script, {
    cwd: space.dir,
    env: { ...space.environment({ NOTIFY_SOCKET: path }), SHELL: "/bin/sh" },
    stdin: "pipe",
    stdout: "pipe",
  });
  await until("it is ready", () => space.has("worker.sock"));
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  await terminal.exited;
  expect(await terminal.stdout.text()).toContain("NOTIFY_SOCKET is set: staying in the foreground");
});

test("--json has nothing to print there", async () => {
  const space = workspace();
  space.write("worker.ts", hourly);
  const env = { NOTIFY_SOCKET: "@nobody" };
  const { code, stdout } = await space.djob(["run", "worker.ts", "--json"], { env });
  expect({ code, message: JSON.parse(stdout).error.message }).toMatchObject({
    code: 2,
    message: expect.stringContaining("NOTIFY_SOCKET"),
  });
});
