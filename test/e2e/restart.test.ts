// djob restart: the same daemon once more, with its modules loaded anew.
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { until, workspace } from "./harness.ts";

const idle = 'import { job } from "djob"; job("hourly", "0 * * * *", () => {});';
const show = `${idle} console.log(JSON.stringify(["first", process.env.A, process.cwd(), process.umask()]));`;

test("a restart gives a new pid, the same flags and environment, and the modules anew", async () => {
  const space = workspace();
  space.write("worker.ts", show);
  const pid = await space.run([
    "worker.ts",
    "--env",
    "A=kept",
    "--chdir",
    "/tmp",
    "--umask",
    "077",
    "--name",
    "x",
  ]);
  space.write("worker.ts", show.replace("first", "second"));
  const { code, stdout } = await space.djob(["restart", "x"], { env: { A: "other" }, cwd: "/" });
  expect(code).toBe(0);
  expect(stdout).toContain(`x stopped (pid ${pid}) cleanly`);
  const { pid: newPid } = await space.status("x");
  expect(stdout).toContain(`x is running (pid ${newPid})`);
  expect(newPid).not.toBe(pid);
  for (const which of ["first", "second"])
    expect(space.read("x.log")).toContain(`["${which}","kept","/tmp",63]`);
});

test("a restart with a module that fails when it is loaded exits 9, says where, and leaves nothing", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  await space.run(["worker.ts"]);
  space.write("worker.ts", 'throw new Error("no database");\n');
  const { code, stderr } = await space.djob(["restart", "worker"]);
  expect(code).toBe(9);
  expect(stderr).toContain(`${space.path("worker.ts")}:1:11`);
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
  await until("no process is left", () => space.processes().length === 0);
});

test("a restart prints one JSON document", async () => {
  const space = workspace();
  space.write("worker.ts", idle);
  const pid = await space.run(["worker.ts"]);
  const { code, stdout } = await space.djob(["restart", "worker", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: "worker", state: "running" });
  expect(JSON.parse(stdout).pid).not.toBe(pid);
});

test("a restart exits 7 when it is not running", async () => {
  const space = workspace();
  const { code, stderr } = await space.djob(["restart", "worker"]);
  expect({ code, stderr }).toEqual({
    code: 7,
    stderr: `djob: no daemon named worker; none is running\nhint: looked in ${space.state}: each user has daemons of their own, and so has each --dir\n`,
  });
});

test("a restart does not stop a daemon whose modules are gone or do not parse", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    'import { job } from "djob"; import "./part.ts"; job("idle", "@daily", () => {});',
  );
  space.write("part.ts", "");
  const pid = await space.run(["worker.ts"]);
  const part = space.write("part.ts", "const x = ;");
  const broken = await space.djob(["restart", "worker"]);
  expect(broken).toMatchObject({ code: 9, stdout: "" });
  expect(broken.stderr).toStartWith(
    `djob: cannot restart worker: syntax error: Unexpected ;\n  at ${part}:1:11\n`,
  );
  expect(broken.stderr).toEndWith("\nhint: worker runs on, on its old code\n");
  rmSync(space.path("worker.ts"));
  expect(await space.djob(["restart", "worker"])).toMatchObject({ code: 9, stdout: "" });
  expect((await space.status("worker")).pid).toBe(pid);
});
