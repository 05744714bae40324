// Modules that close descriptors which they did not open: what they open next is theirs, and djob writes nothing into it.
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { djobPath, until, workspace } from "./harness.ts";

/** Closes what djob and its run history have below a number, and opens files of its own in their place. */
const closing = `import { job } from "djob";
import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
const link = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } };
let done = false;
job("poll", "every 20ms", () => {
  if (done) return;
  done = true;
  // The runtime's own would stop its event loop.
  for (let fd = 3; fd < Number(process.env.BELOW); fd += 1)
    if (!link(fd).startsWith("anon_inode:")) try { closeSync(fd); } catch {}
  for (let count = 0; count < 30; count += 1) openSync(process.env.VICTIMS + "/" + count, "w+");
});`;

describe.each([
  ["with a supervisor", []],
  ["without one", ["--restart", "never"]],
])("%s", (_way, flags) => {
  test("a module that closes all from 3 to 255 harms neither files nor daemon", async () => {
    const space = workspace();
    const victims = space.path("victims");
    mkdirSync(victims);
    space.write("worker.ts", closing);
    const environment = ["--env", "BELOW=256", "--env", `VICTIMS=${victims}`];
    const pid = await space.run(["worker.ts", ...flags, ...environment]);
    await until("it has closed them", () => readdirSync(victims).length === 30);
    const last = async () => (await space.status("worker")).jobs[0]?.last?.scheduledAt ?? null;
    const before = await last();
    await until("its runs go on", async () => (await last()) !== before);
    expect(await space.status("worker")).toMatchObject({ pid, restarts: 0, history: { state: "ok" } });
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
    const written = readdirSync(victims).filter((name) => readFileSync(join(victims, name)).length > 0);
    expect(written).toEqual([]);
    const { stdout } = await space.djob(["runs", "worker", "--json", "--limit", "10000"]);
    const outcomes = new Set(
      (JSON.parse(stdout) as Array<{ outcome: string }>).map(({ outcome }) => outcome),
    );
    // A busy machine may be too late for some.
    expect([...outcomes].filter((outcome) => outcome !== "skipped")).toEqual(["succeeded"]);
  });
});

test("one that closes even the highest is started again, and the log says why", async () => {
  const space = workspace();
  const victims = space.path("victims");
  mkdirSync(victims);
  space.write("worker.ts", closing);
  await space.run(["worker.ts", "--env", "BELOW=2000", "--env", `VICTIMS=${victims}`]);
  const said = "the worker ended (it closed the descriptor through which djob tells that it is ready)";
  await until("it is noticed", () => space.read("worker.log").includes(said));
  await space.djob(["stop", "worker"]);
  const written = readdirSync(victims).filter((name) => readFileSync(join(victims, name)).length > 0);
  expect(written).toEqual([]);
});

test("where few files may be open at once, all works as well", async () => {
  const space = workspace();
  space.write("worker.ts", `import { job } from "djob"; job("poll", "every 20ms", () => {});`);
  const line = ["sh", "-c", 'ulimit -n 48; exec "$@"', "sh", djobPath, "run", "worker.ts"];
  const started = Bun.spawnSync(line, { cwd: space.dir, env: space.environment(), stderr: "pipe" });
  expect({ code: started.exitCode, stderr: started.stderr.toString() }).toEqual({ code: 0, stderr: "" });
  await until(
    "it has run",
    async () => (await space.status("worker")).jobs[0]?.last?.outcome === "succeeded",
  );
  expect((await space.status("worker")).history.state).toBe("ok");
});
