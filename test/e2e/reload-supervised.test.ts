// A reload under a supervisor: the new code takes over from the old without a gap, or the old one goes on.
import { expect, test } from "bun:test";
import { isAlive, until, type Workspace, workspace } from "./harness.ts";
import { lifeOf, says, workerOf } from "./life.ts";

const reload = (space: Workspace, name = "worker") => space.djob(["reload", name]);

/** The numbers or words after a word, in the order of the log. */
const after = (space: Workspace, word: string) =>
  [...space.read("worker.log").matchAll(new RegExp(`${word} (\\S+)`, "g"))].map(([, rest = ""]) => rest);

const minuteOf = (timeMs: number) => Math.floor(timeMs / 60_000);

interface Tick {
  readonly scheduledAt: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly times: number;
}

test("a hundred reloads: each time is accounted for exactly once, an always job never twice at once", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("tick", "every 100ms", ({ id }) => console.log("ran", id));
    job("cron", "* * * * *", ({ id }) => console.log("cron", id));
    job("always", "always", async ({ signal }) => {
      console.log("enter", process.pid);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await Bun.sleep(5);
      console.log("leave", process.pid);
    });
    job("long", "every 150ms", async () => {
      console.log("from", process.pid);
      await Bun.sleep(220);
      console.log("to", process.pid);
    });`,
  );
  const startMs = Date.now();
  const pid = await space.run(["worker.ts"]);
  for (let round = 0; round < 100; round += 1) {
    const { code, stderr } = await reload(space);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
  expect(await lifeOf(space)).toMatchObject({ pid, restarts: 0, lastExit: null, state: "running" });
  const endMs = Date.now();
  expect((await space.djob(["stop", "worker"])).stdout).toContain("cleanly");

  const log = space.read("worker.log");
  expect(log.match(/worker is ready/g)).toHaveLength(101);
  const ran = after(space, "ran").map((id) => Date.parse(id.replace("tick@", "")));
  expect(ran.length).toBeGreaterThan(10);
  // On a busy machine a time may come so late that the next one has come as well, which is a record, too.
  const { stdout } = await space.djob(["runs", "worker", "tick", "--limit", "1000", "--json"]);
  const records = (JSON.parse(stdout) as readonly Tick[]).toReversed();
  const times = records.map(({ scheduledAt }) => Date.parse(scheduledAt));
  const [first = 0] = times;
  expect(times).toEqual(times.map((_, index) => first + index * 100));
  for (const { times: count, outcome, reason } of records)
    expect([count, outcome === "succeeded" ? "ran" : reason]).toEqual([
      1,
      expect.stringMatching(/^(ran|overlap|not-caught-up)$/),
    ]);
  const succeeded = records.filter(({ outcome }) => outcome === "succeeded");
  expect(ran).toEqual(succeeded.map(({ scheduledAt }) => Date.parse(scheduledAt)));
  const crons = after(space, "cron");
  expect(new Set(crons).size).toBe(crons.length);
  const boundaries = minuteOf(endMs) - minuteOf(startMs);
  // The first and the last of them may have come before the first worker was ready, or after the stop.
  expect(crons.length).toBeWithin(Math.max(0, boundaries - 1), boundaries + 1);
  for (const [begin, end] of [
    ["enter", "leave"],
    ["from", "to"],
  ]) {
    // djob's own lines tell of times "from 2026-…".
    const steps = [...log.matchAll(new RegExp(`\\] (${begin}|${end}) (\\d+)$`, "gm"))];
    for (const [index, [, what, who]] of steps.entries()) {
      expect(what).toBe(index % 2 === 0 ? begin : end);
      if (what === end) expect(who).toBe(steps[index - 1]?.[2]);
    }
  }
}, 180_000);

test("a long run ends on old code, over two reloads, and its next times are skipped, not doubled", async () => {
  const space = workspace();
  const code = (word: string) => `import { job } from "djob"; import { existsSync } from "node:fs";
    job("long", "every 100ms", async ({ signal }) => {
      console.log("${word} begins");
      while ("${word}" === "old" && !existsSync(${JSON.stringify(space.path("gate"))})) await Bun.sleep(5);
      console.log("${word} ends", signal.aborted);
    });`;
  space.write("worker.ts", code("old"));
  await space.run(["worker.ts"]);
  await says(space, "old begins");
  for (const word of ["newer", "newest"]) {
    space.write("worker.ts", code(word));
    expect((await reload(space)).code).toBe(0);
  }
  await says(space, "still going on");
  space.write("gate", "");
  await says(space, "newest begins");
  const log = space.read("worker.log");
  expect(log).toContain("old ends false");
  expect(log).toContain("still going on");
  expect(log.indexOf("old ends")).toBeLessThan(log.indexOf("newest begins"));
  expect(log).not.toContain("newer begins");
});

test("a run on old code is aborted when the stop timeout is over, and ended after that", async () => {
  const space = workspace();
  const code = (deaf: boolean) => `import { job } from "djob";
    job("long", "at " + new Date(Date.now() + 1_000).toISOString(), async ({ signal }) => {
      console.log("begins");
      await new Promise((resolve) => signal.addEventListener("abort", () => { console.log("aborted"); ${deaf ? "" : "resolve();"} }));
    });`;
  space.write("worker.ts", code(true));
  await space.run(["worker.ts", "--stop-timeout", "300ms"]);
  await says(space, "begins");
  const old = await workerOf(space);
  space.write("worker.ts", 'import { job } from "djob"; job("idle", "every 1h", () => {});');
  expect((await reload(space)).code).toBe(0);
  expect(isAlive(old)).toBe(true);
  await says(space, "aborted");
  await until("the old worker is gone", () => !isAlive(old));
  expect(space.read("worker.log")).toContain("ERROR old code was killed: long did not end");
});

test("an HTTP server answers every request across reloads", async () => {
  const space = workspace();
  using probe = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = probe;
  await probe.stop(true);
  space.write(
    "worker.ts",
    `export default { port: ${port}, hostname: "127.0.0.1", reusePort: true,
      fetch: async () => { await Bun.sleep(3); return new Response(String(process.pid)); } };`,
  );
  await space.run(["worker.ts"]);
  let done = false;
  const pids = new Set<string>();
  const errors: string[] = [];
  const client = async (keepalive: boolean) => {
    while (!done) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/`, { keepalive });
        pids.add(await response.text());
      } catch (error) {
        errors.push(`${keepalive} ${error}`);
      }
    }
  };
  const clients = [true, false, true, false, false, false].map(client);
  for (let round = 0; round < 15; round += 1) {
    const { code, stderr } = await reload(space);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    // Two old workers at once would share what comes for the new one.
    await until("the old worker has ended", () => space.processes().length === 2);
  }
  done = true;
  await Promise.all(clients);
  expect(errors).toEqual([]);
  expect(pids.size).toBeGreaterThan(5);
}, 30_000);

const saying = (word: string) =>
  `import { job } from "djob"; job("say", "every 20ms", () => console.log("${word}"));`;

test.each([
  [
    "throws",
    'const known = 1;\nthrow new Error("no new code");',
    ["Error: no new code", "worker.ts:2:11", "^"],
  ],
  ["does not parse", "const a = ;", ["syntax error", "worker.ts:1:11", "^"]],
  ["never settles", "await new Promise((resolve) => setTimeout(resolve, 60_000));", ["1 s"]],
])("a module that %s: exit code 9 with its error, and the old code goes on", async (_what, code, words) => {
  const space = workspace();
  space.write("worker.ts", saying("old"));
  const pid = await space.run(["worker.ts", "--ready-timeout", "1s"]);
  const worker = await workerOf(space);
  space.write("worker.ts", code);
  const { code: status, stderr } = await reload(space);
  expect(status).toBe(9);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).toContain("the old code goes on");
  const before = space.read("worker.log").length;
  await until("it goes on", () => space.read("worker.log").slice(before).includes("old"));
  expect(await lifeOf(space)).toMatchObject({ pid, workerPid: worker, state: "running", restarts: 0 });
  expect(space.read("worker.log")).toContain("ERROR not reloaded, going on with the old code:");
  space.write("worker.ts", saying("mended"));
  expect((await reload(space)).code).toBe(0);
  await says(space, "[say] mended");
});

test("a reload during a stop is refused", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { existsSync } from "node:fs";
    job("slow", "always", async ({ signal }) => {
      console.log("begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      while (!existsSync(${JSON.stringify(space.path("gate"))})) await Bun.sleep(5);
    });`,
  );
  const pid = await space.run(["worker.ts", "--stop-timeout", "1m"]);
  await says(space, "begun");
  process.kill(pid, "SIGTERM");
  await says(space, "stopping");
  const { code, stderr } = await reload(space);
  expect(code).toBe(9);
  expect(stderr).toContain("it is ending");
  space.write("gate", "");
  await until("it is gone", () => !isAlive(pid));
  expect(space.read("worker.log").match(/is ready/g)).toHaveLength(1);
});

test("a reload during a back-off starts the new code at once", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("end", "every 10ms", () => process.exit(3));');
  await space.run(["worker.ts", "--restart-delay", "1h"]);
  await until("it waits", async () => (await lifeOf(space)).state === "backing-off");
  await says(space, /starting it again in .*[hms]/);
  space.write("worker.ts", saying("mended"));
  expect((await reload(space)).code).toBe(0);
  await says(space, "[say] mended");
  expect((await lifeOf(space)).state).toBe("running");
});

test("two reloads at once are both answered, and the newest code runs", async () => {
  const space = workspace();
  space.write("worker.ts", saying("old"));
  await space.run(["worker.ts"]);
  space.write("worker.ts", saying("new"));
  const both = await Promise.all([reload(space), reload(space)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  await says(space, "[say] new");
});

test("a worker that crashes during a reload is replaced by the new one", async () => {
  const space = workspace();
  space.write("worker.ts", saying("old"));
  const pid = await space.run(["worker.ts"]);
  const worker = await workerOf(space);
  const gate = JSON.stringify(space.path("gate"));
  space.write(
    "worker.ts",
    `import { existsSync } from "node:fs"; console.log("loading");
    while (!existsSync(${gate})) await Bun.sleep(5);
    ${saying("new")}`,
  );
  const answer = reload(space);
  await says(space, "loading");
  process.kill(worker, "SIGKILL");
  await until("its end is known", async () => (await lifeOf(space)).lastExit === "SIGKILL");
  space.write("gate", "");
  expect((await answer).code).toBe(0);
  await says(space, "[say] new");
  expect(await lifeOf(space)).toMatchObject({ pid, restarts: 1, lastExit: "SIGKILL", state: "running" });
});

test("a daemon with --restart never reloads in place; one that is stopped is not waited for", async () => {
  const space = workspace();
  space.write("worker.ts", saying("old"));
  const pid = await space.run(["worker.ts", "--restart", "never"]);
  space.write("worker.ts", saying("new"));
  expect((await reload(space)).code).toBe(0);
  await says(space, "[say] new");
  expect((await lifeOf(space)).pid).toBe(pid);
  process.kill(pid, "SIGSTOP");
  const { code, stderr } = await reload(space);
  process.kill(pid, "SIGCONT");
  expect(code).toBe(1);
  expect(stderr).toContain("it does not answer");
});

test("a storm of HUP leaves one worker, with the newest code", async () => {
  const space = workspace();
  space.write("worker.ts", saying("old"));
  const pid = await space.run(["worker.ts"]);
  space.write("worker.ts", saying("new"));
  for (let index = 0; index < 200; index += 1) {
    process.kill(pid, "SIGHUP");
    const laterMs = performance.now() + (index % 5);
    await until("some milliseconds have passed", () => performance.now() > laterMs);
  }
  await until("one worker is left", async () => {
    const { state } = await lifeOf(space);
    return state === "running" && space.processes().length === 2;
  });
  expect((await lifeOf(space)).pid).toBe(pid);
  await says(space, "[say] new");
});

test("a stop amid a reload tells what did not end of the old code", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("spin", { every: "1h", isolate: true }, () => { console.log("it spins"); for (;;); });`,
  );
  await space.run(["worker.ts", "--stop-timeout", "300ms"]);
  await space.djob(["trigger", "worker", "spin"]);
  await says(space, "it spins");
  expect((await reload(space)).code).toBe(0);
  expect((await space.djob(["stop", "worker"])).stdout).toContain("by KILL");
  expect(space.read("worker.log")).toContain("old code was killed: spin did not end");
});

test("a worker whose only job still runs on old code waits for it, and for one that is paused", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("only", "always", ({ signal }) => {
      console.log("begins");
      return new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 400)));
    });`,
  );
  await space.run(["worker.ts"]);
  await says(space, "begins");
  expect((await reload(space)).code).toBe(0);
  await says(space, "begins", 2);
  expect((await space.djob(["pause", "worker", "only"])).code).toBe(0);
  const old = await workerOf(space);
  expect((await reload(space)).code).toBe(0);
  await until("the old worker is gone", () => !isAlive(old));
  expect(await space.status("worker")).toMatchObject({ state: "running" });
  expect((await space.djob(["resume", "worker", "only"])).code).toBe(0);
  await says(space, "begins", 3);
  expect(space.read("worker.log")).not.toContain("nothing is left to do");
});
