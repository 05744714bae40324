// The flags of djob run, each read back from the daemon itself.
import { describe, expect, test } from "bun:test";
import { mkdirSync, readlinkSync } from "node:fs";
import { djobPath, environmentOf, procStatus, workerOf, workspace } from "./harness.ts";

const idle = 'import { job } from "djob"; job("hourly", "0 * * * *", () => {});';

test("--name, --chdir, --umask and the timeouts", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  mkdirSync(space.path("work"));
  const flags = ["--name", "shop", "--chdir", "work", "--umask", "027", "--stop-timeout", "3s"];
  const pid = await space.run(["worker.ts", ...flags, "--ready-timeout=1m"]);
  const worker = await workerOf(space, "shop");
  expect(readlinkSync(`/proc/${worker}/cwd`)).toBe(space.path("work"));
  for (const each of [pid, worker]) expect(procStatus(each).get("Umask")).toBe("0027");
  expect(await space.status("shop")).toMatchObject({ name: "shop", stopTimeoutMs: 3_000 });
});

test("without flags: the module's name, the directory / and umask 022", async () => {
  const space = workspace();
  space.write("my.worker.ts", idle);
  const pid = await space.run(["my.worker.ts"]);
  for (const each of [pid, await workerOf(space, "my.worker")]) {
    expect(readlinkSync(`/proc/${each}/cwd`)).toBe("/");
    expect(procStatus(each).get("Umask")).toBe("0022");
  }
  expect(await space.status("my.worker")).toMatchObject({ name: "my.worker", stopTimeoutMs: 10_000 });
});

test("--env wins over --env-file, the later over the earlier, and --tz sets the zone", async () => {
  const space = workspace();
  space.write("one.env", "A=file\nB=file\n# note\nC='two words'\n");
  space.write("two.env", "B=second\n");
  space.write(
    "worker.ts",
    `${idle} console.log(JSON.stringify([process.env.A, process.env.B, process.env.C, process.env.E, new Date(0).getHours()]));`,
  );
  const flags = ["--env", "A=flag", "--env", "E=x=y", "--env-file", "one.env", "--env-file=two.env"];
  const pid = await space.run(["worker.ts", ...flags, "--tz", "Asia/Tokyo"]);
  expect(space.read("worker.log")).toContain('["flag","second","two words","x=y",9]');
  for (const each of [pid, await workerOf(space, "worker")])
    expect(environmentOf(each)).toMatchObject({ A: "flag", TZ: "Asia/Tokyo" });
});

test("--dir goes before DJOB_DIR, and --log and --pidfile before --dir", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  mkdirSync(space.path("logs"));
  await space.run(["worker.ts", "--dir", "other", "--log", "logs/w.log", "--pidfile", "logs/w.pid"]);
  const args = ["worker", "--dir", "other", "--pidfile", "logs/w.pid"];
  const { paths } = JSON.parse((await space.djob(["status", ...args, "--json"])).stdout);
  expect(paths).toEqual({
    pidfile: space.path("logs/w.pid"),
    log: space.path("logs/w.log"),
    logErr: null,
    socket: space.path("other/worker.sock"),
    history: space.path("other/worker.db"),
  });
  expect((await space.djob(["stop", ...args])).code).toBe(0);
});

test("--ready-timeout ends a start that takes too long", async () => {
  const space = workspace();
  space.write("worker.ts", "await Bun.sleep(60_000);");
  const { code, stderr } = await space.djob(["run", "worker.ts", "--ready-timeout", "200ms"]);
  expect(code).toBe(9);
  expect(stderr).toContain("it was not ready after 0.2 s");
});

test("a second run exits 8 and names the pid; --ok makes it 0", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  const pid = await space.run(["worker.ts"]);
  const { code, stderr } = await space.djob(["run", "worker.ts"]);
  expect(code).toBe(8);
  expect(stderr).toContain(`worker is already running (pid ${pid})`);
  expect((await space.djob(["run", "worker.ts", "--ok"])).code).toBe(0);
  expect((await space.status("worker")).pid).toBe(pid);
});

test("--json prints the status document of what was started", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  const { code, stdout, stderr } = await space.djob(["run", "worker.ts", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ name: "worker", state: "running", modules: [space.path("worker.ts")] });
  expect(document.jobs[0]).toMatchObject({
    name: "hourly",
    schedule: "0 * * * *",
    state: "idle",
    last: null,
  });
});

describe("relative paths", () => {
  test("are resolved before the daemon leaves the directory, and shown at the start and in the status", async () => {
    const space = workspace();
    space.write("jobs/worker.ts", `${idle} import "./helper.ts";`);
    space.write("jobs/helper.ts", "console.log('helped');");
    space.write("vars.env", "A=1");
    mkdirSync(space.path("out"));
    const flags = [
      "--log=../out/w.log",
      "--pidfile=../out/w.pid",
      "--dir=../state",
      "--env-file=../vars.env",
    ];
    const { code, stdout } = await space.djob(["run", "./worker.ts", ...flags, "--chdir", "../out/./"], {
      cwd: space.path("jobs"),
    });
    expect(code).toBe(0);
    const expected = {
      module: space.path("jobs/worker.ts"),
      pidfile: space.path("out/w.pid"),
      log: space.path("out/w.log"),
      socket: space.path("state/worker.sock"),
    };
    for (const [what, path] of Object.entries(expected)) {
      expect(stdout).toMatch(new RegExp(`^ +${what} +${RegExp.escape(path)}$`, "m"));
    }
    const args = ["status", "worker", "--json", "--pidfile", space.path("out/w.pid")];
    const { modules, paths, pid, workerPid } = JSON.parse((await space.djob(args)).stdout);
    expect({ module: modules[0], ...paths }).toMatchObject(expected);
    expect(stdout).toContain(`(pid ${pid})`);
    expect(readlinkSync(`/proc/${workerPid}/cwd`)).toBe(space.path("out"));
    for (const each of [pid, workerPid]) {
      expect(readlinkSync(`/proc/${each}/fd/1`)).toBe(space.path("out/w.log"));
      expect(environmentOf(each)["A"]).toBe("1");
    }
    await space.djob(["stop", "worker", "--pidfile", space.path("out/w.pid")]);
  });

  test("need a directory that is still there, absolute ones do not", async () => {
    const space = workspace();
    space.write("worker.ts", idle);
    mkdirSync(space.path("gone"));
    const inRemoved = (args: string) =>
      Bun.spawn(["sh", "-c", `rmdir "$PWD" && exec "$0" run ${args}`, djobPath], {
        cwd: space.path("gone"),
        env: space.environment(),
        stdout: "pipe",
        stderr: "pipe",
      });
    const relative = inRemoved("worker.ts");
    expect(await relative.stderr.text()).toContain(
      "cannot resolve worker.ts: the current directory was removed",
    );
    expect(await relative.exited).toBe(2);
    mkdirSync(space.path("gone"));
    expect(await inRemoved(space.path("worker.ts")).exited).toBe(0);
  });
});
