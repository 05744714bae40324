// --foreground: output on a real terminal, and the end that comes with it.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { djobPath, isAlive, until, type Workspace, workspace } from "./harness.ts";

const ticking = `import { job } from "djob";
job("tick", "every 20ms", () => { console.log("ticked", process.cwd()); process.stdout.write("raw\\n"); });`;

/** djob run --foreground on a terminal of its own. */
function onTerminal(space: Workspace, flags = "") {
  space.write("worker.ts", ticking);
  const script = Bun.spawn(
    ["script", "-qefc", `exec "${djobPath}" run worker.ts --foreground ${flags}`, "/dev/null"],
    {
      cwd: space.dir,
      env: { ...space.environment(), SHELL: "/bin/sh" },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const shown = { text: "" };
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of script.stdout) shown.text += decoder.decode(chunk, { stream: true });
  })();
  return { script, shown, reading };
}

async function pidOf(space: Workspace): Promise<number> {
  const { pid } = await until("it is ready", async () => {
    const status = space.has("worker.sock") ? await space.status("worker") : null;
    return status?.state === "running" ? status : null;
  });
  return pid ?? Number.NaN;
}

test("writes to the terminal, stays where it was started, and Ctrl-C stops it in good order", async () => {
  const space = workspace();
  const { script, shown, reading } = onTerminal(space);
  const pid = await pidOf(space);
  await until("it shows its lines", () => shown.text.includes("raw\r\n"));
  expect(shown.text).toMatch(new RegExp(`INFO {2}\\[tick\\] ticked ${RegExp.escape(space.dir)}\\r\\n`));
  expect(await space.status("worker")).toMatchObject({ pid, foreground: true, paths: { log: null } });
  expect((await space.djob(["status", "worker", "--process"])).stdout).toContain("it runs in the foreground");
  expect((await space.djob(["logs", "worker"])).stderr).toContain("runs in the foreground and has no log");
  script.stdin.write("\u0003");
  script.stdin.flush();
  expect(await script.exited).toBe(0);
  await reading;
  expect(shown.text).toContain("stopping (SIGINT)");
  expect(isAlive(pid)).toBe(false);
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
});

test("ends when its terminal hangs up", async () => {
  const space = workspace();
  const { script, reading } = onTerminal(space);
  const pid = await pidOf(space);
  script.kill("SIGKILL");
  await until("it is gone", () => !isAlive(pid));
  await script.exited;
  await reading;
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
});

test("with --log the lines go to the file, and the terminal stays empty", async () => {
  const space = workspace();
  const { script, shown, reading } = onTerminal(space, "--log w.log");
  await pidOf(space);
  await until("it writes", () => readFileSync(space.path("w.log"), "utf8").includes("raw\n"));
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
  expect(await script.exited).toBe(0);
  await reading;
  expect(shown.text).toBe("");
});
