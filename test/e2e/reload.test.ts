// HUP: the same process with new code, and the old code where the new is broken.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";

const saying = (word: string) =>
  `import { job } from "djob"; job("say", "every 20ms", () => console.log("${word}", process.env.A));`;

async function saysOld(space: Workspace, code = saying("old"), flags: string[] = []): Promise<number> {
  space.write("worker.ts", code);
  const pid = await space.run(["worker.ts", "--env", "A=kept", ...flags]);
  await until("the old code runs", () => space.read("worker.log").includes("[say] old"));
  return pid;
}

/** proc_pid_stat(5), field 22: when the process was started, which an execve leaves as it is. */
const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];

test("keeps pid, lock and environment, and runs the new code", async () => {
  const space = workspace();
  const pid = await saysOld(space);
  const started = startOf(pid);
  space.write("worker.ts", saying("new"));
  process.kill(pid, "SIGHUP");
  await until("the new code runs", () => space.read("worker.log").includes("[say] new kept"));
  expect(startOf(pid)).toBe(started);
  expect(await space.status("worker")).toMatchObject({ pid, state: "running" });
  expect((await space.djob(["run", "worker.ts"])).code).toBe(8);
  const log = space.read("worker.log");
  expect(log.slice(log.indexOf("[say] new"))).not.toContain("[say] old");
  expect((await space.djob(["stop", "worker"])).stdout).toContain(`(pid ${pid}) cleanly`);
});

test.each([
  ["that does not parse", "const a = ;", "syntax error"],
  ["with a relative import of nothing", 'import "./nothing.ts";', "./nothing.ts"],
])("a module %s leaves the old code running, and the log says why", async (_what, code, why) => {
  const space = workspace();
  const pid = await saysOld(space);
  space.write("worker.ts", code);
  process.kill(pid, "SIGHUP");
  const complaint = "ERROR not reloaded, going on with the old code:";
  await until("it complains", () => space.read("worker.log").includes(complaint));
  const [, after = ""] = space.read("worker.log").split(complaint);
  expect(after).toContain(why);
  expect(after).toContain(space.path("worker.ts"));
  await until("the old code goes on", () =>
    space.read("worker.log").split(complaint)[1]?.includes("[say] old"),
  );
  expect(await space.status("worker")).toMatchObject({ pid, state: "running" });
  space.write("worker.ts", saying("mended"));
  process.kill(pid, "SIGHUP");
  await until("the mended code runs", () => space.read("worker.log").includes("[say] mended"));
});

test("lets the runs end first", async () => {
  const space = workspace();
  const pid = await saysOld(
    space,
    `import { job } from "djob";
    job("say", "always", async ({ signal }) => {
      console.log("old");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await Bun.sleep(100);
      console.log("ended well");
    });`,
  );
  space.write("worker.ts", saying("new"));
  process.kill(pid, "SIGHUP");
  await until("the new code runs", () => space.read("worker.log").includes("[say] new"));
  expect(space.read("worker.log")).toMatch(/\[say\] ended well\n[\s\S]*\[say\] new/);
});

test("a TERM during a reload is a stop, and not forgotten", async () => {
  const space = workspace();
  const hold = space.path("hold");
  // However late the TERM comes on a busy machine, the new code is not ready before it.
  const pid = await saysOld(
    space,
    `import { job } from "djob"; import { existsSync } from "node:fs";
    while (existsSync(${JSON.stringify(hold)})) await Bun.sleep(5);
    job("say", "always", async () => { console.log("old"); await Bun.sleep(60_000); });`,
    ["--stop-timeout", "1s"],
  );
  space.write("hold", "");
  process.kill(pid, "SIGHUP");
  await until("it reloads", () => space.read("worker.log").includes("INFO  reloading"));
  process.kill(pid, "SIGTERM");
  await until("it is gone", () => !isAlive(pid));
  expect(space.read("worker.log").match(/worker is ready/g)).toHaveLength(1);
});

test("a hundred HUP, USR1 and USR2 in a row, at any moment of a reload, leave it running", async () => {
  const space = workspace();
  const pid = await saysOld(space);
  const signals = ["SIGHUP", "SIGUSR1", "SIGHUP", "SIGUSR2"] as const;
  for (let index = 0; index < 100; index += 1) {
    process.kill(pid, signals[index % signals.length]);
    const laterMs = performance.now() + (index % 9);
    await until("some milliseconds have passed", () => performance.now() > laterMs);
  }
  await until("it answers", async () => (await space.status("worker")).state === "running");
  expect((await space.status("worker")).pid).toBe(pid);
  expect(space.read("worker.log").match(/worker is ready/g)?.length).toBeGreaterThan(1);
});
