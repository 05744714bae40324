// As process 1 of a container: a PID namespace made by unshare(1).
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { contained } from "./contained.ts";
import { until, workspace } from "./harness.ts";
import { processTable } from "./proc.ts";

const zombiesOf = (pid: number) => processTable().filter((row) => row.parent === pid && row.state === "Z");

test("supervises, reaps orphans, writes to the given outputs, and a TERM stops it in good order", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob";
    job("orphans", "every 20ms", async ({ signal }) => {
      for (let count = 0; count < 5; count += 1) await Bun.spawn(["sh", "-c", "(sleep 0.01 &) ; exit 0"]).exited;
    });
    job("say", "every 20ms", () => { console.log("worker", process.pid, "of", process.ppid); console.error("to err"); });
    job("slow", "always", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(() => {
      console.log("last words"); resolve(null);
    }, 100))));`,
  );
  const { shown, pid, end } = contained(space, "worker.ts");
  await until("it works", () => (shown.out.match(/worker \d+ of 1\n/g) ?? []).length > 20);
  const first = await pid();
  await until("every orphan is reaped", () => zombiesOf(first).length === 0);
  process.kill(first, "SIGTERM");
  expect(await end()).toBe(0);
  expect(shown.out).toContain("stopping (SIGTERM)");
  expect(shown.out).toContain("last words");
  expect(shown.err).toContain("to err");
  expect([space.has("worker.pid"), space.has("worker.sock")]).toEqual([false, false]);
});

test.each<[what: string, code: string, expected: number]>([
  ["the worker's exit code", "process.exit(42)", 42],
  ["0", "process.exit(0)", 0],
  ["1 after an uncaught exception", 'throw new Error("broken")', 1],
  ["128 + 11 after a SIGSEGV", 'process.kill(process.pid, "SIGSEGV")', 139],
  ["128 + 9 after a SIGKILL", 'process.kill(process.pid, "SIGKILL")', 137],
])("exits with %s", async (_what, code, expected) => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("idle", "@yearly", () => {}); setTimeout(() => { ${code} }, 50);`,
  );
  expect(await contained(space, "worker.ts").end()).toBe(expected);
});

test("a module that fails is told, with exit code 9", async () => {
  const space = workspace();
  space.write("worker.ts", 'throw new Error("no database");');
  const { shown, end } = contained(space, "worker.ts");
  expect(await end()).toBe(9);
  expect(shown.err).toContain("no database");
});

test("with --restart on-failure it starts the worker again, and hands USR1, USR2 and HUP on", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; import { existsSync, writeFileSync } from "node:fs"; job("idle", "@yearly", () => {});
    console.log(existsSync("crashed") ? "again" : "first");
    if (!existsSync("crashed")) setTimeout(() => { writeFileSync("crashed", ""); process.abort(); }, 50);`,
  );
  const { shown, pid, end } = contained(space, "worker.ts", "--restart", "on-failure");
  await until(
    "it is started again",
    () => shown.out.includes("again") && (shown.out.match(/is ready: pid/g) ?? []).length === 2,
  );
  const first = await pid();
  process.kill(first, "SIGUSR2");
  await until(
    "both tell their state",
    () => shown.out.includes("supervisor: {") && shown.out.includes("state: {"),
  );
  process.kill(first, "SIGUSR1");
  process.kill(first, "SIGHUP");
  await until("it reloads", () => (shown.out.match(/is ready: pid/g) ?? []).length === 3);
  process.kill(first, "SIGTERM");
  expect(await end()).toBe(0);
});

test("what a stop can't end goes with the namespace, and a second TERM ends it at once", async () => {
  const space = workspace();
  space.write(
    "worker.ts",
    `import { job } from "djob"; job("deaf", "always", () => new Promise(() => console.log("deaf run")));
    Bun.spawn(["sh", "-c", "trap '' TERM; echo deaf child; while :; do sleep 1; done"], { stdout: "inherit" });`,
  );
  const { shown, pid, end } = contained(space, "worker.ts", "--stop-timeout", "60s");
  await until("all of it runs", () => shown.out.includes("deaf child") && shown.out.includes("deaf run"));
  const first = await pid();
  const all = processTable().filter((row) => row.parent === first || row.pid === first);
  expect(all.length).toBeGreaterThan(1);
  process.kill(first, "SIGTERM");
  await until("it is stopping", () => shown.out.includes("stopping (SIGTERM)"));
  // Two within 4 ms are one, sent to the process and to its group.
  const seenMs = performance.now();
  await until("another one is another", () => performance.now() - seenMs > 10);
  process.kill(first, "SIGTERM");
  expect(await end()).toBe(137);
  expect(shown.err).toContain("SIGTERM for the second time: ending now");
  for (const { pid: one } of all) expect(() => readFileSync(`/proc/${one}/cmdline`, "utf8")).toThrow();
});
