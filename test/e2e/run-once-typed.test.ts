// djob run-once and what is typed meanwhile: signals of a terminal and of others, and standard input.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { expectNothingLeft } from "./failing.ts";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const declare = 'import { hooks, job } from "djob";\n';

function worker(text: string): Workspace {
  const space = workspace();
  space.write("worker.ts", declare + text);
  return space;
}

describe("what is typed", () => {
  const slow = `import { writeFileSync } from "node:fs";
job("slow", { every: "1h" }, async ({ signal }) => {
  writeFileSync("begun", "");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  console.log("aborted");
  if (process.env.DEAF) await Bun.sleep(60_000);
  signal.throwIfAborted();
});\n`;

  /** In a process group of its own, as a shell starts it. */
  async function begin(space: Workspace, env: Record<string, string> = {}) {
    const child = Bun.spawn([djobPath, "run-once", "worker.ts", "slow", "--chdir", space.dir], {
      cwd: space.dir,
      env: space.environment(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    await until("the job runs", () => existsSync(space.path("begun")));
    return child;
  }

  test("Ctrl-C, which a terminal sends to the whole group, aborts the run", async () => {
    const space = worker(slow);
    const child = await begin(space);
    process.kill(-child.pid, "SIGINT");
    expect(await child.stdout.text()).toBe("aborted\n");
    expect(await child.stderr.text()).toMatch(/^✖ slow@\S+ cancelled after \S+\n$/);
    expect(await child.exited).toBe(1);
    expectNothingLeft(space);
  });

  test("a second one ends it now, with 130, also a TERM sent to the one process that is known", async () => {
    const space = worker(slow);
    const child = await begin(space, { DEAF: "1" });
    child.kill("SIGTERM");
    const reader = child.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("aborted\n");
    // Signals that come at once are one.
    await until("it ends", () => {
      if (child.exitCode === null) process.kill(-child.pid, "SIGINT");
      return child.exitCode !== null;
    });
    expect(child.exitCode).toBe(130);
    expectNothingLeft(space);
  });

  test("before the job runs, one ends it", async () => {
    const space = worker(
      'await Bun.write("loading", "");\nawait new Promise(() => setInterval(() => {}, 1000));\n',
    );
    const child = space.start(["run-once", "worker.ts", "--chdir", space.dir]);
    await until("the module is being loaded", () => existsSync(space.path("loading")));
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    expectNothingLeft(space);
  });

  test("if it is killed itself, the run ends with it", async () => {
    const space = worker(slow);
    const child = await begin(space);
    child.kill("SIGKILL");
    await child.exited;
    await until("nothing is left", () => space.processes().length === 0);
  });
});

test("--input - takes it from standard input, so that it stands in no command line", async () => {
  const space = worker('job("echo", "@daily", ({ input }) => input);');
  const child = Bun.spawn([djobPath, "run-once", "worker.ts", "echo", "--input", "-"], {
    cwd: space.dir,
    env: space.environment(),
    stdin: new Blob(['{"token":"secret"}\n']),
    stdout: "pipe",
    stderr: "ignore",
  });
  expect(JSON.parse(await child.stdout.text())).toEqual({ token: "secret" });
  expect(await child.exited).toBe(0);
});
