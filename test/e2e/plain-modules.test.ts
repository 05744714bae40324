// Modules that declare no job: scripts that live while their event loop does, and servers.
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { failToRun } from "./failing.ts";
import { until, type Workspace, workspace } from "./harness.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A script's way to wait for the test. */
function waitFor(space: Workspace, name: string): string {
  return `while (!(await Bun.file(${JSON.stringify(space.path(name))}).exists())) await Bun.sleep(5);`;
}

/** The same, so that it waits anew when it is started again. */
function takeAway(space: Workspace, name: string): string {
  return `${waitFor(space, name)} await Bun.file(${JSON.stringify(space.path(name))}).delete();`;
}

describe("a plain script", () => {
  test("lives while something keeps its event loop alive, and then ends", async () => {
    const space = workspace();
    space.write(
      "script.ts",
      `if (import.meta.main) void (async () => { console.log("begun"); ${waitFor(space, "go")} console.log("over"); })();\n`,
    );
    const pid = await space.run(["script.ts"]);
    expect(await space.status("script")).toMatchObject({ state: "running", pid, jobs: [] });
    space.write("go", "");
    await until("it has ended", () => space.processes().length === 0);
    expect(space.has("script.pid") || space.has("script.sock")).toBe(false);
    expect(space.read("script.log")).toMatch(/INFO {2}over\n\S+ INFO {2}ending: nothing is left to do\n$/);
  });

  test("ends when it calls process.exit(0), and the log says so", async () => {
    const space = workspace();
    space.write("script.ts", `void (async () => { ${waitFor(space, "go")} process.exit(0); })();\n`);
    await space.run(["script.ts"]);
    space.write("go", "");
    await until("it has ended", () => space.processes().length === 0);
    expect(space.has("script.pid") || space.has("script.sock")).toBe(false);
    expect(space.read("script.log")).toMatch(/INFO {2}ending: process\.exit\(0\) was called\n$/);
  });

  test.each([
    ["ends", "process.exit(3);", "ERROR ending: process.exit(3) was called\n", "exit code 3"],
    [
      "throws",
      'throw new Error("lost");',
      "ERROR ending after an unhandled rejection: Error: lost\n",
      "unhandled rejection: Error: lost",
    ],
  ] as const)(
    "that %s with a failure is started again, unless --restart never says otherwise",
    async (_what, text, said, how) => {
      const space = workspace();
      space.write("script.ts", `void (async () => { ${takeAway(space, "go")} ${text} })();\n`);
      const pid = await space.run(["script.ts"]);
      space.write("go", "");
      const lastExit = await until("it was started again", async () => {
        const status = await space.status("script");
        return status.state === "running" && status.restarts === 1 && status.pid === pid
          ? status.lastExit
          : null;
      });
      expect(lastExit).toBe(how);
      const log = space.read("script.log");
      expect(log).toContain(said);
      expect(log).toContain(`ERROR the worker ended (${how}): starting it again now\n`);
      expect(log.match(/ is ready: /g)).toHaveLength(2);
      expect((await space.djob(["stop", "script"])).code).toBe(0);

      await space.run(["script.ts", "--restart", "never"]);
      space.write("go", "");
      await until("it has ended", () => space.processes().length === 0);
      expect(space.has("script.pid") || space.has("script.sock")).toBe(false);
      expect(space.read("script.log").match(/ is ready: /g)).toHaveLength(3);
      expect(space.read("script.log").split(" is ready: ").at(-1)).toContain(said);
    },
  );

  test("that throws later has its stack in the log", async () => {
    const space = workspace();
    space.write("script.ts", `void (async () => { ${takeAway(space, "go")} throw new Error("lost"); })();\n`);
    await space.run(["script.ts"]);
    space.write("go", "");
    await until("it is logged", () => space.read("script.log").includes("Error: lost\n      at "));
    expect(space.read("script.log")).toContain(`${space.path("script.ts")}:1:`);
  });

  test.each([
    ["that stays alive", "setInterval(() => {}, 1000);"],
    ["that has nothing else to do", ""],
  ])("%s may declare its first job in the event loop's next turn", async (_what, rest) => {
    const space = workspace();
    const late = 'setImmediate(() => job("late", "every 20ms", () => console.log("it ran")));';
    space.write("script.ts", `import { job } from "djob";\n${late}\n${rest}\n`);
    expect((await space.djob(["check", "script.ts"])).code).toBe(0);
    await space.run(["script.ts"]);
    await until("it runs", () => space.read("script.log").includes("[late] it ran"));
    expect(await space.status("script")).toMatchObject({ state: "running", restarts: 0 });
  });

  test("with its own listener for SIGTERM gets to finish when it is stopped", async () => {
    const space = workspace();
    const text = `const timer = setInterval(() => {}, 1000);
process.on("SIGTERM", async () => {
  console.log("finishing");
  await Bun.sleep(50);
  console.log("finished");
  clearInterval(timer);
});\n`;
    space.write("script.ts", text);
    await space.run(["script.ts"]);
    const { code, stdout } = await space.djob(["stop", "script"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("cleanly") });
    expect(space.read("script.log")).toMatch(/finishing\n.*finished\n.*stopped\n$/);
    expect(space.read("script.log").match(/finishing/g)).toHaveLength(1);
  });

  test("with a listener that calls process.exit ends as well", async () => {
    const space = workspace();
    space.write("script.ts", 'setInterval(() => {}, 1000);\nprocess.on("SIGTERM", () => process.exit(0));\n');
    const pid = await space.run(["script.ts"]);
    process.kill(pid, "SIGTERM");
    await until("it has ended", () => space.processes().length === 0);
    expect(space.has("script.pid") || space.has("script.sock")).toBe(false);
  });

  test("without such a listener ends at once", async () => {
    const space = workspace();
    space.write("script.ts", "setInterval(() => {}, 1000);\n");
    await space.run(["script.ts"]);
    const { code, stdout } = await space.djob(["stop", "script"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("cleanly") });
  });
});

describe("export default { fetch }", () => {
  const serve = 'export default { hostname: "127.0.0.1", fetch: () => new Response("hello") };\n';

  test("serves at PORT, and is told in the log", async () => {
    const space = workspace();
    const port = await freePort();
    space.write("web.ts", serve);
    await space.run(["web.ts", "--env", `PORT=${port}`]);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hello");
    expect(space.read("web.log")).toContain(`serving http://127.0.0.1:${port}/`);
  });

  test("answers what it has begun with before it stops", async () => {
    const space = workspace();
    const port = await freePort();
    space.write(
      "web.ts",
      `export default { hostname: "127.0.0.1", port: ${port}, async fetch() { console.log("asked"); ${waitFor(space, "go")} return new Response("in time"); } };\n`,
    );
    await space.run(["web.ts"]);
    const answer = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    await until("it was asked", () => space.read("web.log").includes("asked"));
    const stopped = space.djob(["stop", "web"]);
    await until("it is stopping", () => space.read("web.log").includes("stopping (djob stop)"));
    expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    space.write("go", "");
    expect(await answer).toBe("in time");
    const { code, stdout } = await stopped;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("cleanly") });
  });

  test("at a port that is taken is an error", async () => {
    const space = workspace();
    using taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("mine") });
    space.write("web.ts", serve);
    const said = await failToRun(space, ["web.ts", "--env", `PORT=${taken.port}`]);
    expect(said).toStartWith("djob: cannot start web: cannot serve its default export: ");
    expect(said).toContain(String(taken.port));
    expect(said).toContain(`  in ${space.path("web.ts")}\nhint: choose another port with `);
  });
});
