// Logs that are rotated, removed, or full; and the daemon's state on USR2.
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { isAlive, until, type Workspace, workerOf, workspace } from "./harness.ts";

const counter = `import { job } from "djob"; let n = 0;
job("count", "every 10ms", () => { n += 1; console.log("number", n); });`;

async function running(space: Workspace, code = counter, flags: string[] = []): Promise<number> {
  space.write("worker.ts", code);
  return await space.run(["worker.ts", ...flags]);
}

const numbersIn = (text: string) => [...text.matchAll(/number (\d+)\n/g)].map((match) => Number(match[1]));

test("USR1 reopens the logs after a rename, without a lost line", async () => {
  const space = workspace();
  const pid = await running(space, counter, ["--log-err", "err.log"]);
  await until("it counts", () => space.read("worker.log").includes("number 3"));
  renameSync(`${space.state}/worker.log`, `${space.state}/worker.log.1`);
  renameSync(space.path("err.log"), space.path("err.log.1"));
  process.kill(pid, "SIGUSR1");
  await until("it writes anew", () => numbersIn(space.read("worker.log")).length > 3);
  expect(readlinkSync(`/proc/${pid}/fd/1`)).toBe(`${space.state}/worker.log`);
  expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(space.path("err.log"));
  const numbers = numbersIn(space.read("worker.log.1") + space.read("worker.log"));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

test("USR1 with something else in the log's place goes on with the old file, and says so there", async () => {
  const space = workspace();
  const pid = await running(space);
  renameSync(`${space.state}/worker.log`, `${space.state}/kept.log`);
  mkdirSync(`${space.state}/worker.log`);
  process.kill(pid, "SIGUSR1");
  const complaint = "ERROR writing on to the old log: refusing to use";
  await until("it complains", () => space.read("kept.log").includes(complaint));
  const before = numbersIn(space.read("kept.log")).length;
  await until("it goes on", () => numbersIn(space.read("kept.log")).length > before);
  expect(isAlive(pid)).toBe(true);
  rmSync(`${space.state}/worker.log`, { recursive: true });
});

const writesAllWays = `import { job } from "djob"; import { appendFileSync } from "node:fs";
let n = 0;
job("write", "every 10ms", async () => {
  console.log("a"); console.error("b"); process.stdout.write("c\\n"); process.stderr.write("d\\n");
  await Bun.spawn(["sh", "-c", "echo e"], { stdio: ["ignore", "inherit", "ignore"] }).exited;
  n += 1;
  appendFileSync(process.env.PROOF, n + "\\n");
});`;

test("a log that takes nothing loses lines and never the daemon", async () => {
  const space = workspace();
  const proof = space.path("proof");
  const pid = await running(space, writesAllWays, ["--log", "/dev/full", "--env", `PROOF=${proof}`]);
  await until("its runs go on", () => existsSync(proof) && readFileSync(proof, "utf8").includes("\n5\n"));
  expect(await space.status("worker")).toMatchObject({
    pid,
    jobs: [{ name: "write", last: { outcome: "succeeded" } }],
  });
  expect((await space.djob(["stop", "worker"])).code).toBe(0);
});

test("a disk that was full gets lines again once there is room", async () => {
  const space = workspace();
  const disk = space.path("disk");
  mkdirSync(disk);
  const command = (...line: string[]) => Bun.spawnSync(line, { stderr: "pipe" });
  const mounted = command("mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "none", disk);
  expect(mounted.stderr.toString()).toBe("");
  try {
    const proof = space.path("proof");
    const pid = await running(space, writesAllWays, ["--log", `${disk}/w.log`, "--env", `PROOF=${proof}`]);
    command("dd", "if=/dev/zero", `of=${disk}/filler`, "bs=1k");
    const runs = () => (existsSync(proof) ? readFileSync(proof, "utf8").split("\n").length : 0);
    const sizeWhenFull = await until("no more fits", () => {
      const size = readFileSync(`${disk}/w.log`).length;
      return command("sh", "-c", `echo >> ${disk}/filler`).exitCode !== 0 && size;
    });
    const runsWhenFull = runs();
    await until("its runs go on", () => runs() > runsWhenFull + 5);
    rmSync(`${disk}/filler`);
    await until("lines arrive again", () => readFileSync(`${disk}/w.log`).length > sizeWhenFull + 4_096);
    expect(isAlive(pid)).toBe(true);
    expect((await space.djob(["stop", "worker"])).code).toBe(0);
  } finally {
    command("umount", "-l", disk);
  }
});

test("USR2 writes the daemon's state, its jobs and what runs to the log", async () => {
  const space = workspace();
  const pid = await running(
    space,
    `import { job } from "djob";
    job("hourly", "0 * * * *", () => {});
    job("busy", "always", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));`,
  );
  await until("it runs", async () => (await space.status("worker")).jobs[1]?.state === "running");
  process.kill(pid, "SIGUSR2");
  await until("it is written", () => space.read("worker.log").includes('"running": ['));
  const dumped = JSON.parse(/INFO {2}state: (\{[\s\S]*\n {2}\})/.exec(space.read("worker.log"))?.[1] ?? "");
  const workerPid = await workerOf(space, "worker");
  expect(dumped).toMatchObject({
    name: "worker",
    state: "running",
    pid,
    workerPid,
    running: [{ id: expect.stringMatching(/^busy@/), runningMs: expect.any(Number), aborted: false }],
  });
  expect(dumped.jobs.map(({ name }: { name: string }) => name)).toEqual(["hourly", "busy"]);
  const supervisor = JSON.parse(/INFO {2}supervisor: (\{.*\})$/m.exec(space.read("worker.log"))?.[1] ?? "");
  expect(supervisor).toMatchObject({ phase: "running", restarts: 0, generation: 1 });
});
