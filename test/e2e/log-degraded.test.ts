// A log that can't be written: the jobs go on, status says so and why, and it resumes by itself and tells how many lines were lost.
import { expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isRoot } from "./account.ts";
import { until, type Workspace, workspace } from "./harness.ts";

const counter = `import { writeFileSync } from "node:fs"; let n = 0;
setInterval(() => { console.log("number", String(n).padStart(6, "0")); n += 1; writeFileSync(process.env.PROOF, String(n)); }, 10);`;

async function counting(space: Workspace, ...flags: string[]): Promise<() => number> {
  space.write("worker.ts", counter);
  const proof = space.path("proof");
  await space.run(["worker.ts", "--env", `PROOF=${proof}`, ...flags]);
  return () => (existsSync(proof) ? Number(readFileSync(proof, "utf8")) : 0);
}

const logOf = async (space: Workspace) => (await space.status("worker")).log;
const numbersIn = (text: string) => [...text.matchAll(/number (\d{6})$/gm)].map((match) => Number(match[1]));

async function goesOn(count: () => number): Promise<void> {
  const before = count();
  await until("the jobs go on", () => count() > before + 5);
}

if (isRoot)
  test("a full disk: every line is either there or counted as lost", async () => {
    const space = workspace();
    const disk = space.path("disk");
    mkdirSync(disk);
    const call = (...line: string[]) => Bun.spawnSync(line, { stderr: "pipe" });
    expect(call("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "none", disk).stderr.toString()).toBe("");
    try {
      const log = `${disk}/w.log`;
      const count = await counting(space, "--log", log);
      await until("it writes", () => numbersIn(readFileSync(log, "utf8")).length > 3);
      call("dd", "if=/dev/zero", `of=${disk}/filler`, "bs=1k");
      const state = await until("it is degraded", async () => {
        const seen = await logOf(space);
        return seen.state === "degraded" && seen.lostLines > 5 && seen;
      });
      expect(state.reason).toContain("ENOSPC");
      expect((await space.djob(["status", "worker"])).stdout).toMatch(/degraded: .*ENOSPC.*lines are lost/);
      await goesOn(count);
      rmSync(`${disk}/filler`);
      await until("it is well again", async () => (await logOf(space)).state === "ok");
      await goesOn(count);
      await space.djob(["stop", "worker"]);
      const text = readFileSync(log, "utf8");
      const told = [...text.matchAll(/ WARN {2}(\d+) lines? (?:was|were) lost since .*ENOSPC/g)].map(
        ([, lost]) => Number(lost),
      );
      const lost = told.reduce((sum, each) => sum + each, 0);
      expect(lost).toBeGreaterThan(5);
      expect(numbersIn(text).length + lost).toBe(count());
      expect(new Set(numbersIn(text)).size).toBe(numbersIn(text).length);
    } finally {
      call("umount", "-l", disk);
    }
  });

if (isRoot)
  test("no file is left to be made: nothing is renamed, the daemon writes on, and rotates when there is one again", async () => {
    const space = workspace();
    const disk = space.path("disk");
    mkdirSync(disk);
    const call = (...line: string[]) => Bun.spawnSync(line, { stderr: "pipe" });
    expect(call("mount", "-t", "tmpfs", "-o", "nr_inodes=8,mode=755", "none", disk).stderr.toString()).toBe(
      "",
    );
    try {
      const log = `${disk}/w.log`;
      const flags = ["--log-max-size", "4K", "--log-compress", "none", "--log-keep", "1"];
      const count = await counting(space, "--log", log, ...flags);
      await until("it rotates", () => readdirSync(disk).length === 2);
      for (let n = 0; n < 8; n += 1) call("touch", `${disk}/filler${n}`);
      const before = readdirSync(disk);
      const { ino } = statSync(log);
      const state = await until("it is degraded", async () => {
        const seen = await logOf(space);
        return seen.state === "degraded" && seen;
      });
      expect(state).toMatchObject({
        reason: expect.stringMatching(/cannot rotate the log: .*ENOSPC|no space/),
        lostLines: 0,
      });
      await goesOn(count);
      await until("the old one has grown", () => statSync(log).size > 5_000);
      expect({ names: readdirSync(disk), ino: statSync(log).ino }).toEqual({ names: before, ino });
      rmSync(`${disk}/filler0`);
      await until("it rotates again", () => statSync(log).ino !== ino);
      await until("it is well again", async () => (await logOf(space)).state === "ok");
      expect((await logOf(space)).lostLines).toBe(0);
      await space.djob(["stop", "worker"]);
    } finally {
      call("umount", "-l", disk);
    }
  });

if (isRoot && existsSync("/dev/loop-control") && existsSync("/sys/fs/ext4"))
  test("a disk that fails under the daemon and is read-only from then on: it goes on, and writes again when there is another", async () => {
    const space = workspace();
    const disk = space.path("disk");
    const image = space.path("image");
    mkdirSync(disk);
    const call = (...line: string[]) => Bun.spawnSync(line, { stderr: "pipe" });
    closeSync(openSync(image, "w"));
    call("truncate", "-s", "16M", image);
    expect(call("mkfs.ext4", "-q", image).stderr.toString()).toBe("");
    expect(call("mount", "-o", "loop,errors=remount-ro", image, disk).stderr.toString()).toBe("");
    try {
      chmodSync(disk, 0o755);
      const log = `${disk}/w.log`;
      const count = await counting(space, "--log", log);
      await until("it writes", () => numbersIn(readFileSync(log, "utf8")).length > 3);
      const device = call("findmnt", "-no", "SOURCE", disk).stdout.toString().trim().replace("/dev/", "");
      // Nobody can remount a file system read-only that a file is written to on: this is how it comes to be so.
      writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "1");
      const state = await until("it is degraded", async () => {
        const seen = await logOf(space);
        return seen.state === "degraded" && seen.lostLines > 5 && seen;
      });
      expect(state.reason).toContain("EROFS");
      await goesOn(count);
      call("umount", "-l", disk);
      expect(call("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "none", disk).stderr.toString()).toBe("");
      await until(
        "it writes again",
        () => existsSync(log) && numbersIn(readFileSync(log, "utf8")).length > 3,
      );
      await until("it is well again", async () => (await logOf(space)).state === "ok");
      const told = / WARN {2}\d+ lines were lost since .*EROFS/;
      await until("it tells what was lost", () => told.test(readFileSync(log, "utf8")));
      await space.djob(["stop", "worker"]);
    } finally {
      call("umount", "-l", disk);
    }
  });

test("a FIFO that nobody reads: what it holds is kept for the next reader, the rest is counted", async () => {
  const space = workspace();
  const fifo = space.path("pipe");
  Bun.spawnSync(["mkfifo", "-m", "600", fifo]);
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { writeFileSync } from "node:fs"; let n = 0;
    job("count", "every 10ms", () => { for (let i = 0; i < 100; i += 1) console.log("number", String(n++).padStart(6, "0")); writeFileSync(process.env.PROOF, String(n)); });`,
  );
  const proof = space.path("proof");
  await space.run(["worker.ts", "--log", fifo, "--env", `PROOF=${proof}`]);
  const state = await until("it is degraded", async () => {
    const seen = await logOf(space);
    return seen.state === "degraded" && seen;
  });
  expect(state.reason).toBe("nobody reads it");
  await goesOn(() => Number(readFileSync(proof, "utf8")));
  const descriptor = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  let text = "";
  const buffer = Buffer.alloc(65_536);
  await until("a reader is told what it missed", () => {
    try {
      text += buffer.subarray(0, readSync(descriptor, buffer)).toString();
    } catch {}
    return /\n\S+ WARN {2}\d+ lines were lost since \S+ nobody reads it\n/.test(text);
  });
  closeSync(descriptor);
  expect(numbersIn(text).slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test("a log that was removed is made again; while its directory is gone it is degraded", async () => {
  const space = workspace();
  mkdirSync(space.path("logs"), { mode: 0o755 });
  const log = space.path("logs/w.log");
  const count = await counting(space, "--log", log);
  const has = () => existsSync(log) && numbersIn(readFileSync(log, "utf8")).length > 3;
  await until("it writes", has);
  rmSync(log);
  await until("it is made again", has);
  rmSync(space.path("logs"), { recursive: true });
  const state = await until("it is degraded", async () => {
    const seen = await logOf(space);
    return seen.state === "degraded" && seen.lostLines > 5 && seen;
  });
  expect(state.reason).toContain("the log was removed, and can't be made again");
  await goesOn(count);
  mkdirSync(space.path("logs"), { mode: 0o755 });
  await until("it writes again", has);
  // What was not written to it in time is in it first.
  const told = / WARN {2}\d+ lines were lost since .*the log was removed/;
  await until("it tells what was lost", () => told.test(readFileSync(log, "utf8")));
  await until("it is well again", async () => (await logOf(space)).state === "ok");
});

test("something else in the log's place: it goes on with the old file, and is well when that is gone", async () => {
  const space = workspace();
  const count = await counting(space);
  const log = `${space.state}/worker.log`;
  await until("it writes", () => numbersIn(space.read("worker.log")).length > 3);
  renameSync(log, `${space.state}/kept.log`);
  mkdirSync(log);
  await until("it is degraded", async () => (await logOf(space)).state === "degraded");
  expect((await logOf(space)).lostLines).toBe(0);
  await goesOn(count);
  rmSync(log, { recursive: true });
  await until("it is well again", async () => (await logOf(space)).state === "ok");
  await goesOn(count);
  await space.djob(["stop", "worker"]);
  const numbers = numbersIn(space.read("kept.log") + space.read("worker.log"));
  expect(numbers).toEqual(Array.from({ length: count() }, (_, index) => index));
});

test("no descriptor is left for a rotation: it goes on, and rotates when there is one", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { openSync, closeSync, existsSync, writeFileSync } from "node:fs"; let n = 0;
    const taken = [];
    job("take", "always", async () => {
      try { for (;;) taken.push(openSync("/dev/null", "r")); } catch {}
      for (; n < 2_000; n += 1) console.log("number", String(n).padStart(6, "0"));
      while (!existsSync(process.env.GO)) await Bun.sleep(10).catch(() => {});
    });
    setInterval(() => { if (taken.length > 0 && process.env.GO && n >= 2_000) { for (const fd of taken.splice(0, 20)) closeSync(fd); } }, 1_500);`,
  );
  await space.run([
    "worker.ts",
    "--log-max-size",
    "16K",
    "--log-keep",
    "100",
    "--log-compress",
    "none",
    "--env",
    `GO=${space.path("go")}`,
  ]);
  await until("it is degraded", async () => (await logOf(space)).reason?.includes("cannot rotate the log"));
  await until("it is well again", async () => (await logOf(space)).state === "ok");
  writeFileSync(space.path("go"), "");
  await space.djob(["stop", "worker"]);
  const names = space
    .files()
    .filter((name) => name.startsWith("worker.log"))
    .sort();
  expect(names.length).toBeGreaterThan(1);
  const order = [...names.filter((name) => name !== "worker.log"), "worker.log"];
  expect(numbersIn(order.map((name) => space.read(name)).join(""))).toEqual(
    Array.from({ length: 2_000 }, (_, index) => index),
  );
});
