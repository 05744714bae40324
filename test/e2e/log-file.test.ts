// The log itself: which descriptors it is, and what each kind of line in it looks like.
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { djobPath, until, workerOf, workspace } from "./harness.ts";

const stamp = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const appendFlag = 0o2000;

function openFlags(pid: number, descriptor: number): number {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8"))?.[1];
  return Number.parseInt(flags ?? "", 8);
}

test("descriptors 1 and 2 are the log itself, opened for append, 0640 whatever the umask", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("hourly", "@hourly", () => {});');
  const command = `umask 077; exec "${djobPath}" run worker.ts --umask 077`;
  const start = Bun.spawn(["sh", "-c", command], {
    cwd: space.dir,
    env: space.environment(),
    stdout: "pipe",
  });
  const pid = Number(/\(pid (\d+)\)/.exec(await start.stdout.text())?.[1]);
  const log = `${space.state}/worker.log`;
  for (const descriptor of [1, 2]) {
    expect(readlinkSync(`/proc/${pid}/fd/${descriptor}`)).toBe(log);
    expect(openFlags(pid, descriptor) & appendFlag).toBe(appendFlag);
  }
  expect(statSync(log).mode & 0o7777).toBe(0o640);
  expect(statSync(log).uid).toBe(process.getuid?.() ?? -1);
});

test("an old log is appended to", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("hourly", "@hourly", () => {});');
  const pid = await space.run(["worker.ts"]);
  const worker = await workerOf(space, "worker");
  await space.djob(["stop", "worker"]);
  const second = await space.run(["worker.ts"]);
  const log = space.read("worker.log");
  expect(log).toContain(`worker is ready: pid ${pid}, worker ${worker}, 1 job\n`);
  expect(log).toContain(`worker is ready: pid ${second}, worker ${await workerOf(space, "worker")}, 1 job\n`);
});

test("console lines carry time and level, and inside a run the job, however deep and late", async () => {
  const space = workspace();
  space.write("deep.ts", "export const deep = (text: string) => console.log(text);");
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { deep } from "./deep.ts";
    console.log("at load");
    job("work", "always", async ({ log }) => {
      console.log("log %s", 1); console.info("info"); console.warn("warn"); console.error("error"); console.debug("debug");
      console.group("group"); console.count("counter"); console.groupEnd();
      console.table([{ a: 1 }]); console.assert(false, "asserted"); console.time("t"); console.timeEnd("t"); console.trace("traced");
      log.warn("own", { a: 1 });
      await Bun.sleep(1); console.log("after an await");
      await Promise.all([1, 2].map(async (n) => { await Bun.sleep(n); deep("nested " + n); }));
      setTimeout(() => console.log("from a timer after the run"), 5);
      queueMicrotask(() => console.log("from a microtask"));
    });
    job("other", "always", async () => { await Bun.sleep(1); deep("mine"); });
    setTimeout(() => console.log("outside of any run"), 100);`,
  );
  await space.run(["worker.ts"]);
  const lasts = ["outside of any run", "nested 2", "after the run", "mine"];
  await until("all is written", () => lasts.every((text) => space.read("worker.log").includes(text)));
  const log = space.read("worker.log");
  const has = (level: string, text: string) =>
    expect(log).toMatch(new RegExp(`^${stamp} ${level.padEnd(5)} ${text}`, "m"));
  has("INFO", "at load$");
  has("INFO", "outside of any run$");
  const levels = [
    ["INFO", "log 1"],
    ["INFO", "info"],
    ["WARN", "warn"],
    ["ERROR", "error"],
    ["DEBUG", "debug"],
    ["INFO", "group"],
    ["INFO", "  counter: 1"],
    ["ERROR", "Assertion failed: asserted"],
    ["INFO", "t: .*ms"],
    ["DEBUG", "Trace: traced"],
    ["WARN", "own { a: 1 }"],
    ["INFO", "after an await"],
    ["INFO", "nested 1"],
    ["INFO", "nested 2"],
    ["INFO", "from a timer after the run"],
    ["INFO", "from a microtask"],
  ] as const;
  for (const [level, text] of levels) has(level, String.raw`\[work\] ${text}$`);
  has("INFO", String.raw`\[work\] ┌`);
  has("INFO", String.raw`\[other\] mine$`);
});

test("what is written to descriptors 1 and 2 by anything else arrives as it is, in order", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { writeSync } from "node:fs";
    job("work", "always", async () => {
      console.log("1");
      process.stdout.write("2 stdout\\n");
      writeSync(1, "3 writeSync\\n");
      writeSync(2, "4 writeSync to 2\\n");
      process.stderr.write("5 stderr\\n");
      await Bun.spawn(["sh", "-c", "echo 6 child; echo 7 child >&2"], { stdio: ["ignore", "inherit", "inherit"] }).exited;
      await Bun.write(Bun.stdout, "8 Bun.stdout\\n");
      console.log("9");
    });
    job("hourly", "@hourly", () => {});`,
  );
  await space.run(["worker.ts"]);
  await until("the last line is there", () => space.read("worker.log").includes("[work] 9\n"));
  const [, ...lines] = space.read("worker.log").trimEnd().split("\n");
  expect(lines.slice(0, 9).map((line) => line.replace(new RegExp(`^${stamp} `), ""))).toEqual([
    "INFO  [work] 1",
    "2 stdout",
    "3 writeSync",
    "4 writeSync to 2",
    "5 stderr",
    "6 child",
    "7 child",
    "8 Bun.stdout",
    "INFO  [work] 9",
  ]);
});

test("a message of several lines can't pass for a line of its own", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    "console.log('a\\n2026-01-01T00:00:00.000Z ERROR [bank] forged'); setInterval(() => {}, 1e6);",
  );
  await space.run(["worker.ts"]);
  const log = space.read("worker.log");
  expect(log).toContain("\n  2026-01-01T00:00:00.000Z ERROR [bank] forged\n");
  expect(log).not.toMatch(/^2026-01-01/m);
});

test("--log-err gives warnings, errors and descriptor 2 a file of their own", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    "console.log('out'); console.warn('warned'); console.error('failed'); process.stderr.write('raw\\n'); setInterval(() => {}, 1e6);",
  );
  const pid = await space.run(["worker.ts", "--log-err", "state-err.log"]);
  expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(space.path("state-err.log"));
  expect(openFlags(pid, 2) & appendFlag).toBe(appendFlag);
  const errors = readFileSync(space.path("state-err.log"), "utf8");
  expect(errors).toMatch(/WARN {2}warned\n.*ERROR failed\nraw\n$/);
  expect(space.read("worker.log")).toContain("out\n");
  expect(space.read("worker.log")).not.toMatch(/warned|failed|raw/);
  expect(statSync(space.path("state-err.log")).mode & 0o777).toBe(0o640);
});

test("a log that someone else could swap is refused", async () => {
  const space = workspace();
  space.write("worker.ts", "setInterval(() => {}, 1e6);");
  mkdirSync(space.path("shared"));
  chmodSync(space.path("shared"), 0o777);
  const { code, stderr } = await space.djob(["run", "worker.ts", "--log", "shared/w.log"]);
  expect(code).toBe(4);
  expect(stderr).toContain("everybody may write to it");
});
