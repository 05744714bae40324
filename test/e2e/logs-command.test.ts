// djob logs: the end of a log, and following it through a rotation and into a pipe that closes.
import { expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { djobPath, until, type Workspace, workspace } from "./harness.ts";

const counter = `import { job } from "djob"; import { writeSync } from "node:fs"; let n = 0;
job("count", "every 10ms", () => { n += 1; writeSync(1, n + "\\n"); });`;

async function counting(space: Workspace): Promise<number> {
  space.write("worker.ts", counter);
  const pid = await space.run(["worker.ts"]);
  await until("it counts", () => space.read("worker.log").includes("\n30\n"));
  return pid;
}

test("shows the last 20 lines, or as many as -n says", async () => {
  const space = workspace();
  await counting(space);
  await space.djob(["stop", "worker"]);
  const lines = space.read("worker.log").trimEnd().split("\n");
  for (const [flags, count] of [
    [[], 20],
    [["-n", "3"], 3],
    [["-n5"], 5],
    [["--lines=1"], 1],
    [["-n", "0"], 0],
    [["-n", "9999"], 9999],
  ] as const) {
    const { code, stdout, stderr } = await space.djob(["logs", "worker", ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(count === 0 ? "" : `${lines.slice(-count).join("\n")}\n`);
  }
});

/** What `djob logs -f` has shown by now, of the numbers that the daemon counts. */
function tailing(space: Workspace) {
  const tail = space.start(["logs", "worker", "-f", "-n", "5"]);
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of tail.stdout) text += decoder.decode(chunk, { stream: true });
  })();
  // A busy machine misses some of its times, and the log says so between the numbers.
  const numbers = () => text.match(/^\d+$/gm)?.map(Number) ?? [];
  const end = async () => {
    tail.kill("SIGINT");
    expect(await tail.exited).toBe(0);
    await reading;
    const [first = 0] = numbers();
    expect(numbers()).toEqual(numbers().map((_, index) => first + index));
  };
  return { last: () => numbers().at(-1) ?? 0, end };
}

test("-f goes on across a rename and a reopening, with no line lost or doubled, until Ctrl-C", async () => {
  const space = workspace();
  const pid = await counting(space);
  const { last, end } = tailing(space);
  await until("it follows", () => last() > 35);
  for (const rotation of [1, 2]) {
    const before = last();
    renameSync(`${space.state}/worker.log`, `${space.state}/worker.log.${rotation}`);
    await until("it goes on in the renamed file", () => last() > before + 3);
    process.kill(pid, "SIGUSR1");
    await until("the new file is there", () => space.has("worker.log"));
    const reopened = last();
    await until("it goes on in the new file", () => last() > reopened + 5);
  }
  await end();
});

test("-f goes on in the renamed file while logrotate's new one is there already and the daemon does not know", async () => {
  const space = workspace();
  const pid = await counting(space);
  const { last, end } = tailing(space);
  await until("it follows", () => last() > 35);
  for (const rotation of [1, 2]) {
    const before = last();
    renameSync(`${space.state}/worker.log`, `${space.state}/worker.log.${rotation}`);
    writeFileSync(`${space.state}/worker.log`, "");
    await until("it goes on in the renamed file", () => last() > before + 3);
    process.kill(pid, "SIGUSR1");
    await until("the daemon writes to the new file", () => /^\d+\n/m.test(space.read("worker.log")));
    const reopened = last();
    await until("it goes on in the new file", () => last() > reopened + 5);
  }
  await end();
});

test("-f ends when the reader of its pipe does", async () => {
  const space = workspace();
  await counting(space);
  const pipeline = Bun.spawn(["sh", "-c", `"${djobPath}" logs worker -f | head -n 1`], {
    env: space.environment(),
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await pipeline.stdout.text()).toMatch(/^.+\n$/);
  expect(await pipeline.stderr.text()).toBe("");
  expect(await pipeline.exited).toBe(0);
  const { pid, workerPid } = await space.status("worker");
  await until("only the daemon is left", () =>
    space.processes().every((other) => other === pid || other === workerPid),
  );
});

test("finds the log of a daemon with --log", async () => {
  const space = workspace();
  space.write("worker.ts", counter);
  await space.run(["worker.ts", "--log", "elsewhere.log"]);
  expect((await space.djob(["logs", "worker", "-n", "9999"])).stdout).toContain("worker is ready");
  expect(space.has("worker.log")).toBe(false);
});

test("of a name that there is not, names those that there are", async () => {
  const space = workspace();
  await counting(space);
  const { code, stdout, stderr } = await space.djob(["logs", "worke"]);
  expect({ code, stdout }).toEqual({ code: 7, stdout: "" });
  expect(stderr).toBe("djob: no daemon named worke; running: worker\nhint: did you mean worker?\n");
});
