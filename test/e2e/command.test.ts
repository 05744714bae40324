// `djob run -- command args…`: any program as a daemon, as daemonize(1), daemon(1) and start-stop-daemon(8) have it.
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { environmentOf, isAlive, procStatus, until, type Workspace, workspace } from "./harness.ts";

async function workerOf(space: Workspace, name: string): Promise<number> {
  return await until("it has a worker", async () => (await space.status(name)).workerPid);
}

function script(space: Workspace, name: string, text: string): string {
  const path = space.write(name, text);
  chmodSync(path, 0o755);
  return path;
}

describe("a program", () => {
  test("runs with a clean state: signals, descriptors, environment, directory and session", async () => {
    const space = workspace();
    const pid = await space.run(["--env", "FRUIT=quince", "--", "sleep", "1000"]);
    const worker = await workerOf(space, "sleep");
    const status = procStatus(worker);
    for (const field of ["SigBlk", "SigIgn", "SigCgt"])
      expect({ field, mask: status.get(field) }).toEqual({ field, mask: "0".repeat(16) });
    expect(readdirSync(`/proc/${worker}/fd`).sort()).toEqual(["0", "1", "2"]);
    expect(readlinkSync(`/proc/${worker}/fd/0`)).toBe("/dev/null");
    expect(readlinkSync(`/proc/${worker}/fd/1`)).toBe(`${space.state}/sleep.log`);
    expect(readlinkSync(`/proc/${worker}/cwd`)).toBe("/");
    expect(readFileSync(`/proc/${worker}/cmdline`, "utf8")).toBe("sleep\u00001000\u0000");
    const environment = environmentOf(worker);
    expect(environment["FRUIT"]).toBe("quince");
    const own = Object.keys(environment).filter((name) =>
      /^(DJOB_(STAGE|SUPERVISOR|ATTRIBUTES)|BUN_)/.test(name),
    );
    expect(own).toEqual([]);
    expect(status.get("PPid")).toBe(String(pid));
    expect(readFileSync(`${space.state}/sleep.pid`, "utf8")).toBe(`${pid}\n`);
  });

  test("keeps the limit of open files of whoever started it", async () => {
    const space = workspace();
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `ulimit -Sn 512; "$0" run --name limited -- sleep 1000; exit $?`,
        `${import.meta.dir}/../../dist/djob`,
      ],
      { cwd: space.dir, env: space.environment(), stdout: "ignore", stderr: "pipe" },
    );
    expect({ code: await child.exited, stderr: await child.stderr.text() }).toEqual({ code: 0, stderr: "" });
    const limits = readFileSync(`/proc/${await workerOf(space, "limited")}/limits`, "utf8");
    expect(/^Max open files +(\d+)/m.exec(limits)?.[1]).toBe("512");
  });

  test("is shown by status and list, restarted when it is killed, and stopped", async () => {
    const space = workspace();
    const pid = await space.run(["--name", "nap", "--", "sleep", "1000"]);
    const first = await workerOf(space, "nap");
    expect((await space.djob(["status", "nap"])).stdout).toContain("command  sleep 1000");
    expect((await space.djob(["list"])).stdout).toContain("sleep 1000");
    process.kill(first, "SIGKILL");
    const status = await until("it was started again", async () => {
      const told = await space.status("nap");
      return told.restarts === 1 && told.state === "running" && told;
    });
    expect(status).toMatchObject({ pid, state: "running", lastExit: "SIGKILL", command: ["sleep", "1000"] });
    expect(status.workerPid).not.toBe(first);
    const { code, stdout } = await space.djob(["stop", "nap"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("cleanly") });
    expect(isAlive(status.workerPid ?? 0)).toBe(false);
    expect(space.files()).toEqual(["nap.log"]);
    expect(space.read("nap.log")).toContain("INFO  stopping (djob stop)\n");
  });

  test("that ends with 0 is done, and one that fails is given up with its reason", async () => {
    const space = workspace();
    await space.run(["--name", "short", "--ready-after", "50ms", "--", "sleep", "0.2"]);
    await until("it is over", () => !space.has("short.pid"));
    await space.run(["--name", "weak", "--restart-max", "1/1m", "--", "sh", "-c", "sleep 0.05; exit 3"]);
    await until("it has failed", () => space.read("weak.log").includes("giving up"));
    expect(space.read("weak.log")).toContain("it ended 2 times within 1m, the last time by: exit code 3");
    await space.djob(["stop", "weak", "--ok"]);
  });

  test("that ignores TERM is killed after the stop timeout, and so is what it has started", async () => {
    const space = workspace();
    const stubborn = "trap '' TERM; echo trapped; setsid sleep 1000 & while :; do sleep 0.1; done";
    await space.run(["--name", "deaf", "--stop-timeout", "300ms", "--", "sh", "-c", stubborn]);
    await until("it ignores TERM", () => space.read("deaf.log").includes("trapped"));
    const { code, stdout } = await space.djob(["stop", "deaf"]);
    expect(code).toBe(0);
    expect(stdout).toContain("by KILL");
    expect(space.processes()).toEqual([]);
  });

  test("gets the signal that --stop-signal says", async () => {
    const space = workspace();
    const listening = "trap 'echo quitting; exit 0' QUIT; echo listening; while :; do sleep 0.05; done";
    await space.run(["--name", "quit", "--stop-signal", "QUIT", "--", "sh", "-c", listening]);
    await until("it listens", () => space.read("quit.log").includes("listening"));
    expect((await space.djob(["stop", "quit"])).stdout).toContain("cleanly");
    expect(space.read("quit.log")).toContain("quitting\n");
  });

  test("is given the steps of --retry, one after another", async () => {
    const space = workspace();
    const listening =
      "trap 'echo got HUP' HUP; trap 'echo got INT; exit 0' INT; echo listening; while :; do sleep 0.05; done";
    await space.run(["--name", "steps", "--retry", "HUP/300ms/INT/5", "--", "sh", "-c", listening]);
    await until("it listens", () => space.read("steps.log").includes("listening"));
    expect((await space.djob(["stop", "steps"])).stdout).toContain("cleanly");
    expect(space.read("steps.log")).toMatch(/got HUP\n[\s\S]*got INT\n/);
  });

  test("gets HUP at a reload, and goes on", async () => {
    const space = workspace();
    const listening = "trap 'echo reloaded' HUP; echo listening; while :; do sleep 0.05; done";
    await space.run(["--name", "hup", "--", "sh", "-c", listening]);
    await until("it listens", () => space.read("hup.log").includes("listening"));
    const worker = await workerOf(space, "hup");
    expect((await space.djob(["reload", "hup"])).code).toBe(0);
    await until("it has heard it", () => space.read("hup.log").includes("reloaded"));
    expect((await space.status("hup")).workerPid).toBe(worker);
  });

  test("is restarted with the same flags by djob restart", async () => {
    const space = workspace();
    await space.run(["--name", "again", "--chdir", space.dir, "--", "sleep", "1000"]);
    const first = await workerOf(space, "again");
    expect((await space.djob(["restart", "again"])).code).toBe(0);
    const second = await workerOf(space, "again");
    expect(second).not.toBe(first);
    expect(readlinkSync(`/proc/${second}/cwd`)).toBe(space.dir);
  });

  test("ends with its supervisor", async () => {
    const space = workspace();
    const pid = await space.run(["--", "sleep", "1000"]);
    const worker = await workerOf(space, "sleep");
    process.kill(pid, "SIGKILL");
    await until("the program has ended", () => !isAlive(worker));
    expect((await space.djob(["stop", "sleep"])).code).toBe(7);
  });

  test("in the foreground writes where djob was started, and its exit code is djob's", async () => {
    const space = workspace();
    const { code, stdout } = await space.djob(["run", "--foreground", "--", "sh", "-c", "echo here; exit 7"]);
    expect(code).toBe(7);
    expect(stdout).toContain("here\n");
    expect(space.files()).toEqual([]);
  });
});

describe("a program that can't be run exits 9, and leaves nothing:", () => {
  const cases: ReadonlyArray<readonly [what: string, command: (space: Workspace) => string, says: string]> = [
    ["one that is missing", () => "no-such-program", "there is no program no-such-program in PATH"],
    ["a path that is missing", () => "./missing", "there is no program /"],
    ["one that is not executable", (space) => space.write("plain", "#!/bin/sh\n"), "is not executable"],
    [
      "one whose interpreter is missing",
      (space) => script(space, "bad", "#!/no/such/interpreter\n"),
      "its interpreter /no/such/interpreter is missing",
    ],
    ["one that is no program", (space) => script(space, "bad", "xx"), "no program for this machine"],
    ["a directory", (space) => space.dir, "there is no program"],
  ];
  test.each(cases)("%s", async (_what, command, says) => {
    const space = workspace();
    const { code, stderr } = await space.djob(["run", "--name", "bad", "--", command(space)]);
    expect({ code, stderr }).toEqual({ code: 9, stderr: expect.stringContaining(says) });
    expect(existsSync(`${space.state}/bad.pid`)).toBe(false);
    expect(space.processes()).toEqual([]);
  });
});

describe("a program is ready", () => {
  test("when it has lived for --ready-after; one that dies before is not", async () => {
    const space = workspace();
    const { code, stderr } = await space.djob([
      ...["run", "--name", "dies", "--ready-after", "5s", "--"],
      ...["sh", "-c", "echo no database; sleep 0.1; exit 4"],
    ]);
    expect(code).toBe(9);
    expect(stderr).toContain("it ended with exit code 4 before it was ready");
    expect(stderr).toContain("no database");
    const startMs = performance.now();
    await space.run(["--name", "lives", "--ready-after", "300ms", "--", "sleep", "1000"]);
    expect(performance.now() - startMs).toBeGreaterThan(300);
  });

  test("when it says READY=1 on the NOTIFY_SOCKET that it is given", async () => {
    const space = workspace();
    const gate = space.path("gate");
    const program = `
import os, socket, time
while not os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"STATUS=soon", os.environ["NOTIFY_SOCKET"])
s.sendto(b"STATUS=now\\nREADY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(1000)`;
    const start = space.djob(["run", "--name", "told", "--ready", "notify", "--", "python3", "-c", program]);
    await until("it waits", () => space.has("told.notify"));
    // Before its socket answers there is only its pid to go by.
    await until("it says so", async () => (await space.status("told")).state === "starting");
    space.write("gate", "");
    expect((await start).code).toBe(0);
    expect(space.has("told.notify")).toBe(false);
  });

  test("when a line of its log matches --ready-line, written by this start", async () => {
    const space = workspace();
    const args = ["--name", "line", "--ready-line", "^listening on \\d+$", "--"];
    await space.run([...args, "sh", "-c", "echo listening on 80; exec sleep 1000"]);
    await space.djob(["stop", "line"]);
    const { code, stderr } = await space.djob([
      ...["run", "--ready-timeout", "500ms", ...args],
      ...["sh", "-c", "echo not yet; exec sleep 1000"],
    ]);
    expect(code).toBe(9);
    expect(stderr).toContain("it was not ready after 0.5 s");
    expect(space.processes()).toEqual([]);
  });

  test("when it accepts connections at --ready-port", async () => {
    const space = workspace();
    const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = probe;
    probe.stop(true);
    const flags = ["--name", "web", "--ready-port", `127.0.0.1:${port}`];
    await space.run([...flags, "--", "python3", "-m", "http.server", "--bind", "127.0.0.1", String(port)]);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });
});

describe("what makes no sense is refused with exit 2:", () => {
  test.each([
    [["worker.ts", "--", "sleep", "1"], "it takes modules or a command, and has both"],
    [["--"], "nothing follows --"],
    [["--ready-after", "1s", "worker.ts"], "--ready-after is for a command"],
    [["--ready", "maybe", "--", "sleep", "1"], '--ready "maybe" is not known'],
    [["--ready-line", "(", "--", "sleep", "1"], "is no regular expression"],
    [["--ready-port", "99999", "--", "sleep", "1"], "is not [HOST:]PORT"],
    [["--ready", "notify", "--ready-port", "80", "--", "sleep", "1"], "exclude each other"],
    [["--foreground", "--ready-line", "x", "--", "sleep", "1"], "--ready-line needs a log"],
    [["--stop-signal", "NOPE", "--", "sleep", "1"], 'there is no signal "NOPE"'],
    [["--retry", "TERM/x", "--", "sleep", "1"], "cannot use the stop schedule TERM/x"],
    [["--retry", "5", "--stop-timeout", "5s", "--", "sleep", "1"], "say the same twice"],
  ])("%p", async (args, says) => {
    const space = workspace();
    const { code, stderr } = await space.djob(["run", ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
  });

  test("other commands take nothing after --", async () => {
    const { code, stderr } = await workspace().djob(["stop", "worker", "--", "x"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('nothing may follow "--"') });
  });
});
