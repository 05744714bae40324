// Stopping in good order: by djob stop and by TERM, with runs that end in time, and what is left afterwards.
import { describe, expect, test } from "bun:test";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";

const slowToEnd = `import { job } from "djob";
job("mail", "every 50ms", async ({ signal }) => {
  console.log("started");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await Bun.sleep(200);
  console.log("finished");
});
job("tick", "every 20ms", () => console.log("tick"));`;

async function running(space: Workspace, code = slowToEnd, flags: string[] = []): Promise<number> {
  space.write("worker.ts", code);
  const pid = await space.run(["worker.ts", ...flags]);
  if (code === slowToEnd)
    await until("a run goes on", () => space.read("worker.log").includes("[mail] started"));
  return pid;
}

function linesAfter(log: string, mark: string): string[] {
  return log.slice(log.indexOf(mark)).split("\n").slice(1);
}

describe("djob stop", () => {
  test("aborts the signal, waits for the run, says so, and leaves nothing but the log", async () => {
    const space = workspace();
    const pid = await running(space);
    const { code, stdout, stderr } = await space.djob(["stop", "worker"]);
    expect(stdout).toMatch(new RegExp(`^✔ worker stopped \\(pid ${pid}\\) cleanly after \\d+ms\\n$`));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(isAlive(pid)).toBe(false);
    expect(space.files()).toEqual(["worker.log"]);
    const after = linesAfter(space.read("worker.log"), "stopping (djob stop), waiting for mail");
    expect(after.map((line) => line.slice(25))).toEqual(["INFO  [mail] finished", "INFO  stopped", ""]);
  });

  test("returns only when the process is gone, however long its exit listeners take", async () => {
    const space = workspace();
    const pid = await running(
      space,
      `import { job } from "djob";
      job("hourly", "@hourly", () => {});
      process.on("exit", () => { Bun.sleepSync(300); require("node:fs").writeSync(1, "the very last word\\n"); });`,
    );
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(space.read("worker.log")).toEndWith("the very last word\n");
  });

  test("--json tells pid, outcome and duration", async () => {
    const space = workspace();
    const pid = await running(space);
    const { code, stdout } = await space.djob(["stop", "worker", "--json"]);
    expect(code).toBe(0);
    const { durationMs, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ name: "worker", pid, outcome: "clean", runs: [] });
    expect(durationMs).toBeGreaterThanOrEqual(190);
  });

  test("exits 7 when nothing runs, and 0 with --ok", async () => {
    const space = workspace();
    const { code, stderr } = await space.djob(["stop", "worker"]);
    expect({ code, stderr }).toEqual({
      code: 7,
      stderr: `djob: no daemon named worker; none is running\nhint: looked in ${space.state}: each user has daemons of their own, and so has each --dir\n`,
    });
    expect((await space.djob(["stop", "worker", "--ok"])).code).toBe(0);
    const json = await space.djob(["stop", "worker", "--json"]);
    expect(json.code).toBe(7);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 7 } });
  });

  test("cleans up after a daemon that was killed, and says that it had died", async () => {
    const space = workspace();
    const pid = await running(space);
    process.kill(pid, "SIGKILL");
    await until("it is dead", () => !isAlive(pid));
    const { code, stderr } = await space.djob(["stop", "worker"]);
    expect(code).toBe(7);
    expect(stderr).toContain("worker is not running: it died and left");
    expect(space.files()).toEqual(["worker.log"]);
  });

  test("called three times at once ends it once, and each caller returns after the end", async () => {
    const space = workspace();
    const pid = await running(space);
    const stops = await Promise.all(
      [1, 2, 3].map(async () => {
        const { code } = await space.djob(["stop", "worker"]);
        return { code, alive: isAlive(pid) };
      }),
    );
    expect(stops.every(({ alive }) => !alive)).toBe(true);
    expect(stops.map(({ code }) => code).filter((code) => code !== 0 && code !== 7)).toEqual([]);
    expect(stops.some(({ code }) => code === 0)).toBe(true);
    expect(space.files()).toEqual(["worker.log"]);
  });

  test("ends a daemon that is still loading, whose start then fails", async () => {
    const space = workspace();
    space.write("worker.ts", "console.log('loading'); await Bun.sleep(60_000);");
    const start = space.djob(["run", "worker.ts"]);
    await until("it loads", () => space.read("worker.log").includes("loading"));
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    const { code, stderr } = await start;
    expect(code).toBe(9);
    expect(stderr).toContain("it was stopped (djob stop) while it was being loaded");
    expect(space.files()).toEqual(["worker.log"]);
  });

  test("ends a daemon in the foreground, which exits 0", async () => {
    const space = workspace();
    space.write("worker.ts", slowToEnd);
    const daemon = space.start(["run", "worker.ts", "--foreground"]);
    await until("it is ready", () => space.has("worker.sock"));
    await until("it runs", async () => (await space.status("worker")).state === "running");
    expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");
    expect(await daemon.exited).toBe(0);
    expect(space.files()).toEqual([]);
  });
});

describe("TERM and INT", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s stops in good order as well", async (signal) => {
    const space = workspace();
    const pid = await running(space);
    process.kill(pid, signal);
    await until("it is gone", () => !isAlive(pid));
    const after = linesAfter(space.read("worker.log"), `stopping (${signal}), waiting for mail`);
    expect(after.map((line) => line.slice(25))).toEqual(["INFO  [mail] finished", "INFO  stopped", ""]);
    expect(space.files()).toEqual(["worker.log"]);
  });

  test("a second TERM ends it at once", async () => {
    const space = workspace();
    const pid = await running(
      space,
      `import { job } from "djob"; job("stubborn", "always", async () => { console.log("on"); await Bun.sleep(60_000); });`,
      ["--stop-timeout", "1m"],
    );
    await until("it runs", () => space.read("worker.log").includes("[stubborn] on"));
    process.kill(pid, "SIGTERM");
    await until("it stops", () => space.read("worker.log").includes("waiting for stubborn"));
    // Two within 4 ms are one, sent to the process and to its group.
    const seenMs = performance.now();
    await until("another one is another", () => performance.now() - seenMs > 10);
    process.kill(pid, "SIGTERM");
    // Far sooner than its stop timeout.
    await until("it is gone", () => !isAlive(pid));
    expect(space.read("worker.log")).toContain("SIGTERM for the second time: ending now");
    expect(space.files()).toEqual(["worker.log"]);
  });
});
