// Stopping what does not want to end: KILL after the stop timeout, and who is to blame.
import { expect, test } from "bun:test";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";

const deaf = `import { job } from "djob";
job("deaf", "always", async () => { console.log("begun"); await Bun.sleep(60_000); });
job("good", "always", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));`;

async function begun(space: Workspace, code: string, flags: string[]): Promise<number> {
  space.write("worker.ts", code);
  const pid = await space.run(["worker.ts", ...flags]);
  await until("the run has begun", () => space.read("worker.log").includes("begun"));
  return pid;
}

test("a run that ignores its signal is killed after the daemon's own --stop-timeout, by name", async () => {
  const space = workspace();
  const pid = await begun(space, deaf, ["--stop-timeout", "300ms"]);
  const { code, stdout } = await space.djob(["stop", "worker"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/worker stopped \(pid \d+\) by KILL after \d+ms: deaf did not end in time\n$/);
  expect(space.read("worker.log")).toContain("ERROR killed: deaf did not end within 0.3 s\n");
  expect(isAlive(pid)).toBe(false);
  expect(space.files()).toEqual(["worker.log"]);
});

test("TERM kills it after that time as well", async () => {
  const space = workspace();
  const pid = await begun(space, deaf, ["--stop-timeout", "300ms"]);
  process.kill(pid, "SIGTERM");
  await until("it is gone", () => !isAlive(pid));
  expect(space.read("worker.log")).toContain("killed: deaf did not end within 0.3 s");
  expect(space.files()).toEqual(["worker.log"]);
});

test("djob stop --stop-timeout shortens the time, and tells who was lost", async () => {
  const space = workspace();
  await begun(space, deaf, ["--stop-timeout", "1m"]);
  const { code, stdout } = await space.djob(["stop", "worker", "--stop-timeout", "200ms", "--json"]);
  expect(code).toBe(0);
  const { outcome, runs, durationMs } = JSON.parse(stdout);
  expect({ outcome, runs }).toEqual({ outcome: "forced", runs: ["deaf"] });
  expect(durationMs).toBeWithin(200, 5_000);
});

test("djob stop --stop-timeout lengthens the time", async () => {
  const space = workspace();
  const slow = `import { job } from "djob"; job("slow", "always", async () => { console.log("begun"); await Bun.sleep(1_000); });`;
  await begun(space, slow, ["--stop-timeout", "1ms"]);
  const { stdout } = await space.djob(["stop", "worker", "--stop-timeout", "20s"]);
  expect(stdout).toContain("cleanly");
});

test("a handler that blocks the event loop is killed after the time and a grace", async () => {
  const space = workspace();
  const spin = `import { job } from "djob";
    job("spin", "every 50ms", () => { console.log("begun"); while (true); });`;
  const pid = await begun(space, spin, []);
  const { code, stdout } = await space.djob(["stop", "worker", "--stop-timeout", "100ms"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/by KILL after [\ds m]+: it did not end in time\n$/);
  expect(isAlive(pid)).toBe(false);
  expect(space.files()).toEqual(["worker.log"]);
}, 15_000);

test("a daemon that was stopped with SIGSTOP is killed as well", async () => {
  const space = workspace();
  const pid = await begun(space, deaf, []);
  process.kill(pid, "SIGSTOP");
  const { code, stdout } = await space.djob(["stop", "worker", "--stop-timeout", "100ms"]);
  expect(code).toBe(0);
  expect(stdout).toContain("by KILL");
  expect(isAlive(pid)).toBe(false);
  expect(space.files()).toEqual(["worker.log"]);
}, 15_000);

test("a long --stop-timeout of the daemon is honoured by a djob stop without the flag", async () => {
  const space = workspace();
  const patient = `import { job } from "djob";
    job("patient", "always", async ({ signal }) => {
      console.log("begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await Bun.sleep(11_300);
      console.log("all done");
    });`;
  await begun(space, patient, ["--stop-timeout", "1m"]);
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
  expect(space.read("worker.log")).toContain("[patient] all done");
}, 25_000);

test.each(["25d", "-1s", "10", "soon"])("a stop timeout of %s is refused", async (time) => {
  const space = workspace();
  const { code, stderr } = await space.djob(["stop", "worker", `--stop-timeout=${time}`]);
  expect(code).toBe(2);
  expect(stderr).toContain("--stop-timeout");
});

const spinning = `import { job } from "djob";
  job("spin", "at " + new Date(Date.now() + 1_000).toISOString(), () => { console.log("begun", process.env.FRUIT); while (true); });`;

test("a blocked daemon is given its own stop timeout, and status still tells what it is", async () => {
  const space = workspace();
  await begun(space, spinning, ["--stop-timeout", "200ms"]);
  const { stdout } = await space.djob(["status", "worker"]);
  expect(stdout).toContain(space.path("worker.ts"));
  expect(stdout).toContain("It does not answer");
  const stopped = await space.djob(["stop", "worker", "--json"]);
  const { outcome, durationMs } = JSON.parse(stopped.stdout);
  expect(outcome).toBe("killed");
  // 10 s more, were it the default.
  expect(durationMs).toBeWithin(200, 8_000);
});

test("a blocked daemon can be restarted, with the flags and environment of its start", async () => {
  const space = workspace();
  const pid = await begun(space, spinning, ["--stop-timeout", "200ms", "--env", "FRUIT=quince"]);
  const { code, stderr } = await space.djob(["restart", "worker"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect((await space.status("worker")).pid).not.toBe(pid);
  await until(
    "it runs with its variable",
    () => (space.read("worker.log").match(/begun quince/g) ?? []).length === 2,
  );
  expect(space.read("worker.log")).not.toContain("DJOB_STAGE");
});
