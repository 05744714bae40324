// djob logs -f goes on with daemons that are started, and jobs that log for the first time, after it began.
import { expect, test } from "bun:test";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { until, type Workspace, workspace } from "./harness.ts";
import { tailing } from "./tailing.ts";

const counter = (name: string) => `import { job } from "djob";
process.stdout.write("raw ${name}\\n"); let n = 0;
job("count", "every 20ms", ({ log }) => { log.info("${name} " + n); n += 1; });`;

const numbersOf = (text: string, name: string, prefix: string) =>
  text
    .split("\n")
    .flatMap((line) =>
      line.startsWith(prefix) ? (new RegExp(`\\b${name} (\\d+)$`).exec(line)?.[1] ?? []) : [],
    )
    .map(Number);

async function start(space: Workspace, name: string, ...flags: string[]): Promise<void> {
  space.write(`${name}.ts`, counter(name));
  await space.run([`${name}.ts`, ...flags]);
}

test("--all -f takes up daemons that come later, each from its first line, wherever they log to", async () => {
  const space = workspace();
  mkdirSync(space.state, { mode: 0o700 });
  writeFileSync(space.path("old.log"), "2026-01-01T00:00:00.000Z INFO  of old\n");
  const { texts, end } = tailing(space, ["--all"]);
  await until("it waits", () => texts.err.includes(`there is none in ${space.state}`));
  await start(space, "web");
  await until("the first has come", () => numbersOf(texts.out, "web", "web | ").length > 2);
  await start(space, "longername", "--log", space.path("elsewhere.log"));
  await start(space, "older", "--log", space.path("old.log"));
  await start(space, "split", "--log-split", "--log-per-job");
  for (const name of ["web", "longername", "older", "split"])
    await until(`${name} goes on`, () => numbersOf(texts.out, name, name.padEnd(10)).length > 5);
  await end();
  expect(texts.err.match(/^.+$/gm)).toHaveLength(1);
  for (const [name, prefix] of [
    ["web", /^web( {7})? \| /],
    ["longername", /^longername \| /],
    ["split", /^split {6} \| /],
  ] as const) {
    const own = texts.out.split("\n").filter((line) => prefix.test(line) && line.includes(` ${name} `));
    const numbers = own.flatMap((line) => /\b\w+ (\d+)$/.exec(line)?.[1] ?? []).map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(texts.out.match(new RegExp(`^${name} +\\| raw ${name}$`, "gm"))).toHaveLength(1);
    expect(texts.out.match(new RegExp(`^${name} .*${name} is ready`, "gm"))).toHaveLength(1);
  }
  // What was in it before is not of now.
  expect(texts.out).not.toContain("of old");
  expect(texts.out).toContain("older is ready");
});

test("--all -f --json names newcomers, and takes their jobs' files up; a restart elsewhere is followed", async () => {
  const space = workspace();
  await start(space, "first");
  const { texts, end } = tailing(space, ["--all", "--json", "--job", "count"]);
  await until("it follows", () => texts.out.includes("first 5"));
  await start(space, "second", "--log-per-job");
  await until("the newcomer's job is there", () => texts.out.includes("second 5"));
  await space.djob(["stop", "first"]);
  await start(space, "first", "--log", space.path("moved.log"));
  const before = texts.out.length;
  await until("it goes on in the other log", () => texts.out.slice(before).includes('"message":"first 4"'));
  await end();
  const records = texts.out
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    // A busy machine misses some of its times, and the log says so between the numbers.
    .filter(({ level }) => level === "info");
  for (const { job, daemon, message } of records)
    expect({ job, daemon: message.split(" ")[0] }).toEqual({ job: "count", daemon });
  const seconds = records.filter(({ daemon }) => daemon === "second").map(({ message }) => message);
  expect(seconds).toEqual(seconds.map((_, n) => `second ${n}`));
});

test("-f of a name that is started later finds its log wherever that is", async () => {
  const space = workspace();
  const { texts, end } = tailing(space, ["web"]);
  await until("it waits", () =>
    texts.err.includes(`waiting for ${space.state}/web.log: no daemon named web`),
  );
  await start(space, "web", "--log", space.path("elsewhere.log"), "--log-per-job");
  await until("it follows", () => numbersOf(texts.out, "web", "2").length > 3);
  await end();
  expect(numbersOf(texts.out, "web", "2").slice(0, 3)).toEqual([0, 1, 2]);
  expect(texts.out).toStartWith("raw web\n");
});

test("files that have come between the look and the watch, and those of many jobs at once, are all found", async () => {
  const space = workspace();
  mkdirSync(`${space.state}/web.jobs`, { recursive: true });
  writeFileSync(`${space.state}/web.log`, "begin\n");
  const { texts, end } = tailing(space, ["web", "-n", "all"]);
  for (let n = 0; n < 50; n += 1) writeFileSync(`${space.state}/web.jobs/job${n}.log`, `first ${n}\n`);
  const all = Array.from({ length: 50 }, (_, n) => n);
  await until("all are there", () => all.every((n) => texts.out.includes(`first ${n}\n`)));
  for (const n of all) appendFileSync(`${space.state}/web.jobs/job${n}.log`, `second ${n}\n`);
  await until("all go on", () => all.every((n) => texts.out.includes(`second ${n}\n`)));
  await end();
  expect(texts.out.split("\n")).toHaveLength(102);
});

test("nothing wakes --all -f while nothing is written", async () => {
  const space = workspace();
  space.write("web.ts", `import { job } from "djob"; job("never", "@yearly", () => {});`);
  await space.run(["web.ts"]);
  const { texts, end, pid } = tailing(space, ["--all"], { BUN_GC_TIMER_DISABLE: "1" });
  await until("it follows", () => texts.out.includes("web is ready"));
  const switches = () =>
    Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  // It has settled when a second has gone by in which nothing happened.
  let [last, sinceMs] = [switches(), performance.now()];
  await until(
    "it is quiet",
    () => {
      if (switches() !== last) [last, sinceMs] = [switches(), performance.now()];
      return performance.now() - sinceMs > 1_000;
    },
    20_000,
  );
  await end();
});
